"""The picture of a form, for pages where no kernel runs."""

from __future__ import annotations

from typing import NamedTuple

from kvlab.render.markup import SEEDED, style_of, text

WIDTH = 760
_LEFT = 172
_TOP = 57
_ROW = 40
_CARDS = 58
_LONGEST = 76
_WIDE_LETTER = 7.8
_ONLY_A_PICTURE = "a picture: run the cell to use the form"


class Shown(NamedTuple):
    """
    A field as the picture shows it.

    Attributes:
        label: its words.
        value: as one line.
        kind: see ``kvlab.widgets.field.Field``; what a secret field held is never drawn.
        options: the words of all values, where there are only some.
    """

    label: str
    value: str
    kind: str = "text"
    options: tuple[str, ...] = ()


class Drawn(NamedTuple):
    """A form as the picture shows it: ``tabs`` are the words of all, ``tab`` those of the one that is open."""

    title: str
    subtitle: str
    rows: list[Shown]
    tabs: list[str]
    tab: str
    button: str


def form_svg(form: Drawn, *, seeded: bool) -> str:
    """Draw a form as it stood when it was shown."""
    y = _TOP
    parts: list[str] = []
    above = [row for row in form.rows if row.kind == "cards"]
    for row in above:
        parts += _cards(row, y + 12)
        y += _CARDS + 12
    for at, row in enumerate(row for row in form.rows if row.kind != "cards"):
        if at == 1 and form.tabs:
            parts += _tabs(form, y + 6)
            y += 42
        parts.append(_row(row, y + 7))
        y += _ROW
    height, wide = y + 62, 9 * len(form.button) + 24
    seed = (
        f'<rect x="{WIDTH - 282}" y="15.5" width="262" height="21" rx="10.5" fill="none" stroke="#858585" '
        f'stroke-dasharray="3 3"/><text class="u" x="{WIDTH - 151}" y="30" text-anchor="middle">{SEEDED}</text>'
        if seeded
        else ""
    )
    return "".join([
        _opening(form_sentence(form), height),
        style_of("form.css"),
        f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="10" fill="#fff" stroke="#dedede"/>',
        f'<text class="h" x="20" y="26">{text(form.title)}</text>',
        f'<text class="u" x="20" y="44">{text(form.subtitle)}</text>{seed}',
        f'<line x1="0" x2="{WIDTH}" y1="56.5" y2="56.5" stroke="#dedede"/>',
        *parts,
        *([_button(form.button, wide, y)] if form.button else []),
        f'<text class="u" x="{wide + 36 if form.button else 20}" y="{y + 36}">{_ONLY_A_PICTURE}</text>',
        "</svg>",
    ])  # fmt: skip


def form_sentence(form: Drawn) -> str:
    """Say what a form holds."""
    return f"{form.title}: " + ", ".join(f"{row.label} {row.value or 'empty'}" for row in form.rows)


def _opening(sentence: str, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kvp" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'role="img" aria-label="{text(sentence)}">'
    )


def _button(label: str, wide: int, y: int) -> str:
    return (
        f'<rect x="20" y="{y + 16}" width="{wide}" height="30" rx="6" fill="#155fa8"/>'
        f'<text class="b" x="{20 + wide / 2:g}" y="{y + 36}">{text(label)}</text>'
    )


def _cards(row: Shown, y: int) -> list[str]:
    wide = (WIDTH - 40 - 10 * (len(row.options) - 1)) / len(row.options)
    parts = []
    for at, option in enumerate(row.options):
        x = 20 + at * (wide + 10)
        chosen = option == row.value
        ink = 'fill="#eef4fb" stroke="#155fa8" stroke-width="2"' if chosen else 'fill="#fff" stroke="#bdbdbd"'
        mark = f'<text x="{x + wide - 22:g}" y="{y + 28}" fill="#155fa8">✓</text>' if chosen else ""
        parts.append(
            f'<rect x="{x:g}" y="{y}" width="{wide:g}" height="46" rx="8" {ink}/>'
            f'<text class="l" x="{x + 14:g}" y="{y + 28}">{text(option)}</text>{mark}'
        )
    return parts


def _tabs(form: Drawn, y: int) -> list[str]:
    parts = [f'<line x1="0" x2="{WIDTH}" y1="{y + 29.5}" y2="{y + 29.5}" stroke="#dedede"/>']
    x = 20.0
    for words in form.tabs:
        wide = len(words) * _WIDE_LETTER
        open_one = words == form.tab
        parts.append(f'<text class="{"l" if open_one else "u"}" x="{x:g}" y="{y + 20}">{text(words)}</text>')
        if open_one:
            parts.append(f'<rect x="{x - 4:g}" y="{y + 28}" width="{wide + 6:g}" height="2" fill="#155fa8"/>')
        x += wide + 16
    return parts


def _row(row: Shown, y: int) -> str:
    if row.kind == "check":
        mark = (
            f'<path d="M175 {y + 15}l4 4 7-9" fill="none" stroke="#155fa8" stroke-width="2"/>'
            if row.value == "yes"
            else ""
        )
        return (
            f'<text x="198" y="{y + 20}">{text(row.label)}</text>'
            f'<rect x="171.5" y="{y + 6.5}" width="17" height="17" rx="3" fill="#fff" stroke="#858585"/>{mark}'
        )
    label = f'<text class="l" x="20" y="{y + 20}">{text(row.label)}</text>'
    if row.kind == "action":
        return (
            f'<rect x="20.5" y="{y + 0.5}" width="{8 * len(row.label) + 20}" height="30" rx="6" fill="#fff" '
            f'stroke="#858585"/><text x="30" y="{y + 20}">{text(row.label)}</text>'
        )
    value = row.value if len(row.value) <= _LONGEST else row.value[: _LONGEST - 1] + "…"
    arrow = (
        f'<path d="M{WIDTH - 40} {y + 12}l5 6 5-6" fill="none" stroke="#5c5c5c" stroke-width="1.6"/>'
        if row.kind == "choice"
        else ""
    )
    dashes = ' stroke-dasharray="4 3"' if row.kind == "file" else ""
    return (
        f'{label}<rect x="{_LEFT - 0.5}" y="{y + 0.5}" width="{WIDTH - _LEFT - 20}" height="30" rx="6" fill="#fff" '
        f'stroke="#858585"{dashes}/><text class="m" x="182" y="{y + 20}">{text(value)}</text>{arrow}'
    )
