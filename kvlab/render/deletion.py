"""What a deleted object has more: when it was deleted, until when it can be recovered, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.render.markup import instant, mono, pill
from kvlab.wire.certificate import Deletion

if TYPE_CHECKING:
    from collections.abc import Iterator


def condition_pill(thing: Any) -> str:
    """Return whether an object is deleted, else whether it is enabled."""
    if isinstance(thing, Deletion):
        return pill("deleted", "bad")
    return pill("enabled", "ok") if thing.attributes.enabled is not False else pill("disabled", "bad")


def deletion_rows(thing: Any) -> Iterator[tuple[str, str]]:
    """Return the rows of a deleted object; none for a live one."""
    if not isinstance(thing, Deletion):
        return
    yield "Deleted", instant(thing.deleted_date)
    until = '<span class="kvr-muted">until then it can be recovered</span>'
    yield "Purged", f"{instant(thing.scheduled_purge_date)} {until}"
    yield "Recovery id", mono(thing.recovery_id)
