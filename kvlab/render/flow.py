"""The picture of a flow: lanes, numbered steps, and who holds the private key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kvlab.render.markup import SEEDED, style_of, text

if TYPE_CHECKING:
    from kvlab.render.story import Lane, State, Step, Story

WIDTH = 760
_TOP = 64
_CARD_HEIGHT = 108
_STEP = 64

TITLES = {
    "manual": "Manual flow: a CA of your choice",
    "self-signed": "Self-signed: the vault signs its own",
    "known issuer": "Known issuer: the vault asks the CA",
    "import": "Import: a private key moves in",
    "none": "Nothing has happened yet",
}
STATE_SIGNS: dict[State, str] = {"done": "✓", "now": "◐", "to come": "○", "unseen": "·"}
STATE_WORDS: dict[State, str] = {
    "done": "done", "now": "now", "to come": "to come", "unseen": "outside the vault, not seen by it"
}  # fmt: skip
_CLASSES: dict[State, str] = {"done": "ok", "now": "now", "to come": "todo", "unseen": "off"}


class _Place(NamedTuple):
    """Where a lane stands: its middle, and the width of the card on top of it."""

    x: int
    width: int


_THREE: dict[Lane, _Place] = {"application": _Place(118, 196), "vault": _Place(380, 268), "CA": _Place(642, 196)}
_TWO: dict[Lane, _Place] = {"application": _Place(160, 220), "vault": _Place(540, 300)}


def flow_svg(story: Story, *, vault_name: str, seeded: bool) -> str:
    """
    Draw a flow.

    Args:
        story: what has happened.
        vault_name: shown on the vault's card.
        seeded: whether to say that the keys are not secret.

    Returns:
        An SVG element of 760 units width, with its own paper. Done, now and to come differ by sign, line and word; the
        one solid ink object is the private key.
    """
    lanes = _THREE if story.kind in ("manual", "known issuer") else _TWO
    first = _TOP + _CARD_HEIGHT + 46
    bottom = first + len(story.steps) * _STEP - 24
    height = bottom + 40 if story.steps else _TOP + _CARD_HEIGHT + 20
    parts = [
        _opening(flow_sentence(story), height),
        style_of("flow.css"),
        f'<rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>',
        _head(story, seeded),
        *(
            f'<line class="life" x1="{place.x}" y1="{_TOP + _CARD_HEIGHT}" x2="{place.x}" y2="{bottom}"/>'
            for place in lanes.values()
            if story.steps
        ),
        *(_lane_card(lane, place, story, vault_name) for lane, place in lanes.items()),
        *(_arrow(step, lanes, first + at * _STEP) for at, step in enumerate(story.steps)),
        _legend(height - 16) if story.steps else "",
        "</svg>",
    ]
    return "".join(parts)


def _opening(sentence: str, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kvf" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'role="img" aria-label="{text(sentence)}" style="max-width:100%;height:auto">'
    )


def flow_sentence(story: Story) -> str:
    """Say in one sentence how far a flow has come and where the private key is."""
    if story.kind == "none":
        return f"No flow: nothing has happened to a certificate {story.name} yet."
    under_way = next((step for step in story.steps if step.state == "now"), None)
    where = f"step {under_way.number} is under way: {under_way.title}" if under_way else f"status {story.status}"
    return f"{TITLES[story.kind]}. Certificate {story.name}, {where}. {key_sentence(story)}"


def key_sentence(story: Story) -> str:
    """Say where the private key is."""
    if story.kind == "import":
        return "The private key is in the vault; whoever had the file may have it still."
    if story.status == "deleted":
        return "The pending operation was deleted."
    return "The private key was made in the vault, and no step carries it out."


def flow_text(story: Story) -> str:
    """Write a flow as lines for a terminal."""
    lines = [f"{TITLES[story.kind]} · certificate {story.name} · {story.status}"]
    for step in story.steps:
        way = step.source if step.source == step.target else f"{step.source} → {step.target}"
        remark = f" ({step.remark})" if step.remark else ""
        lines.append(f"{step.number} {STATE_SIGNS[step.state]} {STATE_WORDS[step.state]:<8}{way}: {step.title}{remark}")
    return "\n".join([*lines, key_sentence(story)] if story.steps else lines)


def _head(story: Story, seeded: bool) -> str:
    kind = {"completed": "ok", "inProgress": "now"}.get(story.status, "off")
    sign = {"completed": "✓ ", "inProgress": "◐ ", "failed": "✕ "}.get(story.status, "")
    words = f"{sign}{story.status}" if story.steps else "○ to come"
    width = 7 * len(words) + 20
    head = (
        f'<text class="h" x="20" y="28">{TITLES[story.kind]}</text>'
        f'<text class="u" x="20" y="46">certificate <tspan class="w">{text(story.name)}</tspan></text>'
        f'<rect class="p{kind}" x="{WIDTH - 20 - width}" y="15" width="{width}" height="22" rx="11"/>'
        f'<text x="{WIDTH - 20 - width / 2:g}" y="30" text-anchor="middle">{words}</text>'
    )
    if not seeded:
        return head
    x = WIDTH - 20 - width - 8 - 252
    return head + (
        f'<rect x="{x}" y="15.5" width="252" height="21" rx="10.5" fill="none" class="off" stroke-dasharray="3 3"/>'
        f'<text class="u" x="{x + 126}" y="30" text-anchor="middle">{SEEDED}</text>'
    )


def _lane_card(lane: Lane, place: _Place, story: Story, vault_name: str) -> str:
    left, top = place.x - place.width // 2, _TOP
    kind = "vault" if lane == "vault" else "card"
    frame = f'<rect class="{kind}" x="{left}" y="{top}" width="{place.width}" height="{_CARD_HEIGHT}" rx="8"/>'
    if lane == "vault":
        return frame + _vault_card(left, top, place.width, story, vault_name)
    title = "Your application" if lane == "application" else "Your CA" if story.kind == "manual" else story.ca or "CA"
    chips = _holdings(lane, story)
    held = "".join(
        _chip(left + 14 + at * 86, top + 36, 80, words, final=final) for at, (words, final) in enumerate(chips)
    )
    return f'{frame}<text class="t" x="{left + 14}" y="{top + 24}">{text(title)}</text>{held}' + _key_line(
        lane, story, left + 14, top + _CARD_HEIGHT - 14
    )


def _vault_card(left: int, top: int, width: int, story: Story, vault_name: str) -> str:
    head = (
        f'<text class="t" x="{left + 14}" y="{top + 24}">Key vault</text>'
        f'<text class="m" x="{left + 92}" y="{top + 24}">{text(vault_name)}</text>'
    )
    if story.kind == "none" or story.status == "deleted":
        words = "nothing of this name" if story.kind == "none" else "the pending object was deleted"
        return head + f'<text class="u" x="{left + 14}" y="{top + 60}">{words}</text>'
    ready = [("certificate", True), ("secret", True)]
    waiting = [("pending", False)] if story.current else [("pending", False), ("CSR", False)]
    chips = ready if story.status == "completed" else [*(ready if story.current else []), *waiting]
    each = 88 if len(chips) < 3 else 76
    held = "".join(
        _chip(left + 14 + at * (each + 6), top + 36, each, words, final=final)
        for at, (words, final) in enumerate(chips)
    )
    kind = f" · {text(story.key)}" if story.key else ""
    y = top + _CARD_HEIGHT - 34
    pill = (
        f'<rect class="key" x="{left + 12}" y="{y}" width="{width - 24}" height="24" rx="12"/>'
        f'<g class="keyg" transform="translate({left + 24} {y + 5})">{_KEY}</g>'
        f'<text class="keyt" x="{left + 46}" y="{y + 16}">private key is here{kind}</text>'
    )
    return head + held + pill


_KEY = '<circle cx="4" cy="7" r="3.2"/><path d="M7.200 7H14M11 7v3M14 7v3"/>'


def _holdings(lane: Lane, story: Story) -> list[tuple[str, bool]]:
    """Return what the application or the CA has in hand: words, and whether it is final."""
    if story.kind == "manual":
        reached = ("done", "unseen")
        if lane == "application":
            return [("CSR", False)] * (story.step(2) in reached) + [("certificate", True)] * (story.step(4) in reached)
        return [("CSR", False)] * (story.step(3) in reached)
    if lane == "CA":
        return [("CSR", False)] * (story.step(2) == "done") + [("certificate", True)] * (story.step(4) == "done")
    return [("PFX or PEM", True)] * (story.kind == "import")


def _key_line(lane: Lane, story: Story, x: int, y: int) -> str:
    if story.kind == "import" and lane == "application":
        return f'<text class="u" x="{x}" y="{y}">had the key; may have a copy</text>'
    return (
        f'<g class="nokey" transform="translate({x} {y - 12})">{_KEY}<path d="M1 13 15 1"/></g>'
        f'<text class="u" x="{x + 22}" y="{y}">no private key</text>'
    )


def _chip(x: int, y: int, width: int, words: str, *, final: bool) -> str:
    kind = "ok" if final else "off"
    dash = "" if final else ' style="stroke-dasharray:3 3"'
    return (
        f'<rect class="soft {kind}" x="{x}.5" y="{y}.5" width="{width}" height="26" rx="5"{dash}/>'
        f'<text x="{x + width // 2}" y="{y + 18}" text-anchor="middle">{words}</text>'
    )


def _arrow(step: Step, lanes: dict[Lane, _Place], y: int) -> str:
    kind = _CLASSES[step.state]
    start, end = lanes[step.source].x, lanes[step.target].x
    if start == end:
        return _loop(step, start, y)
    right = end > start
    sign = 1 if right else -1
    line_from, line_to = start + 13 * sign, end - 8 * sign
    path = f"M{line_from} {y}H{line_to}"
    middle = lanes["vault"].x
    if min(start, end) < middle < max(start, end):
        path = f"M{line_from} {y}H{middle - 9 * sign}a9 9 0 0 {1 if right else 0} {18 * sign} 0H{line_to}"
    words_x = min(start, end) + (24 if right else 16)
    tip = f'<path class="f{kind}" d="M{end - 1 * sign} {y}l{-9 * sign} -4.500v9z"/>'
    return f'<path class="ar {kind}" d="{path}"/>{tip}{_words(step, words_x, y)}{_disc(step, start, y)}'


def _loop(step: Step, x: int, y: int) -> str:
    kind = _CLASSES[step.state]
    return (
        f'<path class="ar {kind}" d="M{x + 13} {y - 8}h30v22h-34"/>'
        f'<path class="f{kind}" d="M{x + 2} {y + 14}l9 -4.500v9z"/>{_disc(step, x, y - 8)}'
        f'<text class="t" x="{x + 52}" y="{y}">{step.title}</text>'
        f'<text class="m" x="{x + 52}" y="{y + 15}">{step.detail}</text>{_state_word(step, x + 52, y + 30)}'
    )


def _disc(step: Step, x: int, y: int) -> str:
    kind = _CLASSES[step.state]
    solid = ' style="stroke-dasharray:none"' if step.state == "now" else ""
    disc = f'<circle class="disc {kind}" cx="{x}" cy="{y}" r="12"{solid}/>'
    number = f'<text class="num f{kind}" x="{x}" y="{y + 4.500}">{step.number}</text>'
    if step.state != "done":
        return disc + number
    check = f'<path class="ar ok" d="M{x + 7} {y - 11}l3 3 6 -7"/>'
    return disc + number + check


def _words(step: Step, x: int, y: int) -> str:
    return (
        f'<g class="halo"><text class="t" x="{x}" y="{y - 9}">{step.title}</text>'
        f'<text class="m" x="{x}" y="{y + 16}">{step.detail}</text>{_state_word(step, x, y + 31)}</g>'
    )


def _state_word(step: Step, x: int, y: int) -> str:
    words = f"{STATE_SIGNS[step.state]} {STATE_WORDS[step.state]}" if step.state in ("now", "unseen") else ""
    if not step.remark:
        return f'<text class="u w" x="{x}" y="{y}">{words}</text>' if words else ""
    if step.refused:
        return f'<text class="fbad" x="{x}" y="{y}">✕ {text(step.remark)}</text>'
    remark = f"{words}: {step.remark}" if words else step.remark
    return f'<text class="u" x="{x}" y="{y}">{text(remark)}</text>'


def _legend(y: int) -> str:
    marks: tuple[tuple[State, str, int], ...] = (
        ("done", "✓ done", 20), ("now", "◐ now", 106), ("to come", "○ to come", 186)
    )  # fmt: skip
    return "".join(
        f'<line class="ar {_CLASSES[state]}" x1="{x}" y1="{y - 4}" x2="{x + 24}" y2="{y - 4}"/>'
        f'<text class="u" x="{x + 30}" y="{y}">{words}</text>'
        for state, words, x in marks
    )
