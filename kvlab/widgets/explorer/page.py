"""The explorer where none runs: the page of the list that is shown, and what is opened of it, as plain HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.render.markup import card, seed_pill, tag, text
from kvlab.widgets.explorer.detail import pane_view
from kvlab.widgets.explorer.sheet import sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.widgets.explorer.panel import ExplorerPanel


def explorer_html(panel: ExplorerPanel) -> str:
    """Return the list and the overview of what is selected, without controls."""
    head, view = panel.head, panel.view
    marks = seed_pill() if head["seed"] else ""
    subtitle = f"{text(head['words'])} · {text(head['clock'])} {text(head['kind'])}"
    rows = view["rows"]
    rest = view["total"] - len(rows)
    more = f'<div class="kvr-note">and {rest:,} more</div>' if rest > 0 else ""
    table = sheet(("Certificate", "State", "Good for", "Key", "Left"), map(_row, rows)) if rows else ""
    empty = f'<div class="kvr-note">{text(view["empty"])}</div>' if view["empty"] else ""
    return card(head["title"], subtitle, marks, view["refusal"] + table + empty + more + _opened(panel))


def _row(row: dict[str, Any]) -> Iterator[str]:
    yield f"<b>{text(row['name'])}</b>"
    yield f'<span class="kvr-pill {row["role"]}"><i>{row["sign"]}</i> {text(row["state"])}</span>'
    yield text(row["names"])
    yield tag(row["kind"]) if row["kind"] else ""
    yield text(row["remark"] or row["left"])


def _opened(panel: ExplorerPanel) -> str:
    if panel.opened is None:
        return ""
    shown = panel.shown
    state = shown["pill"]
    mark = f'<span class="kvr-pill {state["role"]}"><i>{state["sign"]}</i> {text(state["words"])}</span>'
    body = pane_view("overview", panel.opened, panel.inventory)["html"]
    return f'<div class="kvr-head"><b class="kvr-title">{text(shown["name"])}</b>{mark}</div>{body}'
