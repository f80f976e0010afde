"""
What will become of a certificate that is not made yet: its versions to come, as a picture and as a sentence.

The picture stands in a form and is drawn in the page's own colours.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kvlab.render.markup import text
from kvlab.render.timeline import day_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kvlab.vault.lifetime import Foreseen

WIDTH = 560
_BAR, _ROW = 18, 22
_LETTER = 6.8
_INK = 'font-family="var(--kv-sans)" font-size="12" fill="var(--kv-ink)"'
_DAY = timedelta(days=1)


def course_words(course: Sequence[Foreseen]) -> str:
    """Say when the vault renews, when it tells the contacts, and when the first version ends."""
    first = course[0]
    ends = day_words(first.ends)
    told = " and ".join(f"on {day_words(at)}, {_after(first, at)}" for at in first.tells)
    tells = f"The contacts are told {told}. " if told else ""
    if first.renews is not None:
        renews = f"{day_words(first.renews)}, {_after(first, first.renews)}"
        again = ", and so on" if len(course) > 2 else ""
        return f"{tells}The vault makes version 2 on {renews}{again}; version 1 ends on {ends}."
    if tells:
        return f"{tells}Version 1 ends on {ends}, unless you make another one."
    return f"Nothing happens by itself: version 1 ends on {ends}."


def course_svg(course: Sequence[Foreseen]) -> str:
    """Draw a bar for each version, from its making to its end, each below the one it takes over from."""
    start = course[0].begins
    last = course[-1]
    # What goes on beyond the last one that is drawn is cut off at the edge.
    until = last.ends if len(course) == 1 else last.begins + (last.ends - last.begins) * 3 / 4
    span = max(until - start, _DAY)

    def place(at: datetime) -> float:
        return 1.5 + (WIDTH - 3) * ((at - start) / span)

    height = _ROW * len(course)
    marks = [(place(at), at) for at in _instants(course)]
    return "".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 28}" width="{WIDTH}" {_INK} ',
        f'role="img" aria-label="{text(course_words(course))}">',
        *(f'<path d="M{_tick(x)} {height + 2}v5" stroke="var(--kv-ctl)"/>' for x, _ in marks),
        *(
            _bar(version, number, place(version.begins), place(version.ends))
            + "".join(_letter(place(at), _ROW * (number - 1)) for at in version.tells)
            for number, version in enumerate(course, start=1)
        ),
        _days(marks, height + 21),
        "</svg>",
    ])  # fmt: skip


def _bar(version: Foreseen, number: int, start: float, end: float) -> str:
    # Only the first is what the button makes; the others are to come.
    dashes = "" if number == 1 else ' stroke-dasharray="4 3"'
    words = f"version {number}" if number == 1 else str(number)
    title = f"version {number}: {day_words(version.begins)} to {day_words(version.ends)}"
    y = _ROW * (number - 1) + 1.5
    return (
        f'<g><title>{title}</title><rect fill="var(--kv-ok-bg)" stroke="var(--kv-ok)" x="{start:.1f}" y="{y}" '
        f'width="{end - start:.1f}" height="{_BAR}" rx="4" stroke-width="1.5"{dashes}/>'
        f'<text font-weight="650" x="{start + 8:.1f}" y="{y + 13}">{words}</text></g>'
    )


def _letter(x: float, y: float) -> str:
    return f'<text text-anchor="middle" x="{min(x, WIDTH - 10):.1f}" y="{y + 15}">✉</text>'


def _instants(course: Sequence[Foreseen]) -> list[datetime]:
    first = course[0]
    if len(course) > 1:
        return [version.begins for version in course]
    return [first.begins, *first.tells, first.ends]


def _tick(x: float) -> str:
    return f"{min(max(x, 1), WIDTH - 1):.1f}"


def _days(marks: Sequence[tuple[float, datetime]], y: float) -> str:
    """Write the days below, those for which there is room; the last one before those in between."""
    parts: list[str] = []
    free = 0.0
    last = WIDTH - _LETTER * len(day_words(marks[-1][1])) - 6
    for x, at in marks:
        words = day_words(at)
        half = _LETTER * len(words) / 2
        middle = min(max(x, half), WIDTH - half)
        if middle - half >= free and (at == marks[-1][1] or middle + half <= last):
            parts.append(f'<text text-anchor="middle" x="{middle:.1f}" y="{y}">{words}</text>')
            free = middle + half + 6
    return "".join(parts)


def _after(version: Foreseen, at: datetime) -> str:
    return f"after {round((at - version.begins) / _DAY)} of {round((version.ends - version.begins) / _DAY)} days"
