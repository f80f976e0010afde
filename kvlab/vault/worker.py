"""Somebody who does what falls due on a system clock when nobody calls."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kvlab.vault.core import Core

GRACE_SECONDS = 0.05
"""A caller who polls at once does the work in its own turn; only after this long is it ours."""

RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Worker:
    """
    A daemon thread that starts with the first work and sleeps until the next.

    Where threads can not be started (Pyodide), every turn does the due work itself, and nothing is lost but promptness.

    Args:
        core: the vault; held weakly, so that a vault nobody uses any more can go.
    """

    def __init__(self, core: Core) -> None:
        self._core = weakref.ref(core, lambda _: self.stop())
        self._changed = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()

    def wake(self) -> None:
        """Look at what is due soon."""
        self._changed.set()
        if self._thread is None:
            with self._start_lock:
                if self._thread is None and not self._stopped:
                    self._start()

    def stop(self) -> None:
        """End the thread, and wait for the step it is at."""
        self._stopped = True
        self._changed.set()
        thread = self._thread
        if thread is not None and thread.is_alive() and thread is not threading.current_thread():
            thread.join()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="kvlab due work", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return
        self._thread = thread

    def _run(self) -> None:
        seconds: float | None = 0.0
        while not self._stopped:
            self._changed.wait(None if seconds is None else max(seconds, GRACE_SECONDS))
            if self._changed.is_set() and not self._stopped:
                self._changed.clear()
                time.sleep(GRACE_SECONDS)
            seconds = self._look()

    def _look(self) -> float | None:
        core = self._core()
        if core is None or self._stopped:
            return None
        try:
            core.process_due()
            return core.wait_seconds()
        except Exception:  # noqa: BLE001  whatever it is, the others go on
            if not self._stopped:
                _log.exception("Due work failed; it is tried again.")
            return RETRY_SECONDS
