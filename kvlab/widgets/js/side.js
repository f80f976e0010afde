import { copyButton, make } from "./dom.js";

const JSON_PART = /("(?:[^"\\]|\\.)*")(?=:)|("(?:[^"\\]|\\.)*")|\b(true|false|null|-?\d+)\b/g;

/** @import { Refusal } from "./control.js" */

/**
 * @typedef {object} Side what stands beside the form
 * @property {string} title
 * @property {string} text
 * @property {[string, string][]} lines each with its mark: bad, hot or nothing
 * @property {string} [editable] the words of the button that opens it for typing
 * @property {Refusal | null} [refusal]
 * @property {string} [note]
 */

/**
 * Make the panel beside the form.
 * @param {(text: string) => void} type hears what is typed
 * @param {(refusal: Refusal) => HTMLElement} said draws a refusal
 */
export function makeSide(type, said) {
  const title = make("h3");
  const edit = make("button", { type: "button", class: "kvl-button", "aria-expanded": "false", onclick: toggle });
  const input = make("textarea", { class: "kvf-paste", "aria-label": "Policy as JSON", spellcheck: "false", rows: 22 });
  const lines = make("div", { class: "kvf-lines", tabindex: "0", role: "group" });
  const refusal = make("div", { class: "kvf-beside", "aria-live": "polite" });
  const note = make("div", { class: "kvf-sidenote" });
  /** @type {Side | null} */
  let side = null;
  let timer = 0;
  const copy = copyButton(() => side?.text ?? "");
  const head = make("div", { class: "kvf-sidehead" }, title, edit, copy);
  const node = make("aside", { class: "kvf-side" }, head, lines, refusal, note);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => type(input.value), 250);
  });

  function toggle() {
    const opens = !input.isConnected;
    edit.setAttribute("aria-expanded", String(opens));
    edit.textContent = opens ? "Done" : (side?.editable ?? "");
    if (opens) {
      input.value = side?.text ?? "";
      lines.replaceWith(input);
      input.focus();
      input.select();
    } else {
      input.replaceWith(lines);
    }
  }

  /** @param {Side | null} now */
  function update(now) {
    side = now;
    node.hidden = now === null;
    if (now === null) return;
    title.textContent = now.title;
    lines.setAttribute("aria-label", now.title);
    edit.hidden = !now.editable;
    if (!input.isConnected) edit.textContent = now.editable ?? "";
    // Whoever types sees what was typed; what the form makes of it is shown when the typing is done.
    if (input.isConnected && document.activeElement !== input) input.value = now.text;
    lines.replaceChildren(...now.lines.map(([text, mark]) => make("div", { class: mark }, ...coloured(text))));
    refusal.replaceChildren(...(now.refusal ? [said(now.refusal)] : []));
    note.textContent = now.note ?? "";
    note.hidden = !now.note;
  }
  return { node, update };
}

/**
 * @param {string} text
 * @returns {(string | Node)[]}
 */
function coloured(text) {
  if (!/^\s*["{}[\]]/.test(text)) return [text];
  /** @type {(string | Node)[]} */
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(JSON_PART)) {
    parts.push(text.slice(end, found.index));
    const kind = found[1] ? "p" : found[3] ? "n" : "";
    parts.push(kind ? make("span", { class: kind }, found[0]) : found[0]);
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}
