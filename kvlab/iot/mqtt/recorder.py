"""Put into the vault's event log what devices do, without making them wait for the database."""

from __future__ import annotations

import logging
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from kvlab.vault.core import Core

MOST_AT_ONCE = 200
"""Events in one transaction."""

BURST, A_SECOND = 200, 50
"""How many events of the frequent kinds there may be at once, and how many more each second; others are counted."""

SELDOM = ("connect", "disconnect")
"""Kinds that are never left out."""

DEVICE = "device"

_log = logging.getLogger(__name__)


class Note(NamedTuple):
    """Something that happened; see ``kvlab.events.Event``."""

    kind: str
    about: str
    actor: str
    detail: dict[str, Any]


class Recorder:
    """
    A queue of events and a thread that stores them, in order.

    A thousand messages a second would be a thousand rows a second, so messages and refusals are noted while there are
    few; under load some are left out, and the next one that is noted says how many (``left_out``).

    Args:
        core: of the vault.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._thread = ThreadPoolExecutor(1, "kvlab mqtt events")
        self._waiting: deque[Note] = deque()
        self._tokens = float(BURST)
        self._counted_at = time.monotonic()
        self._left_out = 0
        self._is_due = False

    def note(self, kind: str, about: str, **facts: Any) -> None:
        """Take an event. Facts that are None are left out; ``client_id`` is also who did it."""
        if kind not in SELDOM and not self._affordable():
            self._left_out += 1
            return
        client_id = facts.get("client_id")
        detail = {name: _plain(value) for name, value in facts.items() if value is not None}
        if self._left_out:
            detail["left_out"], self._left_out = self._left_out, 0
        self._waiting.append(Note(kind, about, f"{DEVICE}/{_plain(client_id)}" if client_id else DEVICE, detail))
        if not self._is_due:
            self._is_due = True
            self._thread.submit(self._store)

    def _affordable(self) -> bool:
        now = time.monotonic()
        self._tokens = min(BURST, self._tokens + A_SECOND * (now - self._counted_at))
        self._counted_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _store(self) -> None:
        """Store what waits."""
        # What is noted from here on may come too late for this turn, and asks for another one.
        self._is_due = False
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
            try:
                with self._core.turn(DEVICE) as turn:
                    for note in batch:
                        turn.record(note.kind, note.about, actor=note.actor, detail=note.detail)
            except Exception:  # noqa: BLE001  the devices' messages go on, whatever becomes of the log
                _log.exception("%d events of devices could not be stored.", len(batch))

    def flush(self) -> None:
        """Wait until everything noted so far is stored."""
        self._thread.submit(self._store).result()

    def close(self) -> None:
        """Store what waits and end the thread."""
        self._thread.shutdown()


def _plain(value: Any) -> Any:
    """Return a text of a stranger's so that it is safe in any log: printable ASCII."""
    return ascii(value)[1:-1] if isinstance(value, str) and not (value.isascii() and value.isprintable()) else value
