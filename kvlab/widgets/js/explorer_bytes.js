// Bytes in hexadecimal, with the field that is selected lit in them.

import { make } from "./dom.js";

const AT_ONCE = 4096;

/**
 * @param {Uint8Array} octets what is there of them
 * @param {number} size how many there are in all
 * @param {{perRow: number, point: (offset: number) => void, pick: (offset: number) => void}} rest
 */
export function drawBytes(octets, size, { perRow, point, pick }) {
  const dump = make("div", {
    class: "kvx-dump",
    tabindex: 0,
    role: "group",
    "aria-label": "Bytes; arrow keys move, Enter selects the field",
    onpointermove: pointed,
    onclick: picked,
    onkeydown: moved,
  });
  const pager = make("div", { class: "kvx-line" });
  const legend = make("div", { class: "kvx-legend kvx-small" });
  let start = 0;
  let cursor = 0;
  /** @type {{offset: number, inner: number, end: number} | null} */
  let lit = null;

  function draw() {
    const end = Math.min(start + AT_ONCE, octets.length);
    const lines = [];
    for (let at = start; at < end; at += perRow) lines.push(line(at, Math.min(at + perRow, end)));
    dump.replaceChildren(...lines);
    pager.replaceChildren(...pages(end));
    mark();
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  function line(from, to) {
    const hex = make("span", { class: "kvx-hex" });
    const text = make("span", { class: "kvx-text", "aria-hidden": "true" });
    for (let at = from; at < to; at++) {
      hex.append(make("span", { "data-at": at }, octets[at].toString(16).padStart(2, "0")));
      text.append(make("span", { "data-at": at }, octets[at] > 32 && octets[at] < 127 ? String.fromCharCode(octets[at]) : "·"));
    }
    return make("div", {}, make("span", { class: "kvx-offset" }, from.toString(16).padStart(4, "0")), hex, text);
  }

  function* pages(/** @type {number} */ end) {
    if (octets.length > AT_ONCE) {
      yield make("button", { type: "button", class: "kvl-button", "aria-label": "Bytes before", disabled: !start, onclick: () => go(start - AT_ONCE) }, "‹");
      yield make("span", { class: "kvr-muted" }, `${start} to ${end - 1}`);
      yield make("button", { type: "button", class: "kvl-button", "aria-label": "Next bytes", disabled: end >= octets.length, onclick: () => go(end) }, "›");
    }
    if (size > octets.length) yield make("span", { class: "kvr-muted" }, `The first ${octets.length.toLocaleString("en")} bytes are shown.`);
  }

  /** @param {number} offset */
  function go(offset) {
    start = Math.max(Math.floor(offset / AT_ONCE) * AT_ONCE, 0);
    draw();
  }

  function mark() {
    for (const byte of /** @type {NodeListOf<HTMLElement>} */ (dump.querySelectorAll("[data-at]"))) {
      const at = Number(byte.dataset.at);
      byte.className = lit && at >= lit.offset && at < lit.end ? (at < lit.inner ? "lit" : "hot") : "";
      if (at === cursor) byte.classList.add("kvx-cursor");
    }
    legend.replaceChildren(
      ...(lit ? [make("span", { class: "lit" }, hexOf(lit.offset, lit.inner)), " tag and length ", make("span", { class: "hot" }, hexOf(lit.inner, lit.end)), " content"] : []),
    );
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  function hexOf(from, to) {
    const some = [...octets.slice(from, Math.min(to, from + 4))].map((octet) => octet.toString(16).padStart(2, "0"));
    return some.join(" ") + (to > from + 4 ? " …" : "");
  }

  /** @param {Event} event */
  function under(event) {
    const byte = event.target instanceof HTMLElement ? event.target.dataset.at : undefined;
    return byte === undefined ? null : Number(byte);
  }

  /** @param {Event} event */
  function pointed(event) {
    const at = under(event);
    if (at !== null && at !== cursor) setCursor(at);
  }

  /** @param {number} at */
  function setCursor(at) {
    for (const byte of dump.querySelectorAll(".kvx-cursor")) byte.classList.remove("kvx-cursor");
    cursor = at;
    for (const byte of dump.querySelectorAll(`[data-at="${at}"]`)) byte.classList.add("kvx-cursor");
    point(at);
  }

  /** @param {Event} event */
  function picked(event) {
    const at = under(event);
    if (at !== null) pick(at);
  }

  /** @param {KeyboardEvent} event */
  function moved(event) {
    /** @type {Record<string, number>} */
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perRow, ArrowUp: -perRow };
    if (event.key === "Enter") pick(cursor);
    else if (!steps[event.key]) return;
    else {
      const to = Math.min(Math.max(cursor + steps[event.key], 0), octets.length - 1);
      if (to < start || to >= start + AT_ONCE) go(to);
      setCursor(to);
      show(to);
    }
    event.preventDefault();
  }

  /** Scroll the dump alone. @param {number} at */
  function show(at) {
    const byte = dump.querySelector(`[data-at="${at}"]`)?.parentElement?.parentElement;
    if (!byte) return;
    const [inner, outer] = [byte.getBoundingClientRect(), dump.getBoundingClientRect()];
    if (inner.top < outer.top || inner.bottom > outer.bottom) dump.scrollTop += inner.top - outer.top - 60;
  }

  draw();
  return {
    element: make("div", { class: "kvx-bytes" }, dump, pager, legend),
    /** The bytes of what is selected; all, if nothing is. */
    hex: () => [...(lit ? octets.slice(lit.offset, lit.end) : octets)].map((octet) => octet.toString(16).padStart(2, "0")).join(""),
    /**
     * Light the bytes of a field; none if it has none.
     * @param {number | undefined} offset
     * @param {number | undefined} length
     */
    light(offset, length) {
      lit = offset === undefined || length === undefined ? null : { offset, inner: offset + headLength(octets, offset), end: offset + length };
      if (lit && (lit.offset < start || lit.offset >= start + AT_ONCE) && lit.offset < octets.length) go(lit.offset);
      mark();
      if (lit) show(lit.offset);
    },
  };
}

/**
 * How many bytes of an element are its tag and its length.
 * @param {Uint8Array} octets
 * @param {number} offset
 */
function headLength(octets, offset) {
  let at = offset + 1;
  if ((octets[offset] & 0x1f) === 0x1f) while (octets[at++] & 0x80);
  return at + (octets[at] & 0x80 ? 1 + (octets[at] & 0x7f) : 1) - offset;
}
