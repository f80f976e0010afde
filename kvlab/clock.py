"""The one place where time comes from."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

ClockKind = Literal["system", "simulated"]

SIMULATED_START = datetime(2026, 6, 1, 9, 0, 0, tzinfo=UTC)
"""Where ``clock="simulated"`` starts: after 2026-03-15, when public TLS certificates were cut to 200 days."""


class Clock(Protocol):
    """Something that says what time it is, as an aware UTC datetime."""

    @property
    def kind(self) -> ClockKind:
        """Whether time passes by itself (``system``) or only when it is moved (``simulated``)."""

    def now(self) -> datetime:
        """Return the present instant (aware, UTC)."""


class SystemClock:
    """The machine's own clock, in UTC; a vault counts in whole seconds of it."""

    kind: ClockKind = "system"

    def now(self) -> datetime:
        """Return the present instant (aware, UTC)."""
        return datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251  this is the room where time comes from

    def __repr__(self) -> str:
        return "SystemClock()"


class SimulatedClock:
    """
    A clock that stands still until it is moved.

    Args:
        start: an aware datetime, or ISO 8601 text such as ``2026-09-01T09:00Z``; text without a zone is UTC.

    Raises:
        ValueError: the text is no ISO 8601 instant, or the datetime has no zone.

    Examples:
        >>> from kvlab import SimulatedClock
        >>> SimulatedClock("2026-09-01T09:00Z").advance(days=30).isoformat()
        '2026-10-01T09:00:00+00:00'
    """

    kind: ClockKind = "simulated"

    def __init__(self, start: datetime | str = SIMULATED_START) -> None:
        self._now = _instant(start)
        self._lock = threading.Lock()
        self._subscribers: list[Callable[[datetime], None]] = []

    def now(self) -> datetime:
        """Return the instant the hand points at (aware, UTC)."""
        return self._now

    def advance(
        self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0, weeks: float = 0
    ) -> datetime:
        """
        Move the hand forward and let every vault on this clock do what fell due meanwhile.

        Args:
            seconds: how far, together with ``minutes``, ``hours``, ``days`` and ``weeks``; the sum may be 0.

        Returns:
            The new instant; everything due by then has been done.

        Raises:
            ValueError: no finite number; the sum is negative (time does not go back), or leads past the year 9999.
        """
        step = _span(seconds=seconds, minutes=minutes, hours=hours, days=days, weeks=weeks)
        if step < timedelta(0):
            seconds = step.total_seconds()
            raise ValueError(f"A clock does not go back: advance takes 0 or more seconds, not {seconds:g}.")
        try:
            now = self._move(step)
        except OverflowError:
            raise ValueError("A clock ends with the year 9999.") from None
        self._tell(now)
        return now

    def catch_up(self, instant: datetime) -> None:
        """Move the hand forward to a stored instant, if that is later, and tell nobody; it does not go back."""
        with self._lock:
            self._now = max(self._now, _instant(instant))

    def subscribe(self, callback: Callable[[datetime], None]) -> Callable[[], None]:
        """Call ``callback(now)`` after every move; returns a function that ends the subscription."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def _move(self, step: timedelta) -> datetime:
        with self._lock:
            self._now += step
            return self._now

    def _tell(self, now: datetime) -> None:
        for callback in tuple(self._subscribers):
            callback(now)

    def __repr__(self) -> str:
        return f"SimulatedClock({self._now.isoformat().replace('+00:00', 'Z')!r})"


def _span(**parts: object) -> timedelta:
    for unit, part in parts.items():
        if isinstance(part, bool) or not isinstance(part, (int, float)) or not math.isfinite(part):
            raise ValueError(
                f"advance takes a number of seconds, minutes=, hours=, days= or weeks=; {unit} is {part!r}."
            )
    try:
        return timedelta(**parts)  # type: ignore[arg-type]
    except OverflowError:
        raise ValueError("A clock ends with the year 9999.") from None


def _instant(value: datetime | str) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is no instant: write it like 2026-09-01T09:00Z.") from None
        if value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
    if value.tzinfo is None:
        raise ValueError("A clock needs a datetime with a time zone.")
    return value.astimezone(UTC)
