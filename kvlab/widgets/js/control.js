import { drawing, make } from "./dom.js";
import { visible } from "./visible.js";
import { fileControl } from "./file.js";

/**
 * @typedef {{value: any, label: string, note: string, picture: string}} Choice
 * @typedef {object} Refusal
 * @property {string} sentence
 * @property {string[]} codes
 * @property {string} speaker
 * @property {string} hint
 * @property {string | null} repair
 * @property {string[]} more the sentences on further entries of a list
 * @property {number[]} entries the places of a list's entries that are refused
 * @typedef {object} Spec
 * @property {string} name
 * @property {string} label
 * @property {string} kind
 * @property {string} help
 * @property {any} value
 * @property {any} default
 * @property {Choice[]} options
 * @property {Refusal | null} refusal
 * @property {[string, string]} note
 * @property {Refusal | string | null} off
 * @property {string} edit
 * @property {Record<string, any>} look
 *
 * @typedef {object} Control what a field is edited with
 * @property {HTMLElement} node
 * @property {HTMLElement} focus where the label leads to
 * @property {(spec: Spec) => void} update
 * @property {() => void} [flush] sends what is typed and not sent yet
 *
 * @typedef {object} Sender
 * @property {(value: unknown, late?: boolean) => void} edit a new value; late while somebody types
 * @property {(action: string, value: unknown, octets?: ArrayBuffer) => void} act
 * @property {number} limit octets of a file
 */

/** @type {Record<string, (spec: Spec, send: Sender, id: string) => Control>} */
const CONTROLS = {
  text: (spec, send, id) => typed(make("input", { type: "text", id, spellcheck: "false", autocomplete: "off" }), spec, send),
  number: (spec, send, id) =>
    typed(make("input", { type: "text", inputmode: "numeric", id, autocomplete: "off", class: "kvf-number" }), spec, send),
  area: (spec, send, id) => typed(make("textarea", { id, rows: spec.look.rows ?? 6, spellcheck: "false" }), spec, send),
  secret: (spec, send, id) => secret(make("input", { type: "password", id, autocomplete: "new-password" }), spec, send),
  secretarea: (spec, send, id) => secret(make("textarea", { id, rows: 3, spellcheck: "false" }), spec, send),
  choice: select,
  segments: (spec, send, id) => radios(spec, send, id, "kvf-segments"),
  cards: (spec, send, id) => radios(spec, send, id, "kvf-cards"),
  check: tick,
  checks: ticks,
  list: chips,
  rows,
  file: fileControl,
  fixed,
  drawing: picture,
};

/**
 * Make what a field is edited with.
 * @param {Spec} spec
 * @param {Sender} send
 * @param {string} id of the element that the label leads to
 */
export function makeControl(spec, send, id) {
  return CONTROLS[spec.kind](spec, send, id);
}

/** @param {Spec} spec */
function shown(spec) {
  return spec.value ?? spec.default;
}

/**
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {Spec} spec
 * @param {Sender} send
 * @returns {Control}
 */
function typed(input, spec, send) {
  if (spec.look.placeholder) input.placeholder = spec.look.placeholder;
  let sent = "";
  const flush = () => {
    if (input.value !== sent) send.edit((sent = input.value));
  };
  input.addEventListener("input", () => send.edit((sent = input.value), true));
  input.addEventListener("change", flush);
  const unit = spec.look.unit ? make("span", { class: "kvf-unit" }, spec.look.unit) : null;
  return {
    node: make("div", { class: "kvf-typed" }, input, unit),
    focus: input,
    update(now) {
      const value = String(shown(now) ?? "");
      if (input.value !== value) input.value = value;
      sent = value;
    },
  };
}

/**
 * A field that keeps nothing: what is typed or pasted goes to the kernel at once, and is gone from here.
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {Spec} spec
 * @param {Sender} send
 * @returns {Control}
 */
function secret(input, spec, send) {
  if (spec.look.placeholder) input.placeholder = spec.look.placeholder;
  const hand = () => {
    if (!input.value) return;
    send.act("secret", input.value);
    input.value = "";
  };
  input.addEventListener("change", hand);
  if (input instanceof HTMLInputElement) input.addEventListener("keydown", (event) => event.key === "Enter" && hand());
  if (input instanceof HTMLTextAreaElement) input.addEventListener("paste", () => setTimeout(hand));
  return { node: make("div", { class: "kvf-typed" }, input), focus: input, update() {}, flush: hand };
}

