"""The moments at which a certificate's flow can be looked at again: one for each event that shows in its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kvlab.render.chapter import BEGINNINGS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kvlab.events import Event

UNSHOWN = frozenset({"update_certificate", "update_certificate_policy", "get_certificate"})
_WORDS = {
    "create_certificate": "asked for",
    "import_certificate": "imported",
    "merge_certificate": "merged",
    "restore_certificate": "restored",
    "delete_certificate": "deleted",
    "recover_deleted_certificate": "recovered",
    "purge_deleted_certificate": "purged",
    "purge": "purged: its time was over",
    "backup_certificate": "backed up",
    "update_certificate_operation": "asked to cancel",
    "delete_certificate_operation": "pending object deleted",
    "expired": "expired",
    "poll": "polled",
    "refused": "refused",
}


class Moment(NamedTuple):
    """
    A moment.

    Attributes:
        seq: of the newest event that has happened by then.
        time: of that event (aware, UTC).
        words: what happened.
        step: the number of the step it belongs to, where it is one of the flow.
        bad: whether it went wrong.
        chapter: which beginning it follows, from 0.
    """

    seq: int
    time: datetime
    words: str
    step: int | None
    bad: bool
    chapter: int


def read_moments(mine: Sequence[Event]) -> list[Moment]:
    """
    Find the moments.

    Args:
        mine: the events about one certificate, oldest first; see ``kvlab.render.story.own_events``.

    Returns:
        The moments, oldest first. Polls that follow each other are one, and so is what the CA is asked again and again.
    """
    found: list[Moment] = []
    chapter = -1
    last = ""
    for event in mine:
        chapter += event.kind in BEGINNINGS
        if chapter < 0 or event.kind in UNSHOWN or event.detail.get("outcome") == "renewed":
            continue
        moment = Moment(event.seq, event.time, event_words(event), event.step, is_bad(event), chapter)
        kind = _kind(event)
        if found and kind and kind == last:
            found[-1] = moment
        else:
            found.append(moment)
        last = kind
    return found


def _kind(event: Event) -> str:
    """Return what makes two neighbours one moment; empty for what is always one of its own."""
    if event.kind == "poll":
        return "poll"
    return "talk" if event.kind.startswith("ca.") and event.step is None else ""


def event_words(event: Event) -> str:
    """Say in a few words what happened."""
    if event.kind == "transition":
        return f"{event.detail.get('from')} → {event.detail.get('to')}"
    if event.kind == "lifetime_action":
        return f"{event.detail.get('action')}: {event.detail.get('outcome')}"
    if event.kind.startswith("ca."):
        return "the request goes to the CA" if event.kind == "ca.request" else "the CA answers"
    if event.kind == "refused":
        return f"{event.detail.get('operation')} refused"
    return _WORDS.get(event.kind, event.kind)


def is_bad(event: Event) -> bool:
    """Tell whether something went wrong."""
    return event.kind in ("refused", "ca.refusal", "expired") or event.detail.get("to") in ("failed", "cancelled")
