"""A table with headings, as some tabs show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.markup import text

if TYPE_CHECKING:
    from collections.abc import Iterable


def sheet(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """
    Return a table.

    Args:
        heads: plain text.
        rows: cells, HTML.
    """
    head = "".join(f"<th>{text(word)}</th>" for word in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="kvr-f kvx-rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
