// The fields of a certificate beside its bytes: point at a byte to find its field, select a field to find its bytes.

import { copyButton, make } from "./dom.js";
import { drawBytes } from "./explorer_bytes.js";

/**
 * @typedef {object} Field
 * @property {string} section
 * @property {string} name
 * @property {string} value
 * @property {string} [oid]
 * @property {boolean} [critical]
 * @property {number} [offset]
 * @property {number} [length]
 * @property {string} [note]
 * @property {string} [problem]
 *
 * @typedef {object} Node
 * @property {Field} field
 * @property {Node | null} parent
 * @property {number} depth
 * @property {HTMLTableRowElement} row
 */

const SHORT = 120;

/**
 * @param {{layout: string, fields: Field[], total: number, size: number, der: string}} content
 */
export function drawFields(content) {
  const nodes = nested(content.fields);
  /** @type {Node | null} */
  let selected = null;
  const openParents = new Set();

  const search = make("input", {
    type: "search",
    class: "kvx-input",
    placeholder: "Search fields",
    title: "Part of a field, its value or its explanation",
    "aria-label": "Search fields",
    oninput: arrange,
  });
  const explain = make("button", { type: "button", class: "kvx-state", "aria-pressed": "false", onclick: toggle }, "explain");
  const count = make("span", { class: "kvr-muted kvx-small", "aria-live": "polite" });
  const tables = make("div", { class: "kvx-fields", onkeydown: moved });
  const trail = make("div", { class: "kvx-trail", "aria-live": "polite" });
  const bytes = drawBytes(octets(content.der), content.size, {
    perRow: content.layout === "bytes" ? 16 : 8,
    point: (offset) => tell(nodeAt(offset), offset),
    pick: (offset) => select(nodeAt(offset), true),
  });

  for (const section of new Set(nodes.map((node) => node.field.section))) {
    const rows = nodes.filter((node) => node.field.section === section).map((node) => node.row);
    tables.append(
      make(
        "table",
        { class: "kvx-section", role: "grid", "aria-label": section },
        make("caption", {}, section),
        make("colgroup", {}, make("col", { class: "kvx-name" }), make("col"), make("col", { class: "kvx-mark" })),
        make("tbody", {}, ...rows),
      ),
    );
  }
  for (const node of nodes) {
    node.row.append(...cells(node));
    node.row.addEventListener("click", () => {
      if (node === selected && hasChildren(node)) openParents[openParents.has(node) ? "delete" : "add"](node);
      else openParents.add(node);
      select(node, false);
    });
  }

  /** @param {Node} node */
  function hasChildren(node) {
    return nodes.some((other) => other.parent === node);
  }

  /** The innermost field over a byte. @param {number} offset */
  function nodeAt(offset) {
    let found = null;
    for (const node of nodes) {
      const { offset: start, length } = node.field;
      if (start === undefined || length === undefined || offset < start || offset >= start + length) continue;
      if (!found || length <= (found.field.length ?? 0)) found = node;
    }
    return found;
  }

  /** @param {Node | null} node */
  function select(node, scroll = false) {
    if (!node) return;
    selected = node;
    for (let above = node.parent; above; above = above.parent) openParents.add(above);
    arrange();
    bytes.light(node.field.offset, node.field.length);
    tell(node);
    if (scroll) reveal(node.row);
  }

  /** Say where a byte or a field stands. @param {Node | null} node @param {number} [offset] */
  function tell(node, offset) {
    const at = offset === undefined ? "" : ` · byte ${offset}`;
    if (!node) {
      trail.replaceChildren(offset === undefined ? "" : `tag and length of what holds the fields${at}`);
      return;
    }
    const names = [node.field.section === "signature" ? "" : "tbsCertificate", ...ancestors(node).map((above) => above.field.name)];
    trail.replaceChildren(["Certificate", ...names.filter(Boolean), ""].join(" › "), make("b", {}, node.field.name), at);
  }

  /** Show what is found, or unfolded. */
  function arrange() {
    const words = search.value.trim().toLowerCase();
    let found = 0;
    for (const node of nodes) {
      const { name, value, note, oid, section } = node.field;
      const isHit = !!words && [name, value, note, oid, section].some((text) => text?.toLowerCase().includes(words));
      const isOpen = words ? isHit : ancestors(node).every((above) => openParents.has(above));
      found += isHit ? 1 : 0;
      node.row.hidden = !isOpen;
      node.row.setAttribute("aria-selected", String(node === selected));
      node.row.tabIndex = node === selected ? 0 : -1;
      if (hasChildren(node)) node.row.setAttribute("aria-expanded", String(openParents.has(node)));
      if (node.row.nextElementSibling?.matches(".kvx-more")) node.row.nextElementSibling.remove();
      if (node === selected && isOpen) node.row.after(more(node));
    }
    const first = nodes.find((node) => !node.row.hidden);
    if (first && (!selected || selected.row.hidden)) first.row.tabIndex = 0;
    for (const table of tables.querySelectorAll("table")) table.hidden = [...table.rows].every((row) => row.hidden);
    count.textContent = words ? `${found} of ${content.total}` : "";
  }

  function toggle() {
    const isOn = tables.classList.toggle("explained");
    explain.setAttribute("aria-pressed", String(isOn));
  }

  /** @param {KeyboardEvent} event */
  function moved(event) {
    if (event.target instanceof HTMLButtonElement) return;
    const seen = nodes.filter((node) => !node.row.hidden);
    const at = seen.findIndex((node) => node.row.tabIndex === 0);
    const here = seen[at];
    /** @type {Record<string, () => Node | null | undefined>} */
    const keys = {
      ArrowDown: () => seen[at + 1],
      ArrowUp: () => seen[at - 1],
      Home: () => seen[0],
      End: () => seen[seen.length - 1],
      ArrowRight: () => openParents.add(here) && here,
      ArrowLeft: () => (openParents.delete(here) ? here : here.parent),
      Enter: () => here,
    };
    if (!keys[event.key] || !here) return;
    event.preventDefault();
    const to = keys[event.key]();
    if (!to) return;
    select(to);
    to.row.focus({ preventScroll: true });
    reveal(to.row);
  }

  const rest = content.total - content.fields.length;
  const side = make(
    "aside",
    { class: "kvx-der", "aria-label": "DER bytes" },
    make(
      "div",
      { class: "kvx-line" },
      make("b", {}, "DER bytes"),
      make("span", { class: "kvr-muted" }, `${content.size.toLocaleString("en")} bytes`),
      make("span", { class: "kvx-grow" }),
      copyButton(bytes.hex, "Copy hex"),
    ),
    trail,
    bytes.element,
    make("p", { class: "kvr-muted kvx-small" }, "Point at a byte to find its field; select a field to find its bytes."),
  );
  const list = make(
    "div",
    { class: "kvx-tree" },
    make("div", { class: "kvx-find" }, search, count, explain),
    tables,
    rest > 0 ? make("p", { class: "kvr-muted" }, `The first ${content.fields.length.toLocaleString("en")} of ${content.total.toLocaleString("en")} fields are shown.`) : "",
  );
  arrange();
  return make("div", { class: `kvx-linked ${content.layout}` }, ...(content.layout === "bytes" ? [side, list] : [list, side]));
}

