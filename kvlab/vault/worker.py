"""Somebody who does what falls due on a system clock when nobody calls."""

from __future__ import annotations

import logging
import threading
import weakref
from typing import TYPE_CHECKING

from kvlab.errors import StoreUnavailable

if TYPE_CHECKING:
    from kvlab.vault.core import Core

GRACE_SECONDS = 0.05
"""A caller who polls at once does the work in its own turn; only after this long is it ours."""

RETRY_SECONDS = 1.0

LOOK_SECONDS = 1.0
"""How often to look for the work of other servers, where the database is shared."""

_log = logging.getLogger(__name__)


class Worker:
    """
    A daemon thread that starts with the first work and sleeps until the next.

    Where threads can not be started (Pyodide), every turn does the due work itself, and nothing is lost but promptness.

    Args:
        core: the vault; held weakly, so that a vault nobody uses any more can go.
    """

    def __init__(self, core: Core) -> None:
        self._core = weakref.ref(core, lambda _: self._end())
        self._changed = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()
        self._sleeps_until = float("inf")  # epoch seconds
        self._waits = False  # for a database that can not be used; said once

    def wake(self, at: float) -> None:
        """Look again soon after ``at`` (epoch seconds), unless that is intended anyway."""
        if self._thread is None:
            with self._start_lock:
                if self._thread is None and not self._stopped:
                    self._start()
        elif at + GRACE_SECONDS < self._sleeps_until:
            self._changed.set()

    def stop(self) -> None:
        """End the thread, and wait for the step it is at."""
        self._end()
        thread = self._thread
        if thread is not None and thread.is_alive() and thread is not threading.current_thread():
            thread.join()

    def _end(self) -> None:
        self._stopped = True
        self._changed.set()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="kvlab due work", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return
        self._thread = thread

    def _run(self) -> None:
        while not self._stopped:
            seconds = self._look()
            if self._changed.wait(seconds):
                self._changed.clear()
            self._sleeps_until = 0.0

    def _look(self) -> float | None:
        """Do what nobody did; return how long to sleep, None for as long as nothing is to be done."""
        core = self._core()
        if core is None or self._stopped:
            return None
        try:
            core.look()
            now = core.clock.now().timestamp()
            if core.unattended_at + GRACE_SECONDS <= now:
                core.process_due()
            at = core.unattended_at
        except StoreUnavailable as error:
            if not self._stopped and not self._waits:
                _log.warning("Due work waits: %s", error.message)
            self._waits = True
            return RETRY_SECONDS
        except Exception:  # noqa: BLE001  whatever it is, it may have gone by then
            if not self._stopped:
                _log.exception("Due work failed; it is tried again.")
            return RETRY_SECONDS
        self._waits = False
        self._sleeps_until = at + GRACE_SECONDS
        if at == float("inf") and not core.store.is_shared:
            return None
        longest = LOOK_SECONDS if core.store.is_shared else threading.TIMEOUT_MAX
        return min(max(self._sleeps_until - now, 0.0), longest)
