import { copyButton, follow, make, sayWhenGone, uniqueName } from "./dom.js";

/** @import { View } from "./dom.js" */

/**
 * @typedef {{label: string, text: string, shown: string}} Part
 * @typedef {{key: string, title: string, remark: string, parts: Part[]}} Tab
 * @typedef {{title: string, tabs: Tab[]}} Calls
 */

/** @param {View} view */
function render({ model, el }) {
  const name = uniqueName("kvl-call");
  const about = make("div", { class: "kvr-sub" });
  const list = make("div", { class: "kvl-tabs", role: "tablist", "aria-label": "Languages", onkeydown: move });
  const panel = make("div", { class: "kvl-call-panel", role: "tabpanel", id: `${name}-panel`, tabindex: 0 });
  const title = make("b", { class: "kvr-title" }, "Show me the call");
  el.classList.add("kvr", "kvl", "kvl-call");
  el.replaceChildren(make("div", { class: "kvr-head" }, make("div", { class: "kvr-grow" }, title, about)), list, panel);
  follow(model, "view", draw);
  follow(model, "selected", draw);
  sayWhenGone({ model, el });

  function draw() {
    /** @type {Calls} */
    const view = model.get("view");
    if (!view.tabs) return;
    const top = view.tabs.find((tab) => tab.key === model.get("selected")) ?? view.tabs[0];
    const focused = list.contains(document.activeElement);
    about.textContent = view.title;
    list.replaceChildren(...view.tabs.map((tab) => tabButton(tab, tab === top)));
    if (focused) current()?.focus();
    panel.setAttribute("aria-labelledby", `${name}-${top.key}`);
    panel.replaceChildren(...top.parts.map(block), make("div", { class: "kvr-note" }, top.remark));
  }

  /**
   * @param {Tab} tab
   * @param {boolean} on
   */
  function tabButton(tab, on) {
    return make(
      "button",
      {
        type: "button",
        role: "tab",
        id: `${name}-${tab.key}`,
        "aria-selected": on ? "true" : "false",
        "aria-controls": `${name}-panel`,
        tabindex: on ? 0 : -1,
        onclick: () => choose(tab.key),
      },
      tab.title,
    );
  }

  /** @returns {HTMLElement | null} */
  function current() {
    return list.querySelector("[aria-selected=true]");
  }

  /** @param {string} key */
  function choose(key) {
    model.set("selected", key);
    model.save_changes();
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    /** @type {Tab[]} */
    const all = model.get("view").tabs;
    const at = all.findIndex((tab) => `${name}-${tab.key}` === current()?.id);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(all[to % all.length].key);
  }
}

/** @param {Part} part */
function block(part) {
  const code = make("pre", { class: "kvr-code" }, part.shown);
  const copy = copyButton(() => part.text);
  return make("div", { class: "kvl-call-part" }, make("div", { class: "kvl-call-bar" }, part.label, copy), code);
}

export default { render };
