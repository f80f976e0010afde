"""The state machine of a pending operation, drawn from the vault's own table of transitions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from kvlab.errors import VaultError
from kvlab.render.flow import clip
from kvlab.render.markup import SEEDED, style_of, text
from kvlab.vault.operation import Move, Status, Worker, answer, outcome

WIDTH, HEIGHT = 776, 316
_W, _H = 132, 52
_SPOTS = {
    Status.NONE: (20, 136), Status.IN_PROGRESS: (252, 136), Status.COMPLETED: (548, 46),
    Status.CANCELLED: (548, 136), Status.FAILED: (548, 226)
}  # fmt: skip
"""Where the left upper corner of each state stands."""
_ENDS = (Status.COMPLETED, Status.CANCELLED, Status.FAILED)


class _Line(NamedTuple):
    """How a line from one state to another is drawn: its path, its tip, and where its words end, begin or stand."""

    path: str
    tip: str
    x: int
    y: int
    anchor: str = "start"


_LINES = {
    (Status.NONE, Status.IN_PROGRESS): _Line("M152 152H243", "M251 152l-9 -4.500v9z", 201, 145, "middle"),
    (Status.IN_PROGRESS, Status.NONE): _Line("M252 174H161", "M153 174l9 -4.500v9z", 201, 190, "middle"),
    (Status.IN_PROGRESS, Status.IN_PROGRESS): _Line(
        "M276 136C262 104 302 104 292 127", "M291 135l-4.500 -9h9z", 280, 104, "middle"
    ),
    (Status.IN_PROGRESS, Status.COMPLETED): _Line(
        "M384 148C460 148 450 72 538 72", "M547 72l-9 -4.500v9z", 496, 68, "end"
    ),
    (Status.IN_PROGRESS, Status.CANCELLED): _Line("M384 162H538", "M547 162l-9 -4.500v9z", 534, 156, "end"),
    (Status.IN_PROGRESS, Status.FAILED): _Line(
        "M384 176C460 176 450 252 538 252", "M547 252l-9 -4.500v9z", 496, 266, "end"
    ),
    (Status.CANCELLED, Status.COMPLETED): _Line("M680 150C706 138 706 96 690 88", "M681 88l9 -4.500v9z", 724, 162),
    (Status.FAILED, Status.COMPLETED): _Line("M680 240C732 220 732 90 690 72", "M681 72l9 -4.500v9z", 724, 162),
}
_SHARED = {
    Status.IN_PROGRESS: _Line("M614 46V16H350V127", "M350 135l-4.500 -9h9z", 606, 32, "end"),
    Status.NONE: _Line("M614 278V300H86V197", "M86 189l-4.500 9h9z", 100, 294),
}
"""The lines on which all three end states lead on."""
SIGNS = {
    Status.NONE: "•", Status.IN_PROGRESS: "◐", Status.COMPLETED: "✓", Status.CANCELLED: "⊘", Status.FAILED: "✕"
}  # fmt: skip
NOTES = {
    Status.NONE: "no operation", Status.IN_PROGRESS: "waits for a signer", Status.COMPLETED: "there is a version",
    Status.CANCELLED: "nothing was issued", Status.FAILED: "the issuer said no"
}  # fmt: skip
WORKERS = {Worker.CALLER: "you: issuer Unknown", Worker.ISSUER: "an issuer: Self, or one by name"}
"""Who has to sign, in words."""
BY_VAULT = frozenset({Move.ISSUE, Move.FAIL, Move.CANCEL})
"""The moves that no caller makes."""
WORDS = {
    Move.ISSUE: "the issuer issues", Move.FAIL: "the issuer refuses", Move.CANCEL: "the issuer grants it",
}  # fmt: skip


Barred = Mapping[Move, VaultError]
NOTHING_BARRED: Barred = MappingProxyType({})


class Where(NamedTuple):
    """
    Where an operation stands.

    Attributes:
        name: of the certificate; may be text from outside.
        status: of its operation.
        worker: who has to sign.
        issuer: the issuer's name in the policy.
        request_id: of the operation; empty without one.
        asked_to_cancel: whether somebody asked for it to be cancelled.
    """

    name: str
    status: Status
    worker: Worker
    issuer: str
    request_id: str = ""
    asked_to_cancel: bool = False


class Cell(NamedTuple):
    """
    What a move leads to from one state.

    Attributes:
        kind: ``legal``, ``refused``, or ``none`` where nobody can try it.
        words: the status after it, or the status code of the refusal.
        sentence: the refusal's, whole.
    """

    kind: str
    words: str
    sentence: str = ""


def move_words(move: Move) -> str:
    """Return a move in words."""
    return WORDS.get(move, move.value)


def cell(where: Where, status: Status, move: Move) -> Cell:
    """Look up one move from one state in the vault's table."""
    found = answer(status, move, where.worker, name=where.name, issuer=where.issuer)
    if found is None:
        return Cell("none", "·")
    if isinstance(found, VaultError):
        return Cell("refused", str(found.status), " ".join(found.message.split()))
    return Cell("legal", found.value)


