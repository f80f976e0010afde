import { isStill, make } from "./dom.js";

/** @import { View } from "./dom.js" */

/** @typedef {{id: string, title: string, file: string}} Onward the file is empty if the exercise is in this notebook */

// A notebook may keep cells that are out of sight off the page, so the next task is looked for screen by screen.
const MOST_SCREENS = 60;
const PART_OF_SCREEN = 0.8;

/** @param {View} view */
function render({ model, el }) {
  /** @type {Onward} */
  const { id, title, file } = model.get("view");
  const said = make("span", { class: "kvr-muted", role: "status" });
  const words = [`Next: ${id} ${title}`, make("span", { "aria-hidden": "true" }, " →")];
  const control = file
    ? make("a", { href: file, target: "_blank", rel: "noopener", onclick: open }, ...words)
    : make("button", { type: "button", onclick: go }, ...words);
  el.classList.add("kvr", "kvn");
  el.replaceChildren(said, control);

  /**
   * Leave it to the notebook's own link if that is on the page: JupyterLab opens what it leads to beside this notebook,
   * where a link of a widget would open another JupyterLab.
   * @param {Event} event
   */
  function open(event) {
    const links = el.closest(".jp-Notebook")?.querySelectorAll(".jp-MarkdownCell a[href]") ?? [];
    const own = [...links].find((link) => (link.getAttribute("href") ?? "").includes(file));
    if (!(own instanceof HTMLElement)) return;
    event.preventDefault();
    own.click();
  }

  async function go() {
    const book = el.closest(".jp-Notebook");
    const cell = book && (await search(book, el.closest(".jp-WindowedPanel-outer") ?? book, id));
    if (!cell) {
      said.textContent = `Go on below: task ${id}.`;
      return;
    }
    cell.scrollIntoView({ block: "start", behavior: isStill() ? "auto" : "smooth" });
    cell.focus({ preventScroll: true });
  }
}

/**
 * Look for the cell that shows a task, from here downwards.
 * @param {Element} book
 * @param {Element} pane what scrolls
 * @param {string} id
 * @returns {Promise<HTMLElement | null>}
 */
async function search(book, pane, id) {
  const before = pane.scrollTop;
  for (let screen = 0; screen < MOST_SCREENS; screen++) {
    const cell = found(book, id);
    if (cell) return cell;
    const at = pane.scrollTop;
    pane.scrollTop = at + pane.clientHeight * PART_OF_SCREEN;
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    if (pane.scrollTop === at) break;
  }
  const last = found(book, id);
  if (!last) pane.scrollTop = before;
  return last;
}

/**
 * @param {Element} book
 * @param {string} id
 * @returns {HTMLElement | null}
 */
function found(book, id) {
  const cells = /** @type {NodeListOf<HTMLElement>} */ (book.querySelectorAll(".jp-CodeCell"));
  for (const cell of cells) {
    const code = cell.querySelector(".jp-InputArea-editor")?.textContent ?? "";
    const card = cell.querySelector(".kvc .kvr-title")?.textContent ?? "";
    if (code.includes(`lesson.task("${id}")`) || card.startsWith(`${id} `)) return cell;
  }
  return null;
}

export default { render };
