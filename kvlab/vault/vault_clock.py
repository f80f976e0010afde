"""Which clock a vault has, and a simulated one whose hand several servers move."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeGuard

from kvlab.clock import Clock, SimulatedClock, SystemClock
from kvlab.errors import InvalidProperty, OpenRefused
from kvlab.store import vault as rows

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Row

    from kvlab.store.store import Store


class SharedClock(SimulatedClock):
    """
    A simulated clock that is moved in the database, so that two servers that move it at once both move it.

    Args:
        store: where the vault is.
        vault_id: whose clock it is.
        start: where its hand is (aware, UTC).
    """

    def __init__(self, store: Store, vault_id: int, start: datetime) -> None:
        super().__init__(start)
        self._store = store
        self._vault_id = vault_id

    def _move(self, step: timedelta) -> datetime:
        with self._store.write() as connection:
            if (stored := rows.lock_vault(connection, self._vault_id)) is not None:
                self.catch_up(datetime.fromtimestamp(stored, UTC))
            now = self.now() + step
            rows.move_clock(connection, self._vault_id, int(now.timestamp()))
        self.catch_up(now)
        return now


def find_clock(wanted: Clock | str | None, row: Row[Any] | None, parent: Clock | None) -> Clock:
    """
    Return the clock of a vault that is opened.

    Args:
        wanted: what the caller says; None for what the vault has.
        row: the stored vault; None for a new one.
        parent: the clock of the vault that a new one is a sibling of.

    Raises:
        OpenRefused: the vault has a clock of another kind.
        InvalidProperty: it is no clock.
    """
    if row is None:
        return _named(wanted or "system") if parent is None else _like(parent)
    clock = _named(wanted or row.clock_kind)
    if clock.kind != row.clock_kind:
        raise OpenRefused(f"The vault {row.name} was made with a {row.clock_kind} clock, not a {clock.kind} one.")
    if isinstance(clock, SimulatedClock):
        stored = datetime.fromtimestamp(row.clock_instant, UTC)
        if not is_clock(wanted):
            return SimulatedClock(stored)
        clock.catch_up(stored)
    return clock


def is_clock(wanted: Clock | str | None) -> TypeGuard[Clock]:
    """Tell whether a caller brings a clock, rather than the name of one."""
    return wanted is not None and not isinstance(wanted, str)


def _like(clock: Clock) -> Clock:
    return SimulatedClock(clock.now()) if clock.kind == "simulated" else SystemClock()


def _named(wanted: Clock | str) -> Clock:
    if wanted == "system":
        return SystemClock()
    if wanted == "simulated":
        return SimulatedClock()
    if isinstance(wanted, str) or not hasattr(wanted, "now"):
        raise InvalidProperty("clock", f"It is 'system', 'simulated' or a clock, not {wanted!r}.")
    return wanted
