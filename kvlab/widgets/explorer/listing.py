"""What the explorer's head and list show, as values that travel to the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.render.markup import SEEDED
from kvlab.widgets.explorer.inventory import PAGE_ROWS, STATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kvlab.widgets.explorer.inventory import Ask, Inventory, Row

_TROUBLE = ("expired", "failed", "unreadable")


def head_view(inventory: Inventory, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return what stands above the list: whose certificates, how they are, what time it is."""
    soon, trouble = counts.get("expires soon", 0), sum(counts.get(state, 0) for state in _TROUBLE)
    words = [_counted(_living(counts), "certificate")]
    if soon:
        words.append(f"{soon:,} expire{'s' if soon == 1 else ''} soon")
    if trouble:
        words.append(f"{trouble:,} ha{'s' if trouble == 1 else 've'} a problem")
    vault = inventory.vault
    return {
        "title": inventory.title,
        "words": " · ".join(words),
        "clock": f"{inventory.now():%-d %b %Y}",
        "kind": "simulated" if vault and vault.clock.kind == "simulated" else "",
        "seed": SEEDED if vault and vault.seeded else "",
        "as": "" if vault is None else vault.principal,
        "makes": vault is not None,
    }


def list_view(
    ask: Ask, rows: Sequence[Row], counts: Mapping[str, int], progress: tuple[int, int] | None, refusal: str
) -> dict[str, Any]:
    """Return a page of the list and the buttons above it."""
    total = total_of(ask.state, counts)
    states = [
        {"state": state, "label": label, "sign": sign, "count": counts.get(state, 0)}
        for state, (sign, _, label) in STATES.items()
        if counts.get(state) or state == ask.state
    ]
    return {
        "query": ask.query,
        "rows": [row_view(row) for row in rows],
        "first": ask.page * PAGE_ROWS,
        "total": total,
        "page": ask.page,
        "pages": max(-(-total // PAGE_ROWS), 1),
        "states": [{"state": "", "label": "All", "sign": "", "count": _living(counts)}, *states],
        "progress": None if progress is None else {"done": progress[0], "of": progress[1]},
        "empty": "" if rows or refusal else _empty(ask, progress),
        "refusal": refusal,
    }


def row_view(row: Row) -> dict[str, Any]:
    """Return a row with the words and signs that it is drawn with."""
    sign, role, _ = STATES[row.state]
    return {
        "key": row.key,
        "name": row.name,
        "state": row.state,
        "sign": sign,
        "role": role,
        "kind": row.kind,
        "names": row.names,
        "left": days_words(row),
        "remark": row.remark or (ago_words(row.days) if row.state == "expired" and row.days is not None else ""),
        "part": None if row.days is None or row.state in ("expired", "pending", "failed") else round(row.part, 3),
    }


def days_words(row: Row) -> str:
    """Return what stands at the right of a row."""
    if row.state in ("expired", "pending", "failed", "deleted", "unreadable") or row.days is None:
        return row.state
    return _counted(row.days, "day")


def ago_words(days: int) -> str:
    """Return how long ago a validity ended; ``days`` is negative."""
    return "today" if days == 0 else f"{_counted(-days, 'day')} ago"


def total_of(state: str, counts: Mapping[str, int]) -> int:
    """Return how many there are in a state; in all but deleted, if none is given."""
    return counts.get(state, 0) if state else _living(counts)


def _living(counts: Mapping[str, int]) -> int:
    return sum(number for state, number in counts.items() if state != "deleted")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _empty(ask: Ask, progress: tuple[int, int] | None) -> str:
    if progress is not None:
        return "Nothing found yet: the reading goes on."
    if ask.query or ask.state:
        return "No certificate is like that."
    return "No certificates yet."
