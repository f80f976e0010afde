import { follow, fragment } from "./dom.js";

/** @import { View } from "./dom.js" */

/**
 * Show a comparison that kvlab.render wrote. Its filter is HTML and CSS alone, so it works without a kernel, too.
 * @param {View} view
 */
function render({ model, el }) {
  el.classList.add("kvr");
  follow(model, "html", (html) => el.replaceChildren(fragment(html)));
}

export default { render };
