"""One append-only log of what happened in a vault: for audit, diagrams, replay and checks."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

VAULT, IOT = "vault", "AWS IoT"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """
    One thing that happened. It never holds private-key material, a password or an issuer's credential.

    Attributes:
        seq: 1, 2, 3, … without gaps.
        time: aware UTC instant, whole seconds, of the vault's clock.
        actor: the principal who called; ``vault`` for work that fell due; a CA's name for its answers.
        kind: the operation id of an accepted change (``create_certificate``), or ``refused``, ``transition``, …
        object: what it is about, such as ``certificates/web``.
        version: the version made or touched (32 hexadecimal digits), if one.
        request_id: the pending operation's id, if one.
        step: the numbered step of the manual or the known-issuer flow, if it is one.
        detail: facts by name; JSON values. ``request`` are the arguments of the call, without those that are secret.
    """

    seq: int
    time: datetime
    actor: str
    kind: str
    object: str
    version: str | None = None
    request_id: str | None = None
    step: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """
        Whose event it is: ``vault``, or ``AWS IoT`` beside it, which has operations of the same names.

        What AWS IoT's events are about is an ARN, was to be one (``iot/…``), or is an account (``aws/…``).
        """
        return IOT if self.object.startswith(("arn:aws:", "iot/", "aws/")) else VAULT

    def to_json(self) -> dict[str, Any]:
        """Return the members as JSON values; ``time`` as epoch seconds."""
        return {**asdict(self), "time": int(self.time.timestamp())}


class EventLog:
    """
    The events of one vault, oldest first.

    Args:
        read: returns the stored events with a ``seq`` above the given one, at most ``limit`` of them if that is given.
        last: returns the number of the newest event, 0 if there is none.
        about: returns the newest events about an object (in lower case), at most ``limit`` of them, oldest first.
    """

    def __init__(
        self,
        read: Callable[[int, int | None], Sequence[Event]],
        last: Callable[[], int],
        about: Callable[[str, int | None], Sequence[Event]],
    ) -> None:
        self._read = read
        self._last = last
        self._about = about
        self._subscribers: list[Callable[[Event], None]] = []
        self._told = 0
        self._telling = threading.RLock()

    def since(self, seq: int = 0, limit: int | None = None) -> list[Event]:
        """Return the events after number ``seq``, oldest first, at most ``limit`` of them."""
        return list(self._read(seq, limit))

    def about(self, what: str, limit: int | None = None) -> list[Event]:
        """Return the newest events about an object, ``certificates/web`` in any case, at most ``limit``, in order."""
        return list(self._about(what.lower(), limit))

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``callback(event)`` for every event from now on, once it is stored; returns a function that ends it."""
        with self._telling:
            if not self._subscribers:
                self._told = self._last()
            self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def publish(self) -> None:
        """Tell the subscribers what was stored since the last time, in order, whichever thread stored it."""
        if not self._subscribers:
            return
        with self._telling:
            while fresh := self.since(self._told, 1):
                self._told = fresh[0].seq
                self._tell(fresh[0])

    def _tell(self, event: Event) -> None:
        for callback in tuple(self._subscribers):
            try:
                callback(event)
            except Exception:  # noqa: BLE001  the change has happened, and the others want to know
                _log.exception("An event subscriber failed at event %d.", event.seq)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.since())

    def __len__(self) -> int:
        return self._last()

    def __repr__(self) -> str:
        return f"EventLog({len(self)} events)"
