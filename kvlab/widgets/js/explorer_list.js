// The explorer's head, and its list: a table that Python fills a page at a time.

import { drawing, follow, fragment, make } from "./dom.js";

/** @import { Model } from "./dom.js" */
/**
 * @typedef {object} Row
 * @property {string} key
 * @property {string} name
 * @property {string} state
 * @property {string} sign
 * @property {string} role
 * @property {string} kind
 * @property {string} names
 * @property {string} left
 * @property {string} remark
 * @property {number | null} part
 */

const ANSWER_MS = 1000;
const MOVING_MS = 60;
const ORDERS = {
  name: "Name",
  "-name": "Name, last first",
  expires: "Expires first",
  "-expires": "Expires last",
  "-made": "Newest",
  made: "Oldest",
};

/**
 * Set traits and send them.
 * @param {Model} model
 * @param {Record<string, unknown>} values
 */
export function put(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

const ICONS = {
  clock: '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>',
  key: '<circle cx="5" cy="11" r="3"/><path d="m7.2 8.8 6-6M10.5 5.5l2 2M12.5 3.5l1.5 1.5"/>',
};

/** @param {keyof typeof ICONS} name */
export function icon(name) {
  return drawing(`<svg xmlns="http://www.w3.org/2000/svg" class="kvx-icon" viewBox="0 0 16 16" aria-hidden="true">${ICONS[name]}</svg>`);
}

/**
 * A function that waits until it is not called any more.
 * @param {() => void} run
 * @param {number} delay milliseconds
 */
function settled(run, delay) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(run, delay);
  };
}

/** @param {Model} model */
export function drawHead(model) {
  const head = make("div", { class: "kvx-head" });
  follow(model, "head", (shown) => {
    const clock = make("span", { class: "kvx-clock", title: "the clock from which days are counted" }, icon("clock"), ` ${shown.clock}`);
    if (shown.kind) clock.append(make("span", { class: "kvr-muted" }, ` ${shown.kind}`));
    head.replaceChildren(
      make("b", { class: "kvr-title" }, shown.title),
      make("span", { class: "kvx-words", "aria-live": "polite" }, shown.words),
      shown.as && shown.as !== "owner" ? make("span", { class: "kvr-pill" }, make("i", {}, "•"), ` as ${shown.as}`) : "",
      make("span", { class: "kvx-grow" }),
      clock,
      shown.seed ? make("span", { class: "kvr-pill seed" }, shown.seed) : "",
      shown.makes
        ? make("button", { type: "button", class: "kvl-button primary", onclick: () => model.send({ do: "create" }) }, "+ New certificate")
        : "",
    );
  });
  return head;
}

/**
 * @param {Model} model
 * @param {{open: () => void}} rest
 */
