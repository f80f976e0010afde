"""A table of rows as HTML: text to the left, numbers to the right, long values wrap."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from kvlab.render.markup import stylesheet, text

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ROWS = 200
_SHORT = 26
_CODE = frozenset({"value", "oid", "serial", "sha256", "version", "request_id", "detail", "object", "san"})


def table_html(columns: Sequence[str], rows: Sequence[Sequence[Any]], total: int) -> str:
    """
    Return a table.

    Args:
        columns: names.
        rows: what is shown; None for an empty cell.
        total: how many rows there are in all.
    """
    words = [[_words(value) for value in row] for row in rows]
    kinds = [_kind(name, [row[at] for row in rows], [row[at] for row in words]) for at, name in enumerate(columns)]
    head = "".join(f'<th class="{kind}">{text(name)}</th>' for name, kind in zip(columns, kinds, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{kind}">{text(word)}</td>' for word, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in words
    )
    count = f"{total} row{'' if total == 1 else 's'}"
    note = count if total == len(rows) else f"the first {len(rows)} of {count}"
    return (
        f'{stylesheet()}<div class="kvr kvr-scroll"><table class="kvr-f"><thead><tr>{head}</tr></thead>'
        f'<tbody>{body}</tbody></table><div class="kvr-count">{note}</div></div>'
    )


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    return str(value)


def _kind(name: str, values: Sequence[Any], words: Sequence[str]) -> str:
    """Return a column's classes: ``num`` to the right, ``code`` in the type of code, ``short`` never wrapped."""
    given = [value for value in values if value is not None]
    if given and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in given):
        return "num"
    short = "short" if max(map(len, words), default=0) <= _SHORT else "long"
    return f"{short} code" if name in _CODE else short
