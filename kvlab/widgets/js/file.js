import { make } from "./dom.js";
import { sizeWords, visible } from "./visible.js";

/**
 * A place for a file: drag it here, or press the button. One that is too large is refused before an octet is sent.
 * @param {any} spec see control.js
 * @param {any} send see control.js
 * @param {string} id
 */
export function fileControl(spec, send, id) {
  const input = make("input", { type: "file", accept: spec.look.accept ?? "", class: "kvf-hidden", tabindex: "-1", "aria-hidden": "true" });
  const button = make("button", { type: "button", class: "kvl-button", id, onclick: () => input.click() }, "Choose a file");
  const words = make("span", { class: "kvf-filewords", "aria-live": "polite" }, "or drag it here");
  const zone = make("div", { class: "kvf-drop", role: "group", "aria-label": spec.label, ondragover: over, ondragleave: leave, ondrop: drop }, button, words, input);
  input.addEventListener("change", () => take(input.files));

  /** @param {DragEvent} event */
  function over(event) {
    event.preventDefault();
    zone.classList.add("over");
  }
  function leave() {
    zone.classList.remove("over");
  }
  /** @param {DragEvent} event */
  function drop(event) {
    event.preventDefault();
    event.stopPropagation();
    leave();
    take(event.dataTransfer?.files ?? null);
  }
  /** @param {FileList | null} files */
  async function take(files) {
    const file = files?.[0];
    if (!file) return say("✕ That is no file.", true);
    const called = visible(file.name);
    if ((files?.length ?? 0) > 1) return say(`✕ ${files?.length} files at once: one, please.`, true);
    if (file.size > send.limit) {
      return say(`✕ ${called} has ${sizeWords(file.size)}; at most ${sizeWords(send.limit)} are taken. Nothing was sent.`, true);
    }
    try {
      const octets = await file.arrayBuffer();
      say(`${called}, ${sizeWords(file.size)}`, false);
      send.act("file", file.name, octets);
    } catch {
      // A folder looks like a file until it is read.
      say(`✕ ${called} can not be read: is it a folder?`, true);
    } finally {
      input.value = "";
    }
  }
  /** @type {(text: string, wrong: boolean) => void} */
  function say(text, wrong) {
    words.textContent = text;
    zone.classList.toggle("wrong", wrong);
  }
  return { node: zone, focus: button, update() {} };
}
