"""How events become pictures: what a live flow asks of whoever tells one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kvlab.render.chapter import about, chapters
from kvlab.render.moment import read_moments
from kvlab.render.story import read_story

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kvlab.events import Event
    from kvlab.render.moment import Moment
    from kvlab.render.stage import Story


class Reading(Protocol):
    """
    A way to read events. All are functions of the events alone, which are the oldest first and each there once.

    See ``kvlab.render.stage`` for how to add a flow.
    """

    @property
    def about(self) -> str:
        """The object that all of its events are about; empty if they are about several."""

    def hears(self, event: Event) -> bool:
        """Tell whether an event is part of it."""

    def story(self, events: Sequence[Event], told: Collection[int]) -> Story:
        """Tell how the flow stands; ``told`` are the steps that the reader says are done."""

    def moments(self, events: Sequence[Event]) -> list[Moment]:
        """Say which moments can be looked at again."""

    def made(self, events: Sequence[Event], chapter: int) -> Event | None:
        """Return the event by which a chapter led to a version whose life can be shown; None if none did."""


class CertificateReading:
    """
    The flow of a certificate.

    Args:
        name: of the certificate, in any case.
        vault_name: shown on the vault's card.
    """

    def __init__(self, name: str, vault_name: str) -> None:
        self._name = name
        self._vault_name = vault_name
        self.about = about(name)

    def hears(self, event: Event) -> bool:
        """Tell whether an event is about the certificate."""
        return event.object.casefold() == self.about

    def story(self, events: Sequence[Event], told: Collection[int]) -> Story:
        """Tell how the newest version came to be, or how far it is."""
        return read_story(events, self._name, told=told, vault_name=self._vault_name)

    def moments(self, events: Sequence[Event]) -> list[Moment]:
        """Say which moments can be looked at again."""
        return read_moments(events)

    def made(self, events: Sequence[Event], chapter: int) -> Event | None:
        """Return the event that made a chapter's version, unless it was purged."""
        told = chapters(events)
        found = told[chapter]
        if found.end == "purged":
            return None
        # A backup brings a version that its event does not name: as long as nothing follows, it is the newest.
        restored = found.first.kind == "restore_certificate" and found is told[-1]
        return found.first if restored else found.made