/** @type {(spec: Spec, send: Sender, id: string) => Control} */
function select(_spec, send, id) {
  const input = make("select", { id, onchange: () => send.edit(values[input.selectedIndex]) });
  /** @type {any[]} */
  let values = [];
  return {
    node: make("div", { class: "kvf-typed" }, input),
    focus: input,
    update(now) {
      values = now.options.map((option) => option.value);
      const names = now.options.map((option) => visible(option.label));
      if (names.join("\n") !== [...input.options].map((option) => option.text).join("\n")) {
        input.replaceChildren(...names.map((name) => make("option", {}, name)));
      }
      input.selectedIndex = values.indexOf(shown(now));
    },
  };
}

/**
 * One of several, as buttons: arrow keys move, there is one tab stop.
 * @param {Spec} spec
 * @param {Sender} send
 * @param {string} id
 * @param {string} look
 * @returns {Control}
 */
function radios(spec, send, id, look) {
  const buttons = spec.options.map((option) => {
    const picture = option.picture ? drawing(option.picture) : null;
    const note = option.note ? make("span", {}, option.note) : null;
    const sign = make("i", { class: "kvf-tick", "aria-hidden": "true" }, "✓");
    const words = make("b", {}, option.label);
    return make(
      "button",
      { type: "button", role: "radio", onclick: () => send.edit(option.value), "aria-checked": "false" },
      ...(look === "kvf-cards" ? [picture, words, note, sign] : [sign, words]),
    );
  });
  /** @param {KeyboardEvent} event */
  function move(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    if (!step || at < 0) return;
    event.preventDefault();
    const next = (at + step + buttons.length) % buttons.length;
    buttons[next].focus();
    send.edit(spec.options[next].value);
  }
  const node = make("div", { class: look, role: "radiogroup", id, "aria-label": spec.label, onkeydown: move }, ...buttons);
  return {
    node,
    focus: buttons[0],
    update(now) {
      const chosen = now.options.findIndex((option) => option.value === shown(now));
      buttons.forEach((button, at) => {
        button.setAttribute("aria-checked", String(at === chosen));
        button.tabIndex = at === Math.max(chosen, 0) ? 0 : -1;
        button.classList.toggle("default", now.value === null);
      });
      this.focus = buttons[Math.max(chosen, 0)];
    },
  };
}

/** @type {(spec: Spec, send: Sender, id: string) => Control} */
function tick(_spec, send, id) {
  const input = make("input", { type: "checkbox", id, onchange: () => send.edit(input.checked) });
  return {
    node: make("div", { class: "kvf-check" }, input),
    focus: input,
    update(now) {
      input.checked = shown(now) === true;
    },
  };
}

/** @type {(spec: Spec, send: Sender, id: string) => Control} */
function ticks(spec, send, id) {
  /** @type {HTMLInputElement[]} */
  let inputs = [];
  const node = make("div", { class: "kvf-ticks", role: "group", id, "aria-label": spec.label });
  function tell() {
    send.edit(inputs.filter((input) => input.checked).map((input) => input.value));
  }
  /** @param {Choice[]} options */
  function offer(options) {
    inputs = options.map((option) => make("input", { type: "checkbox", value: option.value, onchange: tell }));
    node.replaceChildren(...options.map((option, at) => make("label", {}, inputs[at], option.label)));
    return inputs[0] ?? node;
  }
  return {
    node,
    focus: offer(spec.options),
    update(now) {
      if (now.options.map((option) => option.value).join("\n") !== inputs.map((input) => input.value).join("\n")) {
        this.focus = offer(now.options);
      }
      /** @type {string[]} */
      const value = shown(now) ?? [];
      for (const input of inputs) input.checked = value.includes(input.value);
    },
  };
}

/**
 * A list of texts: Enter, a comma or leaving the field adds one; Backspace in the empty field takes the last away.
 * @type {(spec: Spec, send: Sender, id: string) => Control}
 */
