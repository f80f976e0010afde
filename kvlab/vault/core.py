"""What all views of one vault share: its store, clock, chance, event log and settings, and how a turn is taken."""

from __future__ import annotations

import json
import threading
import time
import weakref
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import to_json

from kvlab.clock import Clock, SimulatedClock
from kvlab.entropy import SeededEntropy
from kvlab.errors import StoreUnavailable
from kvlab.events import Event, EventLog
from kvlab.store import certificate as certificates
from kvlab.store import due, mail
from kvlab.store import order as orders
from kvlab.store import vault as rows
from kvlab.store.store import Store
from kvlab.vault.setting import INOPERABLE, check_settings
from kvlab.vault.turn import Turn
from kvlab.vault.vault_clock import SharedClock, find_clock, is_clock
from kvlab.vault.vault_entropy import find_entropy
from kvlab.vault.view import storable
from kvlab.vault.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row

    from kvlab.providers.simulated import SimulatedCa
    from kvlab.vault.postman import Postman

POLLS_REMEMBERED = 10_000
OTHERS_SECONDS = 0.01
"""How often to look whether others are done with what is due."""


class Unattended(NamedTuple):
    """When the earliest and the latest work falls due that somebody has to do; told apart by identity, not by value."""

    at: float
    later: float


NOTHING = Unattended(float("inf"), float("-inf"))


