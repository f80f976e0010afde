// What every live widget is made of. Text from outside becomes a text node, never markup.

/**
 * The part of a widget's model that a module uses.
 * @typedef {object} Model
 * @property {(name: string) => any} get reads a trait
 * @property {(name: string, value: unknown) => void} set changes a trait here
 * @property {() => void} save_changes sends what was changed
 * @property {(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]) => void} send sends a message of its own
 * @property {(event: string, listener: (...values: any[]) => void) => void} on
 * @property {(event: string, listener?: (...values: any[]) => void) => void} off
 *
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {{model: Model, el: HTMLElement}} View
 */

// A notebook's command mode takes arrow keys, Enter and letters, unless what has the focus says that it wants them: this
// asks for plain keys only, so that Ctrl+S still saves the notebook. One listener serves all modules of a page.
const KEPT = Symbol.for("kvlab.keys");
if (!Reflect.has(window, KEPT)) {
  Reflect.set(window, KEPT, true);
  window.addEventListener("keydown", keepPlainKeys, true);
}

/** @param {KeyboardEvent} event */
function keepPlainKeys({ target, ctrlKey, metaKey, altKey }) {
  if (!(target instanceof Element) || !target.closest(".kvr")) return;
  target.toggleAttribute("data-lm-suppress-shortcuts", !(ctrlKey || metaKey || altKey));
}

// A click that ends on another element than it began on is none: what an answer draws anew waits until the button of
// the mouse is up and the click is heard. All modules of a page share this.
const PRESS = Symbol.for("kvlab.press");
const PRESSABLE = "button, a, label, summary, tr, [role=tab], [role=row]";
/** @type {{isDown: boolean, waiting: Set<() => void>}} */
const press = Reflect.get(window, PRESS) ?? { isDown: false, waiting: new Set() };
if (!Reflect.has(window, PRESS)) {
  Reflect.set(window, PRESS, press);
  window.addEventListener("pointerdown", ({ target }) => (press.isDown = target instanceof Element && target.closest(".kvr") !== null && target.closest(PRESSABLE) !== null), true);
  for (const end of ["pointerup", "pointercancel", "blur"]) window.addEventListener(end, () => setTimeout(released), true);
}

function released() {
  press.isDown = false;
  const waiting = [...press.waiting];
  press.waiting.clear();
  for (const draw of waiting) draw();
}

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name of the element
 * @param {Record<string, unknown>} [attributes] a function is a listener (`onclick`), true an attribute without a
 *   value, false or null none
 * @param {Child[]} children strings become text nodes
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(key, value === true ? "" : String(value));
    }
  }
  for (const child of children) {
    if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) element.append(String(child));
  }
  return element;
}

/**
 * Make a button that copies a text, and says that it did.
 * @param {() => string} text is asked when the button is pressed
 * @param {string} [label] its words
 */
export function copyButton(text, label = "Copy") {
  const button = make("button", { type: "button", class: "kvl-button", onclick: copy }, label);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "✓ Copied";
    } catch {
      button.textContent = "✕ The browser refused";
    }
    setTimeout(() => (button.textContent = label), 1500);
  }
  return button;
}

/**
 * Turn an SVG that kvlab.render drew, which escaped all text from outside, into an element.
 * @param {string} svg
 */
export function drawing(svg) {
  return document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);
}

/**
 * Turn HTML that kvlab.render wrote, which escaped all text from outside, into elements.
 * @param {string} html
 */
export function fragment(html) {
  const whole = new DOMParser().parseFromString(html, "text/html");
  const part = document.createDocumentFragment();
  // A style element stands in the head when it comes first.
  part.append(...whole.head.childNodes, ...whole.body.childNodes);
  return part;
}

/**
 * Show another widget within a view.
 * @param {Model} model
 * @param {string} reference what a trait that holds a widget says
 * @returns {Promise<HTMLElement>}
 */
export async function embed(model, reference) {
  const manager = /** @type {any} */ (model).widget_manager;
  const view = await manager.create_view(await manager.get_model(reference.replace("IPY_MODEL_", "")));
  return view.el;
}

/**
 * Return a name for the ids of a view that no other view on the page has: each widget's module counts for itself.
 * @param {string} prefix
 */
export function uniqueName(prefix) {
  return `${prefix}-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
}

/** Whether the reader asked for no motion. */
export function isStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Run a function when a trait changes, and once now; while something is pressed, soon after.
 * @param {Model} model
 * @param {string} trait
 * @param {(value: any) => void} show
 */
export function follow(model, trait, show) {
  const draw = () => show(model.get(trait));
  model.on(`change:${trait}`, () => (press.isDown ? press.waiting.add(draw) : draw()));
  draw();
}

/**
 * Say so when the kernel is gone: the last picture stays readable, controls are off.
 * @param {View} view
 * @param {string} [safe] one sentence on what is not lost
 */
export function sayWhenGone({ model, el }, safe = "Nothing that is on disk is lost.") {
  const words = `✕ The kernel has gone. ${safe} Run this cell again to reconnect.`;
  const notice = make("div", { class: "kvl-gone", role: "alert" }, words);
  /** @type {Element[]} */
  let off = [];
  /** @this {{model: {comm_live: boolean}}} anywidget calls listeners on the view, which knows its whole model */
  function look() {
    const gone = !this.model.comm_live;
    if (gone === notice.isConnected) return;
    if (gone) el.prepend(notice);
    else notice.remove();
    if (gone) off = [...el.querySelectorAll(":is(button, input, select, textarea):not([disabled])")];
    for (const control of off) control.toggleAttribute("disabled", gone);
  }
  model.on("comm_live_update", look);
}
