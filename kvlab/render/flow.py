"""The picture of a flow: lanes, numbered steps, and who holds the private key."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from kvlab.render.markup import SEEDED, style_of, text
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kvlab.render.stage import Holding, KeyPlace, Lane, Look, State, Step, Story

WIDTH = 760
MARGIN = 20
_TOP = 64
_CARD = 118
_STEP = 66
_LOOP = 104
_TICKS = 5
"""So many light arrows stand for any number of polls."""

STATE_SIGNS: dict[State, str] = {"done": "✓", "now": "◐", "to come": "○", "unseen": "·", "told": "✓"}
STATE_WORDS: dict[State, str] = {
    "done": "done", "now": "now", "to come": "to come", "unseen": "outside the vault, not seen by it",
    "told": "done, you say; the vault can not see it"
}  # fmt: skip
_CLASSES: dict[State, str] = {"done": "ok", "now": "now", "to come": "todo", "unseen": "off", "told": "told"}
_LOOKS: dict[Look, str] = {"exists": "ok", "pending": "now", "to come": "todo", "over": "off"}
LOOK_SIGNS: dict[Look, str] = {"exists": "✓", "pending": "◐", "to come": "○", "over": "✕"}
STATUS_LOOKS: dict[str, str] = {"exists": "ok", "pending": "now", "to come": "off", "over": "off"}
_KEY = '<circle cx="4" cy="7" r="3.2"/><path d="M7.200 7H14M11 7v3M14 7v3"/>'
_KEY_MARKS: dict[KeyPlace, str] = {"none": '<path d="M1 13 15 1"/>', "gone": '<path d="M1 1 15 13M1 13 15 1"/>'}


class Place(NamedTuple):
    """Where a lane stands: its middle, and the width of the card on top of it."""

    x: int
    width: int


class _Frame(NamedTuple):
    """Where everything stands."""

    lanes: Mapping[str, Place]
    home: int
    rows: tuple[int, ...]
    height: int


def flow_svg(story: Story, *, seeded: bool, selected: int = 0) -> str:
    """
    Draw a flow, live and static alike.

    Args:
        story: how it stands.
        seeded: whether to say that the keys are not secret.
        selected: the number of the step that is marked; 0 for none.

    Returns:
        An SVG element of 760 units width, with its own paper. Done, now and to come differ by sign, line and word; the
        one solid ink object is the private key. Each step is a group with ``data-step``, its arrow a path ``arrow``.
    """
    frame = _frame(story)
    return "".join([
        _opening(flow_sentence(story), frame.height),
        style_of("flow.css"),
        f'<rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{frame.height - 1}" rx="10"/>',
        _head(story, seeded=seeded),
        *(_life(frame, place) for place in frame.lanes.values() if story.steps),
        *(_lane_card(lane, frame.lanes[lane.id]) for lane in story.lanes),
        *(_band(step, y, selected == step.number) for step, y in zip(story.steps, frame.rows, strict=True)),
        *_bars(story.steps, frame),
        *(_step(step, frame, y) for step, y in zip(story.steps, frame.rows, strict=True)),
        _legend(frame.height - 16) if story.steps else "",
        "</svg>",
    ])  # fmt: skip


def flow_sentence(story: Story) -> str:
    """Say in one sentence how far a flow has come and where the private key is."""
    if story.kind == "none":
        return f"No flow: nothing has happened to a {story.subject} {story.name} yet."
    under_way = next((step for step in story.steps if step.state == "now"), None)
    where = f"step {under_way.number} is under way: {under_way.title}" if under_way else f"status {story.status}"
    return f"{story.title}. {story.subject.capitalize()} {story.name}, {where}. {story.key_sentence}"


def flow_text(story: Story) -> str:
    """Write a flow as lines for a terminal."""
    lines = [f"{story.title} · {story.subject} {story.name} · {story.status}"]
    for step in story.steps:
        remark = f" ({step.remark})" if step.remark else ""
        state = f"{STATE_SIGNS[step.state]} {STATE_WORDS[step.state]:<8}"
        lines.append(f"{step.number} {state}{way(step)}: {step.title}{remark}")
    return "\n".join([*lines, story.key_sentence] if story.steps else lines)


def way(step: Step) -> str:
    """Say from where to where a step leads."""
    return step.source if step.source == step.target else f"{step.source} → {step.target}"


def state_words(step: Step) -> str:
    """Return the state of a step with its sign."""
    return f"{STATE_SIGNS[step.state]} {STATE_WORDS[step.state]}"


def clip(value: str, width: float, each: float = 7) -> str:
    """
    Cut text that is too long for its place, and escape it.

    Args:
        value: plain text, perhaps from outside.
        width: units there are.
        each: units of a character.
    """
    shown = visible(value)
    room = max(int(width / each), 1)
    return text(shown if len(shown) <= room else f"{shown[: room - 1]}…")


def _frame(story: Story) -> _Frame:
    lanes = _places(story.lanes)
    home = next((lanes[lane.id].x for lane in story.lanes if lane.home), 0)
    y = _TOP + _CARD + 44
    rows: list[int] = []
    for step in story.steps:
        looped = step.loop is not None
        rows.append(y + 14 if looped else y)
        y += _LOOP if looped else _STEP
    height = y + 20 if story.steps else _TOP + _CARD + 20
    return _Frame(lanes, home, tuple(rows), height)


def _places(lanes: tuple[Lane, ...]) -> dict[str, Place]:
    """Share the width out: the lane that everything is about is wider, and what is left stands between them."""
    gap = 30
    unit = (WIDTH - 2 * MARGIN - gap * (len(lanes) - 1)) / sum(1.37 if lane.home else 1 for lane in lanes)
    widths = [int(min(unit * 1.37, 300) if lane.home else min(unit, 220)) for lane in lanes]
    spare = WIDTH - 2 * MARGIN - sum(widths)
    between = spare / max(len(lanes) - 1, 1)
    found: dict[str, Place] = {}
    left = float(MARGIN)
    for lane, width in zip(lanes, widths, strict=True):
        found[lane.id] = Place(round(left + width / 2), width)
        left += width + between
    return found


def _opening(sentence: str, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kvf" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'role="img" aria-label="{text(sentence)}" style="max-width:100%;height:auto">'
    )


def _life(frame: _Frame, place: Place) -> str:
    return f'<line class="life" x1="{place.x}" y1="{_TOP + _CARD}" x2="{place.x}" y2="{frame.height - 44}"/>'


def _head(story: Story, *, seeded: bool) -> str:
    kind = STATUS_LOOKS[story.look]
    words = f"{LOOK_SIGNS[story.look]} {story.status}" if story.steps else "○ to come"
    width = 7 * len(words) + 20
    head = (
        f'<text class="h" x="20" y="28">{text(story.title)}</text>'
        f'<text class="u" x="20" y="46">{text(story.subject)} '
        f'<tspan class="w">{clip(story.name, 560)}</tspan></text>'
        f'<rect class="p{kind}" x="{WIDTH - 20 - width}" y="15" width="{width}" height="22" rx="11"/>'
        f'<text x="{WIDTH - 20 - width / 2:g}" y="30" text-anchor="middle">{text(words)}</text>'
    )
    if not seeded:
        return head
    x = WIDTH - 20 - width - 8 - 252
    return head + (
        f'<rect x="{x}" y="15.5" width="252" height="21" rx="10.5" fill="none" class="off" stroke-dasharray="3 3"/>'
        f'<text class="u" x="{x + 126}" y="30" text-anchor="middle">{SEEDED}</text>'
    )


def _lane_card(lane: Lane, place: Place) -> str:
    left = place.x - place.width // 2
    kind = "vault" if lane.home else "card"
    title = clip(lane.title, place.width - 28, 7.6)
    beside = left + 14 + 7.6 * len(lane.title) + 10
    room = left + place.width - 10 - beside
    subtitle = clip(lane.subtitle, room, 6.8) if lane.subtitle and room > 40 else ""
    return (
        f'<rect class="{kind}" x="{left}" y="{_TOP}" width="{place.width}" height="{_CARD}" rx="8"/>'
        f'<text class="t" x="{left + 14}" y="{_TOP + 24}">{title}</text>'
        f'<text class="m" x="{beside:g}" y="{_TOP + 24}">{subtitle}</text>'
        f"{_chips(lane, left, place.width)}{_key_line(lane, left, place.width)}"
    )


def _chips(lane: Lane, left: int, width: int) -> str:
    if not lane.holds:
        return ""
    count = len(lane.holds)
    room = (width - 24 - 6 * (count - 1)) // count
    each = room if count > 2 or len(lane.holds[0].words) > 16 else min(room, 92)
    return "".join(
        _chip(left + 12 + at * (each + 6), _TOP + 36, each, holding) for at, holding in enumerate(lane.holds)
    )


def _chip(x: int, y: int, width: int, holding: Holding) -> str:
    middle = x + width // 2
    title = y + 16 if holding.note else y + 23
    words = clip(holding.words, width - 6, 6.2)
    note = (
        f'<text class="n" x="{middle}" y="{y + 31}">{clip(holding.note, width - 6, 5.4)}</text>' if holding.note else ""
    )
    return (
        f'<rect class="soft {_LOOKS[holding.look]}" x="{x}.5" y="{y}.5" width="{width}" height="38" rx="5"/>'
        f'<text class="c {holding.look.replace(" ", "")}" x="{middle}" y="{title}">{words}</text>{note}'
    )


def _key_line(lane: Lane, left: int, width: int) -> str:
    y = _TOP + _CARD - 34
    if lane.key == "here":
        return (
            f'<rect class="key" x="{left + 12}" y="{y}" width="{width - 24}" height="24" rx="12"/>'
            f'<g class="keyg" transform="translate({left + 24} {y + 5})">{_KEY}</g>'
            f'<text class="keyt" x="{left + 46}" y="{y + 16}">{clip(lane.key_words, width - 56, 6.6)}</text>'
        )
    mark = _KEY_MARKS.get(lane.key, "")
    return (
        f'<g class="nokey" transform="translate({left + 14} {y + 8})">{_KEY}{mark}</g>'
        f'<text class="u" x="{left + 36}" y="{y + 20}">{clip(lane.key_words, width - 40, 5.7)}</text>'
    )


def _bars(steps: tuple[Step, ...], frame: _Frame) -> list[str]:
    """Draw who is busy from one message to the next."""
    bars: list[str] = []
    line = [(step, y) for step, y in zip(steps, frame.rows, strict=True) if step.loop is None]
    for (step, y), (after, below) in pairwise(line):
        busy = step.state == "done" and after.source == step.target and after.state in ("done", "now")
        if busy:
            x = frame.lanes[step.target].x
            bars.append(f'<line class="bar {_CLASSES[after.state]}" x1="{x}" y1="{y}" x2="{x}" y2="{below}"/>')
    return bars


def _band(step: Step, y: int, selected: bool) -> str:
    return _area(step, y, f'class="band{" sel" if selected else ""}" data-band="{step.number}"')


def _step(step: Step, frame: _Frame, y: int) -> str:
    drawn = _inside(step, frame, y) if step.source == step.target else _arrow(step, frame, y)
    hit = _area(step, y, 'class="hit"')
    return f'<g class="step" data-step="{step.number}">{hit}{drawn}</g>'


def _area(step: Step, y: int, attributes: str) -> str:
    top, height = (y - 42, _LOOP - 6) if step.loop is not None else (y - 32, _STEP)
    return f'<rect {attributes} x="10" y="{top}" width="{WIDTH - 20}" height="{height}" rx="6"/>'


def _arrow(step: Step, frame: _Frame, y: int) -> str:
    kind = _CLASSES[step.state]
    start, end = frame.lanes[step.source].x, frame.lanes[step.target].x
    sign = 1 if end > start else -1
    line_from, line_to = start + 13 * sign, end - 8 * sign
    path = f"M{line_from} {y}H{line_to}"
    middle = frame.home
    if min(start, end) < middle < max(start, end):
        path = f"M{line_from} {y}H{middle - 9 * sign}a9 9 0 0 {1 if sign > 0 else 0} {18 * sign} 0H{line_to}"
    words_x = min(start, end) + (24 if sign > 0 else 16)
    tip = f'<path class="f{kind}" d="M{end - 1 * sign} {y}l{-9 * sign} -4.500v9z"/>'
    loop = "" if step.loop is None else _loop(step, start, end, y)
    return (
        f'{loop}<path class="ar arrow {kind}" d="{path}"/>{tip}{_words(step, words_x, y)}{_disc(step, start, y)}'
        f"{_callout(step, min(start, end), y)}"
    )


def _loop(step: Step, start: int, end: int, y: int) -> str:
    """Draw the frame of a step that is repeated, and a light arrow for each time, up to a handful."""
    left, right = min(start, end), max(start, end)
    ticks = "".join(
        f'<path class="tick" d="M{left + 14} {y + 9 + at * 7}H{right - 8}m-5 -2.500l5 2.500l-5 2.500"/>'
        for at in range(min(step.loop or 0, _TICKS))
    )
    return (
        f'<rect class="loop" x="{left - 22}" y="{y - 38}" width="{right - left + 40}" height="86" rx="6"/>'
        f'<path class="tab" d="M{left - 22} {y - 22}h44l6 -6v-10h-50z"/>'
        f'<text class="n s" x="{left - 14}" y="{y - 26}">loop</text>{ticks}'
    )


def _inside(step: Step, frame: _Frame, y: int) -> str:
    """Draw a step that leads back to where it starts; where the page ends to its left, else to its right."""
    kind, x = _CLASSES[step.state], frame.lanes[step.source].x
    sign, anchor = (-1, "end") if x > WIDTH - 220 else (1, "start")
    words = x + 52 * sign
    return (
        f'<path class="ar arrow {kind}" d="M{x + 13 * sign} {y - 8}h{30 * sign}v22h{-34 * sign}"/>'
        f'<path class="f{kind}" d="M{x + 2 * sign} {y + 14}l{9 * sign} -4.500v9z"/>{_disc(step, x, y - 8)}'
        f'<g class="halo" text-anchor="{anchor}"><text class="t" x="{words}" y="{y - 4}">{text(step.title)}</text>'
        f'<text class="m" x="{words}" y="{y + 12}">{text(step.detail)}</text>{_state_line(step, words, y + 28)}</g>'
    )


def _disc(step: Step, x: int, y: int) -> str:
    kind = _CLASSES[step.state]
    disc = f'<circle class="disc {kind}" cx="{x}" cy="{y}" r="12"/>'
    number = f'<text class="num f{kind}" x="{x}" y="{y + 4.500}">{step.number}</text>'
    if step.state != "done":
        return disc + number
    return f'{disc}{number}<path class="ar ok" d="M{x + 7} {y - 11}l3 3 6 -7"/>'


def _words(step: Step, x: int, y: int) -> str:
    return (
        f'<g class="halo"><text class="t" x="{x}" y="{y - 8}">{text(step.title)}</text>'
        f'<text class="m" x="{x}" y="{y + 16}">{text(step.detail)}</text>{_state_line(step, x, y + 31)}</g>'
    )


def _state_line(step: Step, x: int, y: int) -> str:
    words = f"{STATE_SIGNS[step.state]} {STATE_WORDS[step.state]}" if step.state in ("now", "unseen", "told") else ""
    if step.overrides:
        return ""
    if not step.remark:
        return f'<text class="u w" x="{x}" y="{y}">{words}</text>' if words else ""
    if step.refused:
        return f'<text class="fbad" x="{x}" y="{y}">✕ {clip(step.remark, 280, 6.4)}</text>'
    return f'<text class="u" x="{x}" y="{y}">{clip(f"{words}: {step.remark}" if words else step.remark, 300, 6)}</text>'


def _callout(step: Step, right: int, y: int) -> str:
    """Draw beside an answer that it is not what was asked for."""
    if not step.overrides:
        return ""
    left, width = 24, right - 24 - 34
    first = next((one for one in step.overrides if one.get("field") == "validity"), step.overrides[0])
    words = f"{first['field']}: {first['asked'] or 'nothing'} → {first['issued'] or 'nothing'}"
    return (
        f'<path class="ar warn" d="M{left + width} {y}H{right - 4}"/>'
        f'<rect class="note" x="{left}" y="{y - 24}" width="{width}" height="48" rx="8"/>'
        f'<text class="t" x="{left + 12}" y="{y - 5}">{clip(words, width - 20, 7.2)}</text>'
        f'<text class="u" x="{left + 12}" y="{y + 13}">{clip(step.remark, width - 20, 6)}</text>'
    )


def _legend(y: int) -> str:
    marks: tuple[tuple[State, str, int], ...] = (
        ("done", "✓ done", 20), ("now", "◐ now", 106), ("to come", "○ to come", 186)
    )  # fmt: skip
    return "".join(
        f'<line class="ar {_CLASSES[state]}" x1="{x}" y1="{y - 4}" x2="{x + 24}" y2="{y - 4}"/>'
        f'<text class="u" x="{x + 30}" y="{y}">{words}</text>'
        for state, words, x in marks
    )