/** @param {Node} node */
function ancestors(node) {
  const found = [];
  for (let above = node.parent; above; above = above.parent) found.unshift(above);
  return found;
}

/**
 * Tell which field lies within which, by their bytes; one without bytes belongs to the outermost before it.
 * @param {Field[]} fields
 * @returns {Node[]}
 */
function nested(fields) {
  /** @type {Node[]} */
  let open = [];
  return fields.map((field) => {
    const { offset, length } = field;
    if (open.length && open[0].field.section !== field.section) open = [];
    if (offset === undefined || length === undefined) open = open.slice(0, 1);
    else open = open.filter(({ field: above }) => offset < (above.offset ?? 0) + (above.length ?? 0));
    const parent = open[open.length - 1] ?? null;
    const row = make("tr", { tabindex: -1, class: field.problem ? "kvx-wrong" : "" });
    const node = { field, parent, depth: open.length, row };
    if (offset !== undefined) open = [...open, node];
    return node;
  });
}

/** @param {Node} node */
function* cells({ field, depth }) {
  yield make("th", { scope: "row", style: `padding-left:${16 + depth * 14}px` }, ...camel(field.name));
  const value = field.value.length > SHORT ? `${field.value.slice(0, SHORT)}…` : field.value;
  yield make(
    "td",
    {},
    make("span", { class: "kvr-mono", title: field.value }, value || "(empty)"),
    field.problem ? make("div", { class: "kvx-problem" }, `✕ ${field.problem}`) : "",
    field.note ? make("div", { class: "kvx-note", "aria-hidden": "true" }, field.note) : "",
  );
  yield make("td", { class: "kvx-critical" }, field.critical === undefined ? "" : field.critical ? make("b", {}, "critical") : make("span", {}, "not critical"));
}

/** A name that may be broken where its words meet. @param {string} name */
function camel(name) {
  return name.split(/(?<=[a-z])(?=[A-Z])/).flatMap((word, at) => (at ? [make("wbr"), word] : [word]));
}

/** What the selected field is for, and where it stands. @param {Node} node */
function more({ field }) {
  const place = field.offset === undefined ? "no bytes of its own" : `offset ${field.offset}, ${field.length} bytes`;
  const cell = make(
    "td",
    { colspan: 3 },
    field.value.length > SHORT ? make("div", { class: "kvr-mono" }, field.value) : "",
    field.note ? make("div", { class: "kvx-purpose" }, field.note) : "",
    make("div", { class: "kvx-line" }, field.oid ? make("span", { class: "kvr-mono" }, field.oid) : "", make("span", {}, place), make("span", { class: "kvx-grow" }), copyButton(() => field.value)),
  );
  return make("tr", { class: "kvx-more" }, cell);
}

/** Scroll the box around a row, and nothing but that box. @param {HTMLElement} row */
function reveal(row) {
  const box = row.closest(".kvx-fields");
  if (!box) return;
  const [inner, outer] = [row.getBoundingClientRect(), box.getBoundingClientRect()];
  if (inner.top < outer.top) box.scrollTop += inner.top - outer.top - 30;
  else if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom + 40;
}

/** @param {string} base64 */
function octets(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
