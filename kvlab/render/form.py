"""The picture of a form, for pages where no kernel runs."""

from __future__ import annotations

from typing import NamedTuple

from kvlab.render.markup import SEEDED, style_of, text

WIDTH = 760
_TOP = 64
_ROW = 40
_LONGEST = 76


class Shown(NamedTuple):
    """A field as the picture shows it: ``kind`` is ``text``, ``choice``, ``check`` or ``secret``."""

    label: str
    value: str
    kind: str = "text"


def form_svg(title: str, subtitle: str, rows: list[Shown], button: str, *, seeded: bool) -> str:
    """Draw a form as it stood when it was shown; what a password field holds is never drawn."""
    height = _TOP + len(rows) * _ROW + 62
    seed = (
        f'<rect x="{WIDTH - 282}" y="15.5" width="262" height="21" rx="10.5" fill="none" stroke="#858585" '
        f'stroke-dasharray="3 3"/><text class="u" x="{WIDTH - 151}" y="30" text-anchor="middle">{SEEDED}</text>'
        if seeded
        else ""
    )
    bottom, wide = height - 46, 9 * len(button) + 24
    parts = [
        _opening(form_sentence(title, rows), height),
        style_of("form.css"),
        f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="10" fill="#fff" stroke="#dedede"/>',
        f'<text class="h" x="20" y="26">{text(title)}</text>',
        f'<text class="u" x="20" y="44">{text(subtitle)}</text>{seed}',
        f'<line x1="0" x2="{WIDTH}" y1="56.5" y2="56.5" stroke="#dedede"/>',
        *(_row(row, _TOP + 4 + at * _ROW) for at, row in enumerate(rows)),
        f'<rect x="20" y="{bottom}" width="{wide}" height="30" rx="6" fill="#155fa8"/>',
        f'<text class="b" x="{20 + wide / 2:g}" y="{bottom + 20}">{text(button)}</text>',
        f'<text class="u" x="{wide + 36}" y="{bottom + 20}">a picture: run the cell to use the form</text>',
        "</svg>",
    ]
    return "".join(parts)


def _opening(sentence: str, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kvp" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'role="img" aria-label="{text(sentence)}">'
    )


def form_sentence(title: str, rows: list[Shown]) -> str:
    """Say what a form holds."""
    return f"{title}: " + ", ".join(f"{row.label} {row.value or 'empty'}" for row in rows)


def _row(row: Shown, y: int) -> str:
    label = f'<text class="l" x="20" y="{y + 20}">{text(row.label)}</text>'
    if row.kind == "check":
        label = f'<text x="198" y="{y + 20}">{text(row.label)}</text>'
        mark = (
            f'<path d="M175 {y + 15}l4 4 7-9" fill="none" stroke="#155fa8" stroke-width="2"/>'
            if row.value == "yes"
            else ""
        )
        return (
            f'{label}<rect x="171.5" y="{y + 6.5}" width="17" height="17" rx="3" fill="#fff" stroke="#858585"/>{mark}'
        )
    value = row.value if len(row.value) <= _LONGEST else row.value[: _LONGEST - 1] + "…"
    arrow = (
        f'<path d="M{WIDTH - 40} {y + 12}l5 6 5-6" fill="none" stroke="#5c5c5c" stroke-width="1.6"/>'
        if row.kind == "choice"
        else ""
    )
    return (
        f'{label}<rect x="171.5" y="{y + 0.5}" width="{WIDTH - 192}" height="30" rx="6" fill="#fff" stroke="#858585"/>'
        f'<text class="m" x="182" y="{y + 20}">{text(value)}</text>{arrow}'
    )
