"""The events about one certificate, divided where it begins anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kvlab.events import Event

BEGINNINGS = ("create_certificate", "import_certificate", "restore_certificate")
_ENDS = {
    "delete_certificate": "deleted", "recover_deleted_certificate": "", "purge_deleted_certificate": "purged",
    "purge": "purged", "expired": "expired"
}  # fmt: skip


class Chapter(NamedTuple):
    """
    What happened from one beginning to the next.

    Attributes:
        events: the beginning and what followed.
        current: whether there is an earlier version, which stays in use meanwhile.
    """

    events: list[Event]
    current: bool

    @property
    def first(self) -> Event:
        """How it began."""
        return self.events[0]

    @property
    def status(self) -> str:
        """The status of the operation that began."""
        status = "completed" if self.first.kind != "create_certificate" else "inProgress"
        for event in self.events:
            if event.kind == "delete_certificate_operation":
                status = "deleted"
            elif event.kind in ("transition", "merge_certificate") and "to" in event.detail:
                status = str(event.detail["to"])
        return status

    @property
    def made(self) -> Event | None:
        """What brought the version into being; None as long as there is none, or where no event names it."""
        kinds = self.of("import_certificate", "merge_certificate", "transition")
        return next((event for event in kinds if event.version is not None), None)

    @property
    def end(self) -> str:
        """``deleted`` or ``purged`` where the whole certificate is; ``expired`` where its version is; else empty."""
        ends = [_ENDS[event.kind] for event in self.events if event.kind in _ENDS]
        return ends[-1] if ends else ""

    @property
    def answered(self) -> bool:
        """Whether the vault has said that a creation is under way."""
        return any(event.detail.get("move") == "create" for event in self.of("transition"))

    @property
    def has_version(self) -> bool:
        """Whether there is a version whose key may be used."""
        return self.current or self.status == "completed"

    @property
    def authority(self) -> str:
        """The CA that was spoken to; empty if none was."""
        return next((str(event.detail["authority"]) for event in self.events if "authority" in event.detail), "")

    @property
    def renewed(self) -> bool:
        """Whether the vault began it by itself."""
        return self.first.actor == "vault"

    def of(self, *kinds: str) -> tuple[Event, ...]:
        """Return the events of some kinds."""
        return tuple(event for event in self.events if event.kind in kinds)


def about(name: str) -> str:
    """Return how events name a certificate, to be compared without regard to case."""
    return f"certificates/{name}".casefold()


def own_events(events: Iterable[Event], name: str) -> list[Event]:
    """Return the events about a certificate, each once and the oldest first."""
    wanted = about(name)
    return [
        event
        for _, event in sorted({event.seq: event for event in events if event.object.casefold() == wanted}.items())
    ]


def chapters(mine: Sequence[Event]) -> list[Chapter]:
    """Divide the events about a certificate at each beginning; what came before the first is left out."""
    begun = [at for at, event in enumerate(mine) if event.kind in BEGINNINGS]
    ends = [*begun[1:], len(mine)]
    found: list[Chapter] = []
    current = False
    for start, end in zip(begun, ends, strict=False):
        chapter = Chapter(list(mine[start:end]), current)
        found.append(chapter)
        # A restored certificate has versions, though no event names one.
        current = chapter.end != "purged" and (
            current or chapter.first.kind != "create_certificate" or any(event.version for event in chapter.events)
        )
    return found
