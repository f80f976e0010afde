import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    rules: {
      eqeqeq: "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-var": "error",
      "prefer-const": "error",
      // Text from outside is set as text; an SVG made and escaped by Python is the one exception, written out where it is.
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Text from outside would become markup: use make() of dom.js." },
        { property: "outerHTML", message: "Text from outside would become markup: use make() of dom.js." },
        { property: "insertAdjacentHTML", message: "Text from outside would become markup: use make() of dom.js." },
      ],
    },
  },
];