export function drawList(model, { open }) {
  const search = make("input", {
    type: "search",
    class: "kvx-input",
    placeholder: "Name, serial, thumbprint",
    title: "Part of a name or a DNS name, a serial number or a thumbprint",
    "aria-label": "Search certificates",
    oninput: find,
    onkeydown: typed,
  });
  const order = make(
    "select",
    { class: "kvx-order", "aria-label": "Order of the list", title: "Order of the list", onchange: () => put(model, { order: order.value }) },
    ...Object.entries(ORDERS).map(([value, words]) => make("option", { value }, words)),
  );
  const states = make("div", { class: "kvx-states", role: "group", "aria-label": "Show only" });
  const body = make("tbody");
  const table = make(
    "table",
    { class: "kvx-table", role: "grid", "aria-label": "Certificates", onkeydown: moved, onclick: clicked },
    make("colgroup", {}, make("col"), make("col", { class: "kvx-days" })),
    make("thead", { class: "kvx-hidden" }, make("tr", {}, make("th", { scope: "col" }, "Certificate"), make("th", { scope: "col" }, "Days left"))),
    body,
  );
  const scroll = make("div", { class: "kvx-scroll" }, table);
  const foot = make("div", { class: "kvx-foot" });
  const element = make("section", { class: "kvx-list", "aria-label": "List" }, make("div", { class: "kvx-find" }, search), make("div", { class: "kvx-filters" }, states, order), scroll, foot);

  /** Which row of the page to come is selected when it comes. @type {"first" | "last" | ""} */
  let arriving = "";
  const send = settled(() => put(model, { selected: chosen }), MOVING_MS);
  let chosen = model.get("selected");

  /** Runs while the answer to a search is to come: what is typed meanwhile is one search, and none needs a pause. */
  let patience = 0;
  let typedQuery = model.get("query");

  function find() {
    typedQuery = search.value;
    if (!patience) ask();
  }

  function ask() {
    clearTimeout(patience);
    patience = 0;
    if (typedQuery === model.get("query")) return;
    patience = window.setTimeout(ask, ANSWER_MS);
    put(model, { query: typedQuery });
  }

  const rows = () => /** @type {HTMLTableRowElement[]} */ ([...body.rows].filter((row) => row.dataset.key !== undefined));

  /** @param {HTMLTableRowElement | undefined} row */
  function choose(row, focus = true) {
    if (!row) return;
    chosen = row.dataset.key ?? "";
    mark();
    if (focus) {
      row.focus({ preventScroll: true });
      scroll.scrollTop = Math.min(Math.max(scroll.scrollTop, row.offsetTop + row.offsetHeight - scroll.clientHeight), row.offsetTop);
    }
    send();
  }

  function mark() {
    const all = rows();
    for (const row of all) {
      row.setAttribute("aria-selected", String(row.dataset.key === chosen));
      row.tabIndex = row.dataset.key === chosen ? 0 : -1;
    }
    if (all.length && all.every((row) => row.tabIndex < 0)) all[0].tabIndex = 0;
  }

  /** @param {number} step */
  function turn(step, /** @type {"first" | "last" | ""} */ then = "") {
    const { page, pages } = model.get("view");
    if (page + step < 0 || page + step >= pages) return;
    arriving = then;
    put(model, { page: page + step });
  }

  /** @param {number} step */
  function move(step, focus = true) {
    const all = rows();
    const at = all.findIndex((row) => row.dataset.key === chosen);
    if (all[at + step]) choose(all[at + step], focus);
    else turn(Math.sign(step), step > 0 ? "first" : "last");
  }

  /** @param {KeyboardEvent} event */
  function moved(event) {
    const all = rows();
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      Home: () => choose(all[0]),
      End: () => choose(all[all.length - 1]),
      PageDown: () => turn(1, "first"),
      PageUp: () => turn(-1, "first"),
      Enter: open,
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  /** @param {KeyboardEvent} event */
  function typed(event) {
    if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      choose(rows().find((row) => row.dataset.key === chosen) ?? rows()[0]);
    } else if (event.key === "Escape" && search.value) {
      event.preventDefault();
      search.value = "";
      find();
    }
  }

  /** @param {MouseEvent} event */
  function clicked(event) {
    const row = event.target instanceof Element ? event.target.closest("tr") : null;
    if (row?.dataset.key === undefined) return;
    choose(row);
    open();
    row.focus({ preventScroll: true });
  }

  follow(model, "selected", (key) => {
    chosen = key;
    mark();
  });
  follow(model, "order", (value) => (order.value = value));
  follow(model, "query", (text) => {
    if (patience) return;
    typedQuery = text;
    if (document.activeElement !== search) search.value = text;
  });
  follow(model, "view", (view) => {
    const focused = body.contains(document.activeElement);
    states.replaceChildren(...view.states.map(stateButton));
    body.replaceChildren(...(view.rows.length ? view.rows.map(rowElement) : [blank(view)]));
    foot.replaceChildren(...footer(view));
    mark();
    const all = rows();
    if (arriving) choose(arriving === "first" ? all[0] : all[all.length - 1], focused || document.activeElement === document.body);
    else if (focused) all.find((row) => row.tabIndex === 0)?.focus({ preventScroll: true });
    arriving = "";
    if (patience && view.query === model.get("query")) ask();
  });

  /** @param {{state: string, label: string, sign: string, count: number}} state */
  function stateButton({ state, label, sign, count }) {
    const isOn = model.get("state") === state;
    return make(
      "button",
      { type: "button", class: "kvx-state", "aria-pressed": String(isOn), onclick: () => put(model, { state: isOn ? "" : state }) },
      sign ? make("i", {}, `${sign} `) : "",
      `${label} ${count.toLocaleString("en")}`,
    );
  }

  /** @param {any} view */
  function* footer(view) {
    const last = view.first + view.rows.length;
    yield make("span", { "aria-live": "polite" }, view.total ? `${(view.first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${view.total.toLocaleString("en")}` : "");
    if (view.progress) {
      const { done, of } = view.progress;
      yield make("span", { class: "kvx-progress" }, make("progress", { value: done, max: Math.max(of, 1), "aria-label": "read" }), ` ${done.toLocaleString("en")} of ${of.toLocaleString("en")} read`);
    }
    yield make("span", { class: "kvx-grow" });
    if (view.pages > 1) {
      yield make("button", { type: "button", class: "kvl-button", "aria-label": "Page before", disabled: view.page === 0, onclick: () => turn(-1) }, "‹");
      yield make("button", { type: "button", class: "kvl-button", "aria-label": "Next page", disabled: view.page + 1 >= view.pages, onclick: () => turn(1) }, "›");
    } else if (view.total) {
      yield make("span", { class: "kvx-keys" }, make("kbd", {}, "↑"), make("kbd", {}, "↓"), " move ", make("kbd", {}, "/"), " search");
    }
  }

  return {
    element,
    focus: () => rows().find((row) => row.tabIndex === 0)?.focus({ preventScroll: true }),
    search: () => search.focus(),
    /** @param {number} step */
    step: (step) => move(step, false),
  };
}

/** @param {any} view */
function blank({ empty, refusal }) {
  const cell = make("td", { colspan: 2, class: "kvx-empty" }, empty);
  // Escaped where it was written, in kvlab.render.
  if (refusal) cell.append(fragment(refusal));
  return make("tr", {}, cell);
}

/** @param {Row} row */
function rowElement(row) {
  const bar = row.part === null ? "" : make("div", { class: `kvx-bar ${row.role}` }, make("div", { style: `width:${Math.round(row.part * 100)}%` }));
  return make(
    "tr",
    { "data-key": row.key, tabindex: -1, "aria-selected": "false" },
    make(
      "td",
      {},
      make("span", { class: `kvx-sign ${row.role}`, role: "img", "aria-label": row.state, title: row.state }, row.sign),
      make("div", { class: "kvx-who" }, make("b", {}, row.name), row.kind ? make("code", { class: "kvr-tag" }, row.kind) : ""),
      make("div", { class: "kvx-names", title: row.names }, row.names),
    ),
    make("td", { class: `kvx-left ${row.role}` }, make("div", {}, row.left), row.remark ? make("div", { class: "kvx-names" }, row.remark) : bar),
  );
}