class Core:
    """
    One opened vault.

    Args:
        store: where it is kept.
        name: 3 to 24 letters, digits and single hyphens.
        clock: see ``Vault``.
        seed: see ``Vault``.
        retention_days: 7 to 90; how long deleted objects can be recovered. Fixed when the vault is made.
        purge_protection: whether nobody may purge earlier. Fixed when the vault is made.
        inoperable: see ``Vault``; None keeps what the vault was made with.
        self_delay_seconds: how long the vault takes to sign with issuer ``Self``.
        parent: whose store it is; None if it is this vault's own.

    Raises:
        OpenRefused: the stored vault has another clock or seed.
        InvalidProperty: a setting out of range.
    """

    def __init__(
        self,
        store: Store,
        *,
        name: str,
        clock: Clock | str | None,
        seed: int | str | None,
        retention_days: int,
        purge_protection: bool,
        inoperable: str | None,
        self_delay_seconds: float,
        parent: Core | None = None,
    ) -> None:
        check_settings(name, retention_days, inoperable, self_delay_seconds)
        self.store = store
        self.self_delay_seconds = self_delay_seconds
        with store.write() as connection:
            row = rows.find_vault(connection, name)
            if row is None:
                # Another server may be making it at this moment.
                store.lock(connection)
                row = rows.find_vault(connection, name)
            self.made = row is None
            self.clock: Clock = find_clock(clock, row, None if parent is None else parent.clock)
            if row is None:
                rows.add_vault(connection, {
                    "name": name, "created": self._seconds(), "clock_kind": self.clock.kind,
                    "clock_instant": self._seconds(), "settled_instant": self._seconds(), "seed": None,
                    "retention_days": retention_days, "purge_protection": purge_protection,
                    "inoperable": inoperable or INOPERABLE[0]
                })  # fmt: skip
                row = rows.find_vault(connection, name)
                assert row is not None
            self.name: str = row.name
            self.vault_id: int = row.id
            if store.is_shared and self.clock.kind == "simulated" and not is_clock(clock):
                self.clock = SharedClock(store, self.vault_id, self.clock.now())
            self.entropy = find_entropy(connection, store, row, seed)
            self.retention_days: int = row.retention_days
            self.purge_protection: bool = row.purge_protection
            self.inoperable: str = inoperable or row.inoperable
        self.log = EventLog(self._read_events, self._last_event, self._events_about)
        self.devices_at: str | None = None
        self._parent = parent
        self._siblings: list[Core] = []
        if parent is None:
            weakref.finalize(self, store.close)
        self.postman: Postman | None = None
        self.cas: dict[str, SimulatedCa] = {}
        self._due_lock = threading.RLock()
        self._poll_lock = threading.Lock()
        self._polled: dict[tuple[str, str], int] = {}
        self._unsubscribe = self.clock.subscribe(self._clock_moved) if isinstance(self.clock, SimulatedClock) else None
        self.worker = None if self._unsubscribe else Worker(self)
        self._unattended = NOTHING
        self._retry_at = float("-inf")  # epoch seconds
        if self.worker and (at := self._next_due()) is not None:
            self.scheduled(at)
        if self.worker and store.is_shared:
            self.worker.wake(self.unattended_at)

    def sibling(self, name: str) -> Core:
        """Open another vault of the same database; a new one has a clock of this one's kind. It is closed with it."""
        opened = Core(
            self.store,
            name=name,
            clock=None,
            seed=None,
            retention_days=self.retention_days,
            purge_protection=self.purge_protection,
            inoperable=self.inoperable,
            self_delay_seconds=self.self_delay_seconds,
            parent=self,
        )
        self._siblings.append(opened)
        return opened

    @property
    def seeded(self) -> bool:
        """Whether keys come from a seed, and so are not secret."""
        return self.entropy.seed is not None

    @contextmanager
    def turn(self, actor: str, now: datetime | None = None) -> Iterator[Turn]:
        """
        Run one transaction that may change the vault, at one instant; its events are stored with it and then published.

        Args:
            actor: whose turn it is.
            now: the instant, for work that fell due earlier; else the clock is read.
        """
        with self.store.write() as connection:
            self._see_clock(rows.lock_vault(connection, self.vault_id))
            if isinstance(self.entropy, SeededEntropy) and self.store.changed_elsewhere(connection):
                self.entropy.catch_up(rows.draws(connection, self.vault_id))
            turn = Turn(connection, self.vault_id, now or self.clock.now(), actor)
            yield turn
            self._finish(turn)
        for at in turn.due:
            self.scheduled(at)
        if turn.mails and self.postman:
            self.postman.wake()
        if turn.events:
            self.log.publish()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run one transaction that only reads."""
        with self.store.read() as connection:
            yield connection

    def process_due(self) -> int:
        """Do everything that is due by now, in order of its due time; returns how many steps were done."""
        return self._work(patient=True)

    def _work(self, *, patient: bool) -> int:
        done = 0
        seen = self._unattended
        while True:
            # Asked first: what they leave behind meanwhile is among the due.
            others = patient and self.worker is None and self._others_work()
            with self._one_at_a_time():
                waiting = self._due()
                done += self._do(waiting)
            if not waiting:
                if not others:
                    break
                # On a simulated clock who is patient waits for what others are at: it is not done before.
                time.sleep(OTHERS_SECONDS)
        self._attended(seen)
        return done

    def first_poll(self, request_id: str, actor: str) -> bool:
        """Tell whether this is an actor's first poll of an operation in this second: only that one is an event."""
        now = self._seconds()
        with self._poll_lock:
            if self._polled.get((request_id, actor)) == now:
                return False
            if len(self._polled) > POLLS_REMEMBERED:
                self._polled = {key: second for key, second in self._polled.items() if second == now}
            self._polled[request_id, actor] = now
        return True

    def begin(self) -> None:
        """Do first what fell due, on a clock that passes by itself; a simulated one does it only when it is moved."""
        if self.worker is None:
            self.catch_up()
            return
        now = self.clock.now().timestamp()
        if now < self._retry_at:
            return
        seen = self._unattended
        try:
            if waiting := self._due():
                self._do(waiting)
        except StoreUnavailable as error:
            # The caller may only want to read, which works on a full disk; the worker tries again.
            self._retry_at = now + error.retry_seconds
            return
        if len(waiting) < due.BATCH:
            self._attended(seen)

    def catch_up(self) -> None:
        """Take over how far other servers moved a simulated clock, and end what one of them left undone."""
        if not self.store.is_shared or self.worker is not None:
            return
        with self.store.glance() as connection:
            state = rows.clock_state(connection, self.vault_id)
        self._see_clock(state.clock_instant)
        if state.settled_instant < state.clock_instant:
            # Another server may still be at it, or be gone with an order in its hands: nobody waits for that here.
            self._settle(patient=False)

    def polled_elsewhere(self, turn: Turn, request_id: str) -> bool:
        """Tell whether another server has noted the actor's poll of an operation in this second."""
        return self.store.is_shared and rows.polled(
            turn.connection, self.vault_id, request_id, turn.actor, turn.seconds
        )

    def look(self) -> None:
        """Learn what other servers, which may be gone, left to do."""
        if self.store.is_shared and (at := self._next_due()) is not None:
            self.scheduled(at)

    def scheduled(self, at: float) -> None:
        """Say that something falls due by itself at ``at`` (epoch seconds): somebody must do it if nobody calls."""
        if self.worker is None:
            return
        at = max(at, self.clock.now().timestamp())
        # Always a new object: whoever looked before this moment must not take the work for seen.
        self._unattended = Unattended(min(at, self._unattended.at), max(at, self._unattended.later))
        self.worker.wake(at)

    def next_operation_due(self) -> datetime | None:
        """Return when a pending operation goes on next; None if none does by itself."""
        with self.store.read() as connection:
            at = certificates.next_operation_due(connection, self.vault_id)
        return None if at is None else datetime.fromtimestamp(at, UTC)

    @property
    def unattended_at(self) -> float:
        """When something falls due that no turn has done yet, in epoch seconds; infinity when nothing will."""
        return self._unattended.at

    def _attended(self, seen: Unattended) -> None:
        """Forget what was due when somebody looked; ask the store for the rest only if there is a rest."""
        now = self.clock.now().timestamp()
        if seen.at > now:
            return
        at = self._next_due() if seen.later > now else None
        if self._unattended is seen:
            self._unattended = NOTHING if at is None else Unattended(at, at)

    def instant(self, seconds: int) -> datetime:
        """Return the instant at which work due at ``seconds`` happens: then on a simulated clock, else now."""
        return datetime.fromtimestamp(seconds, UTC) if self.worker is None else self.clock.now()

    def close(self) -> None:
        """Stop worker and postman, and give the database back unless it is another vault's; safe to call twice."""
        for sibling in self._siblings:
            sibling.close()
        if self.worker:
            self.worker.stop()
        if self.postman:
            self.postman.stop()
        if self._unsubscribe:
            self._unsubscribe()
        if self._parent is None:
            self.store.close()

    def _clock_moved(self, now: datetime) -> None:
        with self.store.write() as connection:
            rows.move_clock(connection, self.vault_id, int(now.timestamp()))
        self._settle(patient=True)

    def _settle(self, *, patient: bool) -> None:
        seconds = self._seconds()
        self._work(patient=patient)
        if self.store.is_shared and (patient or not self._others_work()):
            with self.store.write() as connection:
                rows.settle_clock(connection, self.vault_id, seconds)

    def _see_clock(self, stored: int | None) -> None:
        if stored is not None and isinstance(self.clock, SimulatedClock):
            self.clock.catch_up(datetime.fromtimestamp(stored, UTC))

    def _one_at_a_time(self) -> AbstractContextManager[object]:
        """
        Keep other threads from what is due while the earliest of it is found and done, on a simulated clock.

        Else one of them would go on to a later instant while the work at this one still schedules what lies between.
        On a system clock nobody is kept: a step may speak to a CA, and who only wants to read must not wait for that.
        """
        return self._due_lock if self.worker is None else nullcontext()

    def _do(self, waiting: Sequence[Row[Any]]) -> int:
        """Do what is due; each step looks again in its own transaction whether it is still to be done."""
        from kvlab.vault.advance import do_step  # noqa: PLC0415  the steps need turns, and turns run the steps

        return sum(do_step(self, step) for step in waiting)

    def _others_work(self) -> bool:
        with self.store.glance() as connection:
            return orders.busy(connection, self.vault_id, self._seconds())

    def _due(self) -> Sequence[Row[Any]]:
        """List what is due, the earliest first; on a simulated clock only what falls due at the earliest instant."""
        now = self._seconds()
        with self.store.glance() as connection:
            at = due.next_due(connection, self.vault_id)
            if at is None or at > now:
                return []
            # On a simulated clock each step happens at its own instant, and may schedule what comes before the others.
            return due.due(connection, self.vault_id, at if self.worker is None else now)

    def _next_due(self) -> int | None:
        with self.store.glance() as connection:
            found = due.next_due(connection, self.vault_id), orders.lease_end(connection, self.vault_id)
        return min((at for at in found if at is not None), default=None)

    def _seconds(self) -> int:
        return int(self.clock.now().timestamp())

    def _finish(self, turn: Turn) -> None:
        if isinstance(self.entropy, SeededEntropy):
            rows.save_draws(turn.connection, self.vault_id, self.entropy.take_changes())
        if turn.mails:
            mail.add_mails(turn.connection, self.vault_id, turn.mails)
        if not turn.events:
            return
        rows.append_events(turn.connection, [
            {
                "vault_id": self.vault_id, "log": self.vault_id, "time": turn.seconds, "actor": actor,
                "kind": kind, "object": about, "version": version, "request_id": request_id, "step": step,
                "detail": to_json(detail).decode() if detail else None,
            }
            for actor, kind, about, version, request_id, step, detail in turn.events
        ])  # fmt: skip

    def _last_event(self) -> int:
        with self.store.read() as connection:
            return rows.last_event(connection, self.vault_id)

    def _read_events(self, after: int, limit: int | None) -> list[Event]:
        with self.store.read() as connection:
            return [_event(row) for row in rows.events_after(connection, self.vault_id, after, limit)]

    def _events_about(self, about: str, limit: int | None) -> list[Event]:
        with self.store.read() as connection:
            return [_event(row) for row in rows.events_about(connection, self.vault_id, storable(about), limit)]


def _event(row: Row[Any]) -> Event:
    return Event(
        row.seq, datetime.fromtimestamp(row.time, UTC), row.actor, row.kind, row.object, row.version, row.request_id,
        row.step, json.loads(row.detail) if row.detail else {},
    )  # fmt: skip