def now_cell(where: Where, move: Move, barred: Barred) -> Cell:
    """Tell what a move leads to now: the table's word, unless the vault refuses it for a reason that is not there."""
    refusal = barred.get(move)
    if refusal is None:
        return cell(where, where.status, move)
    return Cell("refused", str(refusal.status), " ".join(refusal.message.split()))


def machine_sentence(where: Where, barred: Barred = NOTHING_BARRED) -> str:
    """
    Say in one sentence where an operation stands and where it can go.

    Args:
        where: how it stands.
        barred: what the vault would refuse now though the table has it: for the name, or for want of a permission.
    """
    targets = [
        f"{move_words(move)} to {found.words}"
        for move in Move
        if (found := now_cell(where, move, barred)).kind == "legal" and found.words != where.status
    ]
    can = f" From here: {', '.join(targets)}." if targets else ""
    return f"State machine of the operation on {where.name}: it is {where.status.value}; {_signer(where)} signs.{can}"


def machine_text(where: Where, barred: Barred = NOTHING_BARRED) -> str:
    """Write where an operation stands, and what each move would be answered, for a terminal; arguments as above."""
    lines = [f"operation on {where.name} · {SIGNS[where.status]} {where.status.value} · {_signer(where)} signs"]
    for move in Move:
        found = now_cell(where, move, barred)
        if found.kind == "legal":
            lines.append(f"✓ {move_words(move)}: {found.words}")
        elif found.kind == "refused":
            lines.append(f"✕ {move_words(move)}: {found.words} {found.sentence}")
    return "\n".join(lines)


def barred_html(where: Where, barred: Barred) -> str:
    """List what the vault would refuse now though the table has it; empty if there is nothing such."""
    found = [(move_words(move), now_cell(where, move, barred)) for move in barred]
    items = "".join(f"<li>{text(words)}: {now.words} {text(now.sentence)}</li>" for words, now in found)
    return f"<p>Refused now, whatever the table says:</p><ul>{items}</ul>" if items else ""


def machine_table(where: Where) -> str:
    """Return every move from every state as an HTML table; the state it is in is marked."""
    heads = "".join(f'<th scope="col"{_here(where, status)}>{text(status.value)}</th>' for status in Status)
    rows = "".join(f'<tr><th scope="row">{text(move_words(move))}</th>{_cells(where, move)}</tr>' for move in Move)
    caption = f"Every move, every state. Who has to sign: {WORKERS[where.worker]}"
    return (
        f'<table class="kvl-moves"><caption>{text(caption)}</caption>'
        f"<thead><tr><th>move</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _here(where: Where, status: Status) -> str:
    return ' class="here"' if status is where.status else ""


def _cells(where: Where, move: Move) -> str:
    return "".join(_td(where, status, move) for status in Status)


def _td(where: Where, status: Status, move: Move) -> str:
    found = cell(where, status, move)
    sign = {"legal": '<i class="ok">✓</i> ', "refused": '<i class="bad">✕</i> ', "none": ""}[found.kind]
    title = f' title="{text(found.sentence)}"' if found.sentence else ""
    return f"<td{_here(where, status)}{title}>{sign}{text(found.words)}</td>"


def _signer(where: Where) -> str:
    return "your own CA" if where.worker is Worker.CALLER else f"issuer {where.issuer}"


def machine_svg(where: Where, *, seeded: bool, barred: Barred = NOTHING_BARRED) -> str:
    """
    Draw the state machine, live and static alike; a line is there because the table has a row for it.

    Args:
        where: how the operation stands; the lines that lead on from there are marked.
        seeded: whether to say that the keys are not secret.
        barred: as for the sentence; no line is marked for them.
    """
    return "".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kvf" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" ',
        f'role="img" aria-label="{text(machine_sentence(where, barred))}" style="max-width:100%;height:auto">',
        style_of("flow.css"),
        f'<rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="10"/>',
        _seed() if seeded else "",
        *_lines(where, barred),
        *(_state(where, status) for status in Status),
        "</svg>",
    ])  # fmt: skip


