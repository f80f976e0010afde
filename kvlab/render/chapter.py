"""The events about one certificate, divided where it begins anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from kvlab.vault.turn import VAULT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kvlab.events import Event

BEGINNINGS = ("create_certificate", "import_certificate", "restore_certificate")
_GONE = {
    "delete_certificate": "deleted", "recover_deleted_certificate": "", "purge_deleted_certificate": "purged",
    "purge": "purged"
}  # fmt: skip
_MAKING = ("import_certificate", "merge_certificate", "transition")
Origin = Literal["made", "brought", "restored"]
_ORIGINS: dict[str, Origin] = {"import_certificate": "brought", "restore_certificate": "restored"}


class Chapter(NamedTuple):
    """
    What happened from one beginning to the next.

    Attributes:
        events: the beginning and what followed.
        current: whether there is an earlier version, which stays in use meanwhile.
        aged: whether that one had expired before.
        origin: how the key of this chapter came to the vault; of a key that is taken again, as it came first.
    """

    events: list[Event]
    current: bool
    aged: bool = False
    origin: Origin = "made"

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
        return next((event for event in self.of(*_MAKING) if event.version is not None), None)

    @property
    def end(self) -> str:
        """``deleted`` or ``purged`` where the whole certificate is; ``expired`` where its version is; else empty."""
        gone = [_GONE[event.kind] for event in self.events if event.kind in _GONE]
        return gone[-1] if gone and gone[-1] else "expired" if self.expired else ""

    @property
    def expired(self) -> bool:
        """Whether the version in use has expired; who deletes and recovers it does not make it younger."""
        expired = self.aged
        for event in self.events:
            if event.kind == "expired":
                expired = True
            elif event.version is not None and event.kind in _MAKING:
                expired = False
        return expired

    @property
    def under_way(self) -> bool:
        """Whether anybody can still do a step of it: what is pending on a deleted certificate stands still."""
        return self.status == "inProgress" and self.end not in ("deleted", "purged")

    @property
    def reuses(self) -> bool:
        """Whether the key of the version before was taken again, and none was made."""
        return bool(self.first.detail.get("key_reused"))

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
    def issuer_authority(self) -> str:
        """The CA that the vault itself spoke to, not one that somebody took the request to; empty if none was."""
        asked = (event for event in self.of("ca.request") if event.actor == VAULT)
        return next((str(event.detail["authority"]) for event in asked if "authority" in event.detail), "")

    @property
    def renewed(self) -> bool:
        """Whether the vault began it by itself."""
        return self.first.actor == VAULT

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
    current = aged = False
    before: Origin = "made"
    for start, end in zip(begun, ends, strict=False):
        first = mine[start]
        origin = before if first.detail.get("key_reused") else _ORIGINS.get(first.kind, "made")
        chapter = Chapter(list(mine[start:end]), current, aged, origin)
        found.append(chapter)
        # A restored certificate has versions, though no event names one.
        current = chapter.end != "purged" and (
            current or chapter.first.kind != "create_certificate" or any(event.version for event in chapter.events)
        )
        aged = current and chapter.expired
        before = origin if chapter.made or chapter.status == "completed" else before
    return found
