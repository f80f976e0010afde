// What is opened of the list: its heading, its tabs, and the open tab's contents.

import { follow, fragment, make } from "./dom.js";
import { drawFields } from "./explorer_fields.js";
import { icon, put } from "./explorer_list.js";

/** @import { Model } from "./dom.js" */
/** @typedef {{id: string, label: string, count?: number}} Tab */

const PATIENCE_MS = 300;

/**
 * @param {Model} model
 * @param {{back: () => void, step: (step: number) => void}} list
 */
export function drawDetail(model, list) {
  const back = make("button", { type: "button", class: "kvx-link", onclick: list.back }, "‹ all certificates");
  const way = make(
    "div",
    { class: "kvx-way" },
    back,
    make("span", { class: "kvx-grow" }),
    make("button", { type: "button", class: "kvl-button", "aria-label": "Certificate before", onclick: () => list.step(-1) }, "‹"),
    make("button", { type: "button", class: "kvl-button", "aria-label": "Next certificate", onclick: () => list.step(1) }, "›"),
  );
  const heading = make("div", { class: "kvx-heading" });
  const strip = make("div", { class: "kvx-tabs", role: "tablist", "aria-label": "What to see of it", onkeydown: moved });
  /** Choices in a form that Python wrote are for its style; to send it would leave the page. @param {Event} event */
  const keep = (event) => event.preventDefault();
  const pane = make("div", { class: "kvx-pane", role: "tabpanel", tabindex: 0, onclick: followLink, onsubmit: keep });
  const element = make("section", { class: "kvx-detail", "aria-label": "Certificate" }, way, heading, strip, pane);
  let waiting = 0;
  let drawn = "";

  const buttons = () => /** @type {HTMLButtonElement[]} */ ([...strip.children]);

  /** @param {string} id */
  function open(id, focus = false) {
    if (id !== model.get("tab")) {
      waiting = window.setTimeout(wait, PATIENCE_MS);
      put(model, { tab: id });
    }
    mark(id);
    if (focus) buttons().find((button) => button.dataset.tab === id)?.focus();
  }

  function wait() {
    drawn = "";
    pane.className = "kvx-pane";
    pane.replaceChildren(bars());
  }

  /** Answers may be late: what was asked for last is what counts, where it is there. @param {string} answered */
  function current(answered) {
    const wanted = model.get("tab");
    return buttons().some((button) => button.dataset.tab === wanted) ? wanted : answered;
  }

  /** @param {string} id */
  function mark(id) {
    for (const button of buttons()) {
      const isOn = button.dataset.tab === id;
      button.setAttribute("aria-selected", String(isOn));
      button.tabIndex = isOn ? 0 : -1;
      if (isOn) pane.setAttribute("aria-label", button.dataset.words ?? "");
    }
  }

  /** @param {KeyboardEvent} event */
  function moved(event) {
    const all = buttons();
    const at = all.findIndex((button) => button.tabIndex === 0);
    /** @type {Record<string, number>} */
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 };
    const found = all[(to[event.key] + all.length) % all.length];
    if (event.key === "Escape") list.back();
    if (!found) return;
    event.preventDefault();
    open(found.dataset.tab ?? "", true);
  }

  /** A page that Python wrote leads to a version or a tab. @param {MouseEvent} event */
  function followLink(event) {
    const link = event.target instanceof Element ? event.target.closest("[data-version],[data-open],[data-select],[data-call]") : null;
    if (!(link instanceof HTMLElement)) return;
    if (link.dataset.version !== undefined) put(model, { version: link.dataset.version });
    if (link.dataset.select !== undefined) put(model, { selected: link.dataset.select });
    if (link.dataset.call !== undefined) model.send({ do: "call", seq: Number(link.dataset.call) });
    if (link.dataset.open !== undefined) open(link.dataset.open, true);
  }

  follow(model, "shown", (shown) => {
    heading.replaceChildren(...headingOf(shown, model));
    const focused = strip.contains(document.activeElement);
    strip.replaceChildren(...shown.tabs.map(tabButton));
    strip.hidden = !shown.tabs.length;
    mark(current(model.get("pane").tab));
    if (focused) buttons().find((button) => button.tabIndex === 0)?.focus();
  });

  follow(model, "pane", (content) => {
    const id = current(content.tab);
    if (id === content.tab) clearTimeout(waiting);
    // Events come often and change little: what is read stays as it is scrolled and unfolded.
    const now = JSON.stringify(content);
    if (now === drawn) return;
    drawn = now;
    pane.className = `kvx-pane ${content.layout ?? ""}`;
    pane.dataset.shown = content.tab;
    pane.replaceChildren(content.layout ? drawFields(content) : fragment(content.html ?? ""));
    mark(id);
  });

  /** @param {Tab} tab */
  function tabButton({ id, label, count }) {
    return make(
      "button",
      { type: "button", role: "tab", class: "kvx-tab", "data-tab": id, "data-words": label, onclick: () => open(id) },
      label,
      count === undefined ? "" : make("code", { class: "kvr-tag" }, count),
    );
  }

  return { element, focus: () => buttons().find((button) => button.tabIndex === 0)?.focus({ preventScroll: true }) };
}

/**
 * @param {any} shown
 * @param {Model} model
 */
function* headingOf(shown, model) {
  if (shown.refusal) yield fragment(shown.refusal);
  if (!shown.key) {
    if (!shown.refusal) yield make("p", { class: "kvr-muted" }, "Nothing is selected.");
    return;
  }
  const { sign, role, words } = shown.pill;
  yield make(
    "div",
    { class: "kvx-line" },
    make("h3", {}, shown.name),
    make("span", { class: `kvr-pill ${role}` }, make("i", {}, sign), ` ${words}`),
    shown.kind ? make("code", { class: "kvr-tag" }, shown.kind) : "",
    shown.private ? make("span", { class: "kvx-key" }, icon("key"), ` ${shown.private}`) : "",
  );
  yield make("div", { class: "kvx-about" }, shown.about);
  if (shown.older) {
    yield make("button", { type: "button", class: "kvx-link", onclick: () => put(model, { version: "" }) }, "‹ the newest version");
  }
}

/** Grey bars in the shape of what comes. */
function bars() {
  return make("div", { class: "kvx-bars", role: "status", "aria-label": "Loading" }, ...[52, 88, 67, 75].map((width) => make("div", { style: `width:${width}%` })));
}