def _seed() -> str:
    return (
        '<g class="seed"><rect x="14" y="12.5" width="252" height="21" rx="10.5" fill="none" class="off" '
        f'stroke-dasharray="3 3"/><text class="u" x="140" y="27" text-anchor="middle">{SEEDED}</text></g>'
    )


def _state(where: Where, status: Status) -> str:
    x, y = _SPOTS[status]
    here = status is where.status
    ring = f'<rect class="ring" x="{x - 5}" y="{y - 5}" width="{_W + 10}" height="{_H + 10}" rx="12"/>' if here else ""
    kind = "here" if here else "vault" if status is Status.NONE else "card"
    note = "asked to cancel" if here and where.asked_to_cancel else NOTES[status]
    return (
        f'{ring}<rect class="{kind}" x="{x}" y="{y}" width="{_W}" height="{_H}" rx="8"/>'
        f'<text class="t" x="{x + 12}" y="{y + 22}">{SIGNS[status]}  {status.value}</text>'
        f'<text class="u" x="{x + 12}" y="{y + 40}">{clip(note, _W - 16, 6)}</text>'
    )


def _moves(where: Where, source: Status, target: Status) -> list[Move]:
    return [move for move in Move if outcome(source, move, where.worker) is target]


def _lines(where: Where, barred: Barred) -> list[str]:
    # What leads on from here comes last: two lines with the same words share their place.
    pairs = sorted(_LINES, key=lambda pair: pair[0] is where.status)
    single = [
        _line(_LINES[pair], moves, leads=pair[0] is where.status and not barred.keys() >= set(moves))
        for pair in pairs
        for moves in [_moves(where, *pair)]
    ]
    return [*single, *(_shared(where, target, line, barred) for target, line in _SHARED.items())]


def _shared(where: Where, target: Status, line: _Line, barred: Barred) -> str:
    """Draw the line on which end states lead to a state, with the moves that do and the states that have them."""
    sources = [status for status in _ENDS if _moves(where, status, target)]
    if not sources:
        return ""
    from_where = "any end state" if len(sources) == len(_ENDS) else " or ".join(status.value for status in sources)
    moves = _moves(where, sources[0], target)
    return _line(
        line, moves, leads=where.status in sources and not barred.keys() >= set(moves), after=f", from {from_where}"
    )


def _line(line: _Line, moves: list[Move], *, leads: bool, after: str = "") -> str:
    """Draw a line with the moves of the table that make it; none if none does."""
    if not moves:
        return ""
    kind = "lead" if leads else "off"
    dash = ' style="stroke-dasharray:6 4"' if all(move in BY_VAULT for move in moves) else ""
    words = ", ".join(map(move_words, moves)) + after
    label = (
        f'<g class="halo"><text class="{"w" if leads else "u"}" x="{line.x}" y="{line.y}" '
        f'text-anchor="{line.anchor}">{text(words)}</text></g>'
    )
    return f'<path class="ar {kind}"{dash} d="{line.path}"/><path class="f{kind}" d="{line.tip}"/>{label}'