function chips(spec, send, id) {
  /** @type {string[]} */
  let value = [];
  const placeholder = spec.look.placeholder ?? "add one, Enter";
  const input = make("input", { type: "text", id, spellcheck: "false", autocomplete: "off", placeholder });
  const box = make("div", { class: "kvf-chips", onclick: () => input.focus() }, input);
  const more = make("div", { class: "kvf-more" });
  const known = new Map(spec.options.map((option) => [option.value, option.label]));
  /** @param {string[]} now */
  const say = (now) => {
    // What is added or taken away next is so from this list, though the answer is still to come.
    offer(now, []);
    send.edit(now);
  };
  const flush = () => {
    const added = input.value.split(/[,;\s]+/).filter((part) => part && !value.includes(part));
    input.value = "";
    if (added.length) say([...value, ...added]);
  };
  input.addEventListener("change", flush);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === ",") {
      event.preventDefault();
      flush();
    } else if (event.key === "Backspace" && !input.value && value.length) {
      say(value.slice(0, -1));
    }
  });
  /** @type {(part: string, wrong: boolean) => HTMLElement} */
  const chip = (part, wrong) => {
    const words = visible(known.has(part) ? `${known.get(part)} (${part})` : part);
    const away = make("button", { type: "button", "aria-label": `Remove ${words}`, title: "Remove" }, "×");
    away.addEventListener("click", () => say(value.filter((other) => other !== part)));
    const sign = wrong ? make("i", { class: "bad", title: "Refused" }, "✕ ") : null;
    return make("span", { class: wrong ? "kvf-chip wrong" : "kvf-chip" }, sign, words, away);
  };
  /** @type {(now: string[], refused: number[]) => void} */
  const offer = (now, refused) => {
    value = now;
    const held = [...box.querySelectorAll(".kvf-chip")];
    for (const old of held) old.remove();
    box.prepend(...value.map((part, at) => chip(part, refused.includes(at))));
    const others = spec.options.filter((option) => !value.includes(option.value));
    more.replaceChildren(
      ...others.map((option) =>
        make("button", { type: "button", class: "kvl-button", onclick: () => say([...value, option.value]) }, `+ ${option.label}`),
      ),
    );
  };
  return {
    node: make("div", {}, box, more),
    focus: input,
    flush,
    update: (now) => offer(shown(now) ?? [], now.refusal?.entries ?? []),
  };
}

/**
 * Rows of texts under named columns.
 * @type {(spec: Spec, send: Sender, id: string) => Control}
 */
function rows(spec, send, id) {
  const body = make("div", { class: "kvf-rows" });
  const add = make("button", { type: "button", class: "kvl-button", id, onclick: () => put([...read(), {}]) }, "+ Add");
  let drawn = "";
  /** @returns {Record<string, string>[]} */
  const read = () =>
    [...body.children].map((row) => Object.fromEntries([...row.querySelectorAll("input")].map((input) => [input.name, input.value])));
  /** @param {Record<string, string>[]} now */
  const put = (now) => {
    draw(now);
    send.edit(now);
    /** @type {HTMLInputElement | null} */ (body.querySelector(":scope > :last-child input"))?.focus();
  };
  /** @param {Record<string, string>[]} now */
  const draw = (now) => {
    drawn = JSON.stringify(now);
    body.replaceChildren(...now.map(line));
  };
  /** @type {(row: Record<string, string>, at: number) => HTMLElement} */
  const line = (row, at) => {
    const inputs = spec.options.map((column) => {
      const label = `${column.label} of row ${at + 1}`;
      const tell = () => send.edit(read(), true);
      return make("input", { type: "text", name: column.value, value: row[column.value] ?? "", "aria-label": label, title: column.label, placeholder: column.label, spellcheck: "false", oninput: tell });
    });
    const away = make("button", { type: "button", class: "kvl-button", "aria-label": `Remove row ${at + 1}`, title: "Remove" }, "×");
    away.addEventListener("click", () => put(read().filter((_, other) => other !== at)));
    return make("div", { class: "kvf-line" }, ...inputs, away);
  };
  return {
    node: make("div", { role: "group", "aria-label": spec.label }, body, add),
    focus: add,
    update(now) {
      const value = shown(now) ?? [];
      if (JSON.stringify(value) !== JSON.stringify(read()) || (!drawn && value.length)) draw(value);
    },
  };
}

/**
 * What only shows: an SVG that kvlab.render drew, and the same in words.
 * @type {(spec: Spec, send: Sender, id: string) => Control}
 */
function picture(_spec, _send, id) {
  const place = make("div");
  const words = make("div", { class: "kvf-said" });
  const node = make("div", { class: "kvf-drawing", id }, place, words);
  let drawn = "";
  return {
    node,
    focus: node,
    update(now) {
      const { svg, words: said } = shown(now) ?? { svg: "", words: "" };
      if (svg === drawn) return;
      drawn = svg;
      place.replaceChildren(...(svg ? [drawing(svg)] : []));
      words.textContent = visible(said);
    },
  };
}

/** @type {(spec: Spec, send: Sender, id: string) => Control} */
function fixed(_spec, _send, id) {
  const node = make("div", { class: "kvf-fixed", id });
  return {
    node,
    focus: node,
    update(now) {
      node.textContent = visible(String(shown(now) ?? ""));
    },
  };
}
