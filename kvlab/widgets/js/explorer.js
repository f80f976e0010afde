// The explorer: head, list and what is opened, in the cells of a grid that ipywidgets makes.

import { sayWhenGone } from "./dom.js";
import { drawDetail } from "./explorer_detail.js";
import { drawHead, drawList } from "./explorer_list.js";

/** @import { View } from "./dom.js" */

/**
 * @param {View} view
 */
function render(view) {
  const { model, el } = view;
  // Its parts are cells of the grid around it, not it.
  el.classList.add("kvx-parts");
  const list = drawList(model, { open: () => show(true) });
  const detail = drawDetail(model, { back: () => show(false), step: list.step });
  /** @param {boolean} open */
  function show(open) {
    el.classList.toggle("kvx-open", open);
    if (open) detail.focus();
    else list.focus();
  }
  for (const part of [drawHead(model), list.element, detail.element]) {
    part.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      show(false);
      list.search();
    });
    el.append(part);
  }
  sayWhenGone(view, "Nothing that is on disk is lost; a vault in memory is gone.");
  // What nobody sees need not follow the vault.
  model.send({ do: "seen" });
  return () => model.send({ do: "gone" });
}

export default { render };
