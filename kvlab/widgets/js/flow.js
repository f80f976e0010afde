import { drawing, embed, follow, fragment, isStill, make, sayWhenGone } from "./dom.js";

/** @import { View } from "./dom.js" */

/**
 * @typedef {{number: number, title: string, detail: string, way: string, state: string, sign: string, words: string,
 *   remark: string, tone: string, asks: string, told: boolean}} Step
 * @typedef {{at: number, words: string, to: string}} Stop
 * @typedef {{label: string, seconds: number, to: string, why: string}} Move
 * @typedef {{svg: string, sentence: string, title: string, subject: string, name: string, status: string, pill: string,
 *   seed: string, lanes: string, steps: Step[], chosen: number, panel: string, calls: boolean, track: string, narrow: string,
 *   stops: Stop[], stop: number, place: number, count: number, first: number, progress: string, news: string,
 *   clock: {words: string, moves: Move[]}, trouble: string}} Shown
 */

const NEWEST = -1;
const BEAT = 900;

/** @param {View} view */
function render({ model, el }) {
  const head = make("div", { class: "kvr-head kvl-narrow" });
  const picture = make("div", { class: "kvl-picture", onclick: pick });
  const lanes = make("div", { class: "kvl-narrow" });
  const steps = make("ol", { class: "kvl-steps", "aria-label": "Steps of the flow", onkeydown: move });
  const asks = make("div", { class: "kvl-asks" });
  const panel = make("section", { class: "kvl-panel", "aria-label": "What crossed the chosen arrow" });
  const calls = make("div", { class: "kvl-calls" });
  const bar = make("div", { class: "kvl-bar" });
  const line = make("div", {
    class: "kvl-line",
    role: "slider",
    tabindex: 0,
    "aria-label": "Time line",
    onkeydown: slide,
    onpointerdown: grab,
  });
  const news = make("div", { class: "kvl-unseen", role: "status", "aria-live": "polite" });
  /** @type {number | undefined} */
  let timer;
  /** @type {Map<number, string>} */
  let before = new Map();

  el.classList.add("kvr", "kvl", "kvl-flow");
  el.replaceChildren(
    head,
    make("div", { class: "kvl-body" }, make("div", { class: "kvl-main" }, picture, lanes, steps, asks), panel),
    make("div", { class: "kvl-time" }, bar, line),
    news,
  );
  follow(model, "view", draw);
  follow(model, "call", showCalls);
  follow(model, "busy", () => drawBar(model.get("view")));
  sayWhenGone({ model, el }, "What happened stays in the vault's log.");
  return () => clearInterval(timer);

  /** @param {Shown} view */
  function draw(view) {
    if (!view.svg) return;
    head.replaceChildren(
      make(
        "div",
        { class: "kvr-grow" },
        make("b", { class: "kvr-title" }, view.title),
        make("div", { class: "kvr-sub" }, `${view.subject} `, make("b", {}, view.name)),
      ),
      make("span", { class: `kvr-pill ${view.pill}` }, view.status),
      fragment(view.seed),
    );
    drawPicture(view);
    lanes.replaceChildren(fragment(view.lanes));
    drawSteps(view);
    asks.replaceChildren(...view.steps.filter((step) => step.asks && step.state !== "to come").map(question));
    drawPanel(view);
    drawBar(view);
    drawLine(view);
    if (news.textContent !== view.news) news.textContent = view.news;
  }

  /** @param {Shown} view */
  function drawPicture(view) {
    const svg = drawing(view.svg);
    picture.replaceChildren(svg);
    for (const step of view.steps) {
      const crossed = step.state === "done" && before.has(step.number) && before.get(step.number) !== "done";
      if (crossed && !isStill()) cross(svg, step.number);
    }
    before = new Map(view.steps.map((step) => [step.number, step.state]));
  }

  /** @param {Shown} view */
  function drawSteps(view) {
    const focused = steps.contains(document.activeElement);
    steps.replaceChildren(...view.steps.map((step) => stepItem(step, step.number === view.chosen)));
    if (focused) chosen()?.focus();
  }

  /**
   * @param {Step} step
   * @param {boolean} on
   */
  function stepItem(step, on) {
    const number = make("span", { class: `kvl-number ${step.state.replace(" ", "")}` }, step.number);
    const words = make(
      "span",
      { class: "kvl-words" },
      make("b", {}, step.title),
      make("span", { class: "kvr-sub" }, `${step.way} · ${step.detail}`),
      make("span", { class: step.tone || "kvr-sub" }, step.remark ? `${step.words} · ${step.remark}` : step.words),
    );
    const button = make(
      "button",
      {
        type: "button",
        "data-number": step.number,
        "aria-pressed": on ? "true" : "false",
        tabindex: on ? 0 : -1,
        onclick: () => choose(step.number),
        onfocus: () => ring(step.number, true),
        onblur: () => ring(step.number, false),
      },
      number,
      words,
    );
    return make("li", {}, button);
  }

  /** @param {Step} step */
  function question(step) {
    const box = make("input", { type: "checkbox", checked: step.told, onchange: tell });
    function tell() {
      /** @type {number[]} */
      const told = model.get("told").filter((/** @type {number} */ number) => number !== step.number);
      model.set("told", box.checked ? [...told, step.number] : told);
      model.save_changes();
    }
    return make("label", {}, box, ` ${step.asks} `, make("span", { class: "kvr-muted" }, "The vault can not see it."));
  }

  /** @param {Shown} view */
  function drawPanel(view) {
    const step = view.steps.find((one) => one.number === view.chosen);
    if (!step) {
      panel.replaceChildren(make("p", { class: "kvl-about" }, view.sentence));
      return;
    }
    const at = view.steps.indexOf(step);
    panel.replaceChildren(
      make(
        "div",
        { class: "kvl-panel-head" },
        make("span", { class: `kvl-number ${step.state.replace(" ", "")}` }, step.number),
        make("b", { class: "kvr-title" }, step.title),
        turn("‹", "The step before", view.steps[at - 1]),
        turn("›", "The next step", view.steps[at + 1]),
      ),
      make("div", { class: "kvr-sub" }, step.way),
      fragment(view.panel),
      calls,
    );
    calls.hidden = !view.calls;
  }

  /** @param {string | null} reference */
  async function showCalls(reference) {
    if (reference) calls.replaceChildren(await embed(model, reference));
  }

  /**
   * @param {string} sign
   * @param {string} label
   * @param {Step | undefined} step
   */
  function turn(sign, label, step) {
    return make(
      "button",
      {
        type: "button",
        class: "kvl-button kvl-small",
        "aria-label": label,
        title: label,
        disabled: !step,
        onclick: () => step && choose(step.number),
      },
      sign,
    );
  }

  /** @param {Shown} view */
  function drawBar(view) {
    if (!view.svg) return;
    const busy = Boolean(model.get("busy"));
    const atEnd = view.place >= view.count - 1;
    const held = bar.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    bar.replaceChildren(
      button("start", "↺", "To the beginning", view.place <= 0, () => look(0)),
      button("back", "◂", "One step back", view.place <= 0, () => look(view.place - 1)),
      button("play", timer === undefined ? "▶ Replay" : "■ Stop", "Play it again", view.count < 2, play, true),
      button("on", "▸", "One step on", atEnd, () => look(view.place + 1)),
      make("span", { class: "kvl-progress" }, make("b", {}, view.progress)),
      make("span", { class: "kvl-trouble", role: "alert" }, view.trouble ? `✕ ${view.trouble}` : ""),
      make(
        "span",
        { class: "kvl-clock" },
        make("span", { class: "kvr-mono" }, busy ? "the clock moves …" : view.clock.words),
        ...view.clock.moves.map((one) =>
          button(one.label, one.label, one.why || `Move the clock: ${one.label}`, busy || one.why !== "", () => advance(one)),
        ),
      ),
    );
    if (held) /** @type {HTMLElement | null} */ (bar.querySelector(`[data-key="${held}"]`))?.focus();
  }

  /**
   * A button that is not possible now stays where the keyboard is, and says why.
   * @param {string} key
   * @param {string} words
   * @param {string} label
   * @param {boolean} off
   * @param {() => void} act
   * @param {boolean} [primary]
   */
  function button(key, words, label, off, act, primary = false) {
    return make(
      "button",
      {
        type: "button",
        class: `kvl-button${primary ? " primary" : ""}`,
        "data-key": key,
        "aria-label": words.length > 1 ? null : label,
        "aria-disabled": off ? "true" : null,
        title: label,
        onclick: () => off || act(),
      },
      words,
    );
  }

  /** @param {Shown} view */
  function drawLine(view) {
    const stop = view.stops[view.stop];
    line.hidden = !stop;
    if (!stop) return;
    line.replaceChildren(
      make("div", { class: "kvl-wide" }, drawing(view.track)),
      make("div", { class: "kvl-narrow" }, drawing(view.narrow)),
    );
    const values = { valuemin: 0, valuemax: view.stops.length - 1, valuenow: view.stop, valuetext: stop.words };
    for (const [name, value] of Object.entries(values)) line.setAttribute(`aria-${name}`, String(value));
  }

  /** @param {number} number */
  function choose(number) {
    model.set("selected", number);
    model.save_changes();
  }

  /** @returns {HTMLElement | null} */
  function chosen() {
    return steps.querySelector("[aria-pressed=true]");
  }

  /** @param {MouseEvent} event */
  function pick(event) {
    const step = /** @type {Element} */ (event.target).closest("[data-step]");
    if (step) choose(Number(step.getAttribute("data-step")));
  }

  /**
   * Show on the picture where the keyboard is: the list of steps itself is only seen on narrow pages.
   * @param {number} number
   * @param {boolean} on
   */
  function ring(number, on) {
    picture.querySelector(`[data-band="${number}"]`)?.classList.toggle("focus", on);
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    /** @type {Shown} */
    const view = model.get("view");
    const at = view.steps.findIndex((step) => step.number === view.chosen);
    const next = view.steps[at + by];
    if (next) choose(next.number);
  }

  /** @param {number} moment */
  function look(moment) {
    /** @type {Shown} */
    const view = model.get("view");
    model.set("at", moment >= view.count - 1 ? NEWEST : Math.max(moment, 0));
    model.save_changes();
  }

  function play() {
    if (timer !== undefined) {
      halt();
      return;
    }
    /** @type {Shown} */
    const view = model.get("view");
    look(view.place >= view.count - 1 ? view.first : view.place);
    timer = setInterval(beat, BEAT);
  }

  function beat() {
    /** @type {Shown} */
    const view = model.get("view");
    if (view.place >= view.count - 1 || !el.isConnected) halt();
    else look(view.place + 1);
  }

  function halt() {
    clearInterval(timer);
    timer = undefined;
    drawBar(model.get("view"));
  }

  /** @param {{seconds: number, to: string}} how */
  function advance(how) {
    halt();
    model.send({ do: "advance", seconds: how.seconds, to: how.to });
  }

  /** @param {number} place */
  function goTo(place) {
    /** @type {Shown} */
    const view = model.get("view");
    const stop = view.stops[Math.min(Math.max(place, 0), view.stops.length - 1)];
    if (!stop) return;
    if (stop.to) advance({ seconds: 0, to: stop.to === "renewal" ? "renewal" : "expiry" });
    else if (stop.at !== model.get("at")) {
      model.set("at", stop.at);
      model.save_changes();
    }
  }

  /** @param {KeyboardEvent} event */
  function slide(event) {
    /** @type {Shown} */
    const view = model.get("view");
    const { stop, stops } = view;
    const to = { ArrowRight: stop + 1, ArrowUp: stop + 1, ArrowLeft: stop - 1, ArrowDown: stop - 1, Home: 0, End: stops.length - 1 }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    goTo(to);
  }

  /**
   * The handle follows the pointer from stop to stop; the clock, which does not go back, moves only on letting go.
   * @param {PointerEvent} event
   */
  function grab(event) {
    line.setPointerCapture(event.pointerId);
    line.onpointermove = (moved) => {
      const place = nearest(moved.clientX);
      if (!model.get("view").stops[place]?.to) goTo(place);
    };
    line.onpointerup = (ended) => {
      line.onpointermove = line.onpointerup = null;
      goTo(nearest(ended.clientX));
    };
  }

  /** @param {number} x */
  function nearest(x) {
    const marks = [...line.querySelectorAll("[data-stop]")].filter((mark) => mark.getClientRects().length > 0);
    const far = marks.map((mark) => {
      const box = mark.querySelector(".hit")?.getBoundingClientRect();
      return box ? Math.abs((box.left + box.right) / 2 - x) : Infinity;
    });
    const mark = marks[far.indexOf(Math.min(...far))];
    return mark ? Number(mark.getAttribute("data-stop")) : model.get("view").stop;
  }
}

/**
 * Let a message cross its arrow, once.
 * @param {Element} svg
 * @param {number} number
 */
function cross(svg, number) {
  const arrow = svg.querySelector(`[data-step="${number}"] .arrow`);
  if (!(arrow instanceof SVGPathElement)) return;
  const length = arrow.getTotalLength();
  arrow.animate(
    [
      { strokeDasharray: `${length}`, strokeDashoffset: `${length}` },
      { strokeDasharray: `${length}`, strokeDashoffset: "0" },
    ],
    { duration: 600, easing: "ease-out" },
  );
}

export default { render };
