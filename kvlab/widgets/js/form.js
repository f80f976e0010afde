import { follow, fragment, make, sayWhenGone, uniqueName } from "./dom.js";
import { hiding, visible } from "./visible.js";
import { makeControl } from "./control.js";
import { makeSide } from "./side.js";

/**
 * @import { View } from "./dom.js"
 * @import { Refusal, Spec } from "./control.js"
 * @import { Side } from "./side.js"
 * @typedef {{key: string, label: string, title: string, primary: boolean}} ButtonSpec
 * @typedef {object} Drawn
 * @property {string} title
 * @property {string} vault
 * @property {string} principal
 * @property {boolean} seeded
 * @property {{key: string, label: string, wrong: number}[]} tabs
 * @property {string} tab
 * @property {string} turned which turn of the tabs is answered
 * @property {boolean} blocked whether what is refused must be corrected before the main button does anything
 * @property {Spec[]} fields
 * @property {Side | null} side
 * @property {ButtonSpec[]} buttons
 * @property {{kind: string, words: string, busy: boolean}} status
 * @property {[string, string][]} wrong
 * @property {number} limit
 */

const SIGNS = /** @type {Record<string, string>} */ ({ ok: "✓", now: "◐", warn: "≠", bad: "✕", "": "" });
const TYPING_MS = 120;
/** @param {View} view */
function render({ model, el }) {
  const name = uniqueName("kvf");
  const head = make("div", { class: "kvr-head" });
  const top = make("div", { class: "kvf-top" });
  const tabs = make("div", { class: "kvf-tabs", role: "tablist", "aria-label": "Parts of the form", onkeydown: moveTab });
  const panel = make("div", { class: "kvf-panel", role: "tabpanel", id: `${name}-panel` });
  const buttons = make("div", { class: "kvf-buttons" });
  const status = make("div", { class: "kvf-status", role: "status", "aria-live": "polite" });
  const foot = make("div", { class: "kvf-foot" }, buttons, status);
  const outcome = make("div", { class: "kvf-outcome" });
  const side = makeSide((text) => send({ do: "paste", value: text }), refusalBox);
  const main = make("div", { class: "kvf-main" }, top, tabs, panel, make("span", { class: "kvr-grow" }), foot);
  /** @type {Map<string, ReturnType<typeof makeRow>>} */
  const rows = new Map();
  /** The buttons at the foot by their key: who has pressed one keeps the focus there. @type {Map<string, HTMLButtonElement>} */
  const footed = new Map();
  /** @type {Drawn} */
  let drawn = model.get("view");
  let open = drawn.tab;
  let turns = 0;
  let turned = "";
  let clock = 0;

  el.classList.add("kvr", "kvl", "kvl-form");
  el.replaceChildren(head, make("div", { class: "kvf-body" }, main, side.node), outcome);
  follow(model, "view", draw);
  follow(model, "outcome", setOutcome);
  sayWhenGone({ model, el });

  /** @param {Record<string, unknown>} message @param {ArrayBuffer[]} [buffers] */
  function send(message, buffers) {
    model.send(message, undefined, buffers);
  }

  /** @param {Drawn} now */
  function draw(now) {
    drawn = now;
    // An answer to an earlier turn of the tabs must not take a later one back.
    if (!turned || now.turned === turned) open = now.tab;
    if (now.tabs.length && !now.tabs.some((tab) => tab.key === open)) open = now.tabs[0].key;
    head.replaceChildren(...title(now));
    for (const [key, row] of rows) {
      const spec = now.fields.find((field) => field.name === key);
      if (!spec || spec.kind !== row.kind) rows.delete(key);
    }
    for (const spec of now.fields) {
      const row = rows.get(spec.name) ?? makeRow(spec);
      rows.set(spec.name, row);
      row.update(spec);
    }
    arrange();
    side.update(now.side);
    drawFoot(now);
  }

  function arrange() {
    const on = (/** @type {string} */ tab) => drawn.fields.filter((spec) => (spec.look.tab ?? "") === tab);
    place(top, on("").map((spec) => rowOf(spec).node));
    tabs.hidden = panel.hidden = drawn.tabs.length === 0;
    if (drawn.tabs.length === 0) return;
    const focused = tabs.contains(document.activeElement);
    tabs.replaceChildren(...drawn.tabs.map(tabButton));
    if (focused) currentTab()?.focus();
    panel.setAttribute("aria-labelledby", `${name}-tab-${open}`);
    const specs = on(open);
    const folded = specs.filter((spec) => rowOf(spec).folded(spec));
    const unfold = folded.map((spec) => make("button", { type: "button", class: "kvl-button", title: spec.help, onclick: () => openRow(spec) }, `+ ${spec.look.optional}`));
    const more = folded.length ? [make("div", { class: "kvf-row" }, make("span", { class: "kvf-label" }, "More names"), make("div", { class: "kvf-more" }, ...unfold))] : [];
    place(panel, [...specs.filter((spec) => !folded.includes(spec)).map((spec) => rowOf(spec).node), ...more]);
  }

  /** @param {Spec} spec */
  function rowOf(spec) {
    return /** @type {ReturnType<typeof makeRow>} */ (rows.get(spec.name));
  }

  /** @param {Spec} spec */
  function openRow(spec) {
    rowOf(spec).unfold();
    arrange();
    rowOf(spec).focus();
  }

  /** @param {Spec} spec */
  function makeRow(spec) {
    const id = `${name}-${spec.name}`;
    let edits = 0;
    let waiting = "";
    let timer = 0;
    let unfolded = false;
    /** @type {any} */
    let late;
    const now = () => {
      clearTimeout(timer);
      timer = 0;
      send({ do: "set", name: spec.name, value: late, edit: waiting });
    };
    const sender = {
      limit: drawn.limit,
      /** @type {(value: unknown, soon?: boolean) => void} */
      edit(value, soon) {
        late = value;
        waiting = `${name}:${(edits += 1)}`;
        clearTimeout(timer);
        if (soon) timer = window.setTimeout(now, TYPING_MS);
        else now();
      },
      /** @type {(action: string, value: unknown, octets?: ArrayBuffer) => void} */
      act(action, value, octets) {
        send({ do: action, name: spec.name, value }, octets && [octets]);
      },
    };
    if (spec.kind === "action") return actionRow(spec, id);
    const control = makeControl(spec, sender, id);
    const grouped = ["segments", "cards", "checks", "rows", "file", "fixed", "drawing"].includes(spec.kind);
    const label = make(grouped ? "span" : "label", grouped ? { class: "kvf-label" } : { class: "kvf-label", for: id }, spec.label);
    const note = make("div", { class: "kvf-note" });
    const hidden = make("div", { class: "kvf-note warn" });
    const refusal = make("div", { class: "kvf-refusals", id: `${id}-refusal` });
    const help = make("div", { class: "kvf-help", id: `${id}-help` });
    const cards = spec.kind === "cards";
    const node = make("div", { class: `kvf-row ${spec.kind}` }, cards ? null : label, control.node, note, hidden, refusal, help);
    return {
      kind: spec.kind,
      node,
      focus: () => control.focus.focus(),
      unfold: () => (unfolded = true),
      /** @param {Spec} field */
      folded: (field) => Boolean(field.look.optional) && !unfolded && !(field.value ?? []).length && !field.refusal,
      isWaiting: () => waiting !== "",
      flush() {
        control.flush?.();
        if (timer) now();
      },
      /** @param {Spec} field */
      update(field) {
        // An answer to what was typed before the last key must not take that key back.
        if (waiting && field.edit === waiting && !timer) waiting = "";
        if (!waiting) control.update(field);
        control.focus.setAttribute("aria-invalid", String(field.refusal !== null));
        control.focus.setAttribute("aria-describedby", field.refusal ? `${id}-refusal ${id}-help` : `${id}-help`);
        control.focus.title = field.help;
        node.classList.toggle("wrong", field.refusal !== null);
        setSame(refusal, JSON.stringify(field.refusal), () => (field.refusal ? [refusalBox(field.refusal, field.name)] : []));
        const [kind, words] = field.note;
        setSame(note, kind + words, () => (words ? [make("i", { class: kind }, SIGNS[kind]), ` ${visible(words)}`] : []));
        note.className = `kvf-note ${kind}`;
        const texts = hiding(field.value);
        setSame(hidden, texts.join("\n"), () => (texts.length ? [make("i", { class: "warn" }, SIGNS.warn), ` Not all of it can be seen: ${texts.join(", ")}`] : []));
        const byDefault = field.value === null && field.default !== null && !field.refusal && field.kind !== "drawing" ? " The vault's default is shown." : "";
        help.textContent = field.help + byDefault;
      },
    };
  }

  /**
   * A move: a button with what it does, and with the answer it would get where it is not legal.
   * @param {Spec} spec
   * @param {string} id
   */
  function actionRow(spec, id) {
    const button = make("button", { type: "button", class: "kvl-button", id, onclick: press }, spec.label);
    const why = make("div", { class: "kvf-why", id: `${id}-help` });
    const node = make("div", { class: "kvf-row action" }, button, why);
    /** @type {Spec} */
    let field = spec;
    /** @param {MouseEvent} event */
    function press(event) {
      if (event.detail > 1) return;
      if (field.off === null) send({ do: "press", name: field.name });
      else why.animate([{ opacity: 0.3 }, { opacity: 1 }], 180);
    }
    return {
      kind: spec.kind,
      node,
      focus: () => button.focus(),
      unfold: () => true,
      folded: () => false,
      isWaiting: () => false,
      flush() {},
      /** @param {Spec} now */
      update(now) {
        field = now;
        const off = now.off;
        button.setAttribute("aria-disabled", String(off !== null));
        button.setAttribute("aria-describedby", `${id}-help`);
        button.title = now.help;
        const reason = off === null ? [] : typeof off === "string" ? [make("div", {}, `− ${visible(off)}`)] : [whyNot(off)];
        setSame(why, now.help + JSON.stringify(off), () => [make("div", {}, now.help), ...reason]);
      },
    };
  }

  /** @param {Refusal} off */
  function whyNot(off) {
    const tags = off.codes.map((code) => make("code", { class: "kvr-tag" }, code));
    return make("div", { class: "kvf-off" }, "− Not now: ", ...tags.flatMap((tag) => [tag, " "]), off.sentence);
  }

  /**
   * The service's sentence, kvlab's help, and one button that repairs it.
   * @param {Refusal} refusal
   * @param {string} [field]
   */
  function refusalBox(refusal, field) {
    const repair = () => send({ do: "repair", name: field });
    const button = refusal.repair === null || !field ? null : make("button", { type: "button", class: "kvl-button", onclick: repair }, "Use ", make("span", { class: "kvr-mono" }, refusal.repair));
    const tags = refusal.codes.flatMap((code) => [make("code", { class: "kvr-tag" }, code), " "]);
    return make(
      "div",
      { class: "kvf-refusal", role: "alert" },
      make("i", { "aria-hidden": "true" }, "✕"),
      make("div", {}, make("b", {}, refusal.sentence), ...refusal.more.map((other) => make("div", {}, other)), refusal.hint ? make("div", {}, refusal.hint) : null,
        make("div", { class: "kvf-codes" }, button, make("span", {}, ...tags, make("span", { class: "kvr-muted" }, `in ${refusal.speaker} words`)))),
    );
  }

  /** @param {{key: string, label: string, wrong: number}} tab */
  function tabButton(tab) {
    const on = tab.key === open;
    const count = tab.wrong ? make("span", { class: "kvf-count", "aria-label": `${tab.wrong} to correct` }, tab.wrong) : null;
    return make(
      "button",
      { type: "button", role: "tab", id: `${name}-tab-${tab.key}`, "aria-selected": String(on), "aria-controls": `${name}-panel`, tabindex: on ? 0 : -1, onclick: () => openTab(tab.key) },
      tab.label,
      count,
    );
  }

  /** @param {string} key */
  function openTab(key) {
    open = key;
    turned = `${name}:${(turns += 1)}`;
    arrange();
    send({ do: "tab", name: key, edit: turned });
  }

  function currentTab() {
    return /** @type {HTMLElement | null} */ (tabs.querySelector("[aria-selected=true]"));
  }

  /** @param {KeyboardEvent} event */
  function moveTab(event) {
    const all = drawn.tabs;
    const at = all.findIndex((tab) => tab.key === open);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    openTab(all[to % all.length].key);
    currentTab()?.focus();
  }

  /** @param {Drawn} now */
  function drawFoot(now) {
    const busy = now.status.busy;
    place(buttons, now.buttons.map((button) => footButton(button, button.primary && (busy || now.blocked))));
    setSame(status, JSON.stringify([now.status, now.wrong]), () => statusParts(now));
    clearInterval(clock);
    if (!busy) return;
    const since = performance.now();
    const seconds = make("span", { "aria-hidden": "true" });
    status.append(seconds);
    clock = window.setInterval(() => (seconds.textContent = ` · ${Math.round((performance.now() - since) / 1000)} s`), 1000);
  }

  /** @param {Drawn} now */
  function statusParts(now) {
    const { kind, words } = now.status;
    const said = words ? [make("i", { class: kind }, SIGNS[kind] ?? "•"), ` ${visible(words)}`] : [];
    if (!now.wrong.length) return said;
    const links = now.wrong.flatMap(([field, label], at) => [at ? ", " : " ", make("button", { type: "button", class: "kvf-link", onclick: () => goTo(field) }, label)]);
    return [...said, " ", make("i", { class: "bad" }, "✕"), make("b", {}, ` ${now.wrong.length} field${now.wrong.length > 1 ? "s" : ""} to correct:`), ...links];
  }

  /** @param {string} field */
  function goTo(field) {
    const spec = drawn.fields.find((other) => other.name === field);
    if (!spec) return;
    if (spec.look.tab && spec.look.tab !== open) openTab(spec.look.tab);
    rowOf(spec).focus();
  }

  /**
   * @param {ButtonSpec} spec
   * @param {boolean} off
   */
  function footButton(spec, off) {
    const button = footed.get(spec.key) ?? make("button", { type: "button", onclick: press });
    footed.set(spec.key, button);
    button.className = spec.primary ? "kvl-button primary" : "kvl-button";
    button.title = spec.title;
    button.setAttribute("aria-disabled", String(off));
    if (button.textContent !== spec.label) button.textContent = spec.label;
    /** @param {MouseEvent} event */
    function press(event) {
      // The second click of a double click is no second wish.
      if (event.detail > 1) return;
      for (const row of rows.values()) row.flush();
      // What was corrected just now may not be answered yet: then the vault is asked.
      const isOff = button.getAttribute("aria-disabled") === "true" && ![...rows.values()].some((row) => row.isWaiting());
      if (!isOff) send({ do: "press", name: spec.key });
      else if (drawn.blocked) goTo(drawn.wrong[0][0]);
    }
    return button;
  }

  /** @param {string} html of kvlab.render's own, in which all text from outside is escaped */
  function setOutcome(html) {
    outcome.replaceChildren(fragment(html));
    outcome.hidden = !html;
  }

  return () => clearInterval(clock);
}

/** @param {Drawn} now */
function title(now) {
  const where = make("div", { class: "kvr-sub" }, "in ", make("b", {}, visible(now.vault)), `, as ${visible(now.principal)}`);
  const seeded = now.seeded ? make("span", { class: "kvr-pill seed" }, "seeded vault · its keys are not secret") : null;
  return [make("div", { class: "kvr-grow" }, make("div", { class: "kvr-title" }, visible(now.title)), where), ...(seeded ? [seeded] : [])];
}

/**
 * Put nodes in place without touching those that are there: the focus stays.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} nodes
 */
function place(parent, nodes) {
  for (const child of [...parent.children]) {
    if (!nodes.includes(/** @type {HTMLElement} */ (child))) child.remove();
  }
  nodes.forEach((node, at) => {
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
  });
}

/**
 * Draw anew only what has changed, so that nothing is announced twice and no focus is lost.
 * @param {HTMLElement} parent
 * @param {string} key
 * @param {() => (Node | string)[]} parts
 */
function setSame(parent, key, parts) {
  if (parent.dataset.drawn === key) return;
  parent.dataset.drawn = key;
  parent.replaceChildren(...parts());
}

export default { render };
