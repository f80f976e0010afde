import { drawing, embed, follow, fragment, make, sayWhenGone, uniqueName } from "./dom.js";

/** @import { View } from "./dom.js" */

/**
 * @typedef {{move: string, title: string, help: string, button: string, needs: string, danger: boolean}} Legal
 * @typedef {{move: string, title: string, status: number, code: string, sentence: string, hint: string,
 *   can_try: boolean}} Refused
 * @typedef {{svg: string, name: string, status: string, seed: string, subject: string,
 *   signers: {key: string, words: string, own: boolean}[], signer: string, table: string, legal: Legal[],
 *   refused: Refused[], clock: string, past: string, outcome: string}} Shown
 */

/** @param {View} view */
function render({ model, el }) {
  const name = uniqueName("kvl-operation");
  const head = make("div", { class: "kvr-head" });
  const signers = make("fieldset", { class: "kvl-signers" });
  const picture = make("div", { class: "kvl-picture" });
  const table = make("div", { class: "kvl-scroll" });
  const legal = make("section", { "aria-label": "You may, from here" });
  const refused = make("section", { "aria-label": "The vault would refuse" });
  const outcome = make("div", { class: "kvl-outcome", role: "status", "aria-live": "polite" });
  const past = make("details", { class: "kvl-history" });
  const calls = make("div", { class: "kvl-calls" });

  el.classList.add("kvr", "kvl", "kvl-operation");
  el.replaceChildren(
    head,
    make(
      "div",
      { class: "kvl-body" },
      make("div", { class: "kvl-main" }, picture, signers, table),
      make("div", { class: "kvl-side" }, legal, outcome, refused),
    ),
    calls,
    past,
  );
  follow(model, "view", draw);
  follow(model, "busy", () => draw(model.get("view")));
  follow(model, "call", showCalls);
  sayWhenGone({ model, el }, "The operation goes on as the vault has it.");

  /** @param {Shown} view */
  function draw(view) {
    if (!view.svg) return;
    const held = el.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    head.replaceChildren(
      make(
        "div",
        { class: "kvr-grow" },
        make("b", { class: "kvr-title" }, "Operation of ", make("span", { class: "kvr-mono" }, view.name)),
        make("div", { class: "kvr-sub" }, view.subject),
      ),
      fragment(view.status),
      fragment(view.seed),
    );
    picture.replaceChildren(drawing(view.svg));
    signers.replaceChildren(make("legend", {}, "Who has to sign: the legal moves differ"), ...view.signers.map(signer));
    table.replaceChildren(fragment(view.table));
    legal.replaceChildren(make("h4", {}, "You may, from here"), ...view.legal.map(legalRow), ...wait(view));
    refused.replaceChildren(
      make("h4", {}, "The vault would refuse"),
      ...(view.refused.length ? view.refused.map(refusedRow) : [make("p", {}, "Nothing: every move is legal now.")]),
    );
    outcome.replaceChildren(fragment(view.outcome));
    const summary = make("summary", {}, "What has happened");
    past.replaceChildren(summary, make("div", { class: "kvl-scroll" }, fragment(view.past)));
    if (held) /** @type {HTMLElement | null} */ (el.querySelector(`[data-key="${held}"]`))?.focus();
  }

  /** @param {{key: string, words: string, own: boolean}} one */
  function signer(one) {
    const box = make("input", {
      type: "radio",
      name,
      "data-key": one.key,
      checked: one.key === model.get("view").signer,
      onchange: () => {
        model.set("signer", one.own ? "" : one.key);
        model.save_changes();
      },
    });
    return make("label", {}, box, ` ${one.words}${one.own ? " (this operation)" : ""}`);
  }

  /** @param {Legal} one */
  function legalRow(one) {
    return make(
      "div",
      { class: "kvl-move" },
      make(
        "div",
        { class: "kvr-grow" },
        make("b", {}, make("i", { class: "ok" }, "✓ "), one.title),
        make("div", { class: "kvr-sub" }, one.help),
        one.needs ? make("div", { class: "kvr-sub" }, one.button ? "With your own CA: " : "With a form: ", code(one.needs)) : null,
      ),
      one.button ? button(one.move, one.button, one.danger ? "danger" : one.move === "poll" ? "primary" : "") : null,
      callButton(one),
    );
  }

  /** @param {Refused} one */
  function refusedRow(one) {
    return make(
      "div",
      { class: "kvl-refused" },
      make("span", { class: "kvl-code" }, one.status),
      make(
        "div",
        { class: "kvr-grow" },
        make("b", {}, make("i", { class: "bad" }, "✕ "), one.title),
        " ",
        code(one.code),
        make("blockquote", {}, one.sentence),
        one.hint ? make("div", { class: "kvr-sub" }, one.hint) : null,
      ),
      one.can_try ? button(one.move, "Try it", "") : null,
    );
  }

  /** @param {Shown} view */
  function wait(view) {
    if (!view.clock) return [];
    const row = make(
      "div",
      { class: "kvl-move" },
      make(
        "div",
        { class: "kvr-grow" },
        make("b", {}, "Let time pass"),
        make("div", { class: "kvr-sub" }, view.clock),
      ),
      act("advance", "+10 s", "", () => model.send({ do: "advance" })),
    );
    return [row];
  }

  /** @param {string} words */
  function code(words) {
    return make("code", { class: "kvr-tag" }, words);
  }

  /**
   * @param {string} move
   * @param {string} words
   * @param {string} look
   */
  function button(move, words, look) {
    return act(`move ${move}`, words, look, () => model.send({ do: "move", move }));
  }

  /** @param {{move: string, title: string}} one */
  function callButton(one) {
    if (one.move === "merge" || one.move === "import") return null;
    const words = make("span", { class: "kvl-hidden" }, `Show me the call: ${one.title}`);
    const found = act(`call ${one.move}`, "</>", "", () => model.send({ do: "call", move: one.move }));
    found.title = "Show me the call";
    found.append(words);
    return found;
  }

  /**
   * @param {string} key
   * @param {string} words
   * @param {string} look
   * @param {() => void} how
   */
  function act(key, words, look, how) {
    const busy = Boolean(model.get("busy"));
    return make(
      "button",
      {
        type: "button",
        class: `kvl-button ${look}`,
        "data-key": key,
        "aria-disabled": busy ? "true" : null,
        title: busy ? "A move is being made." : null,
        onclick: () => busy || how(),
      },
      words,
    );
  }

  /** @param {string | null} reference */
  async function showCalls(reference) {
    if (reference) calls.replaceChildren(await embed(model, reference));
  }
}

export default { render };
