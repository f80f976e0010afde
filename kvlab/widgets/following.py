"""A live picture of some of a vault's events: what follows them, whichever thread they come from."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import traitlets
from ipywidgets import widget_serialization

from kvlab.clock import SimulatedClock
from kvlab.errors import VaultError
from kvlab.widgets.call import CallPanel
from kvlab.widgets.live import Live
from kvlab.widgets.task import in_thread, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.events import Event
    from kvlab.render.call.call import Call
    from kvlab.render.call.page import Part
    from kvlab.vault.vault import Vault


class Following(Live):
    """
    A widget that draws itself anew when one of its events happens, or a simulated clock moves, until it is closed.

    A subclass has ``_draw``. In a kernel it runs on the kernel's loop, once for what comes together; else at once.

    Args:
        vault: whose events.
        hears: which of them.
        about: the object that all of these are about, such as ``certificates/web``, by which the store finds them;
            empty where they are about several, and the whole log has to be read.
    """

    busy = traitlets.Bool(False).tag(sync=True)
    """Whether something is being done that takes long."""
    call = traitlets.Instance(CallPanel, allow_none=True).tag(sync=True, **widget_serialization)
    """The panel with a call; None as long as there was none to show."""

    def __init__(self, vault: Vault, hears: Callable[[Event], bool], *, about: str = "", **options: Any) -> None:
        self.vault = vault
        self._hears = hears
        self._lock = threading.RLock()
        # The first drawing is the subclass's: what is heard before is in it.
        self._asked = True
        self._events: dict[int, Event] = {}
        self._ends = [vault.events.subscribe(self._heard)]
        clock = vault.clock
        if isinstance(clock, SimulatedClock):
            self._ends.append(clock.subscribe(lambda _: self._soon()))
        found = vault.events.about(about) if about else vault.events
        self._events.update({event.seq: event for event in found if hears(event)})
        super().__init__(**options)

    @property
    def events(self) -> list[Event]:
        """The events that were heard, each once and the oldest first."""
        return [event for _, event in sorted(self._events.copy().items())]

    def draw(self) -> None:
        """Draw anew what has happened by now."""
        with self._lock:
            self._asked = False
            self._draw()

    def _draw(self) -> None:
        raise NotImplementedError

    def show(self, call: Call, answer: Part | None = None) -> None:
        """Show a call, in place of what was shown before."""
        if self.call is None:
            self.call = CallPanel(call, answer=answer)
        elif (self.call.call, self.call.answer) != (call, answer):
            self.call.show(call, answer=answer)

    def work(self, action: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """
        Do what takes long in a thread, unless something is being done already, and draw what came of it.

        Args:
            action: what is done.
            done: takes what it returned, or the refusal or ``ValueError`` it raised.
        """
        if self.busy:
            return
        self.busy = True
        start(lambda: self._work(action, done))

    async def _work(self, action: Callable[[], Any], done: Callable[[Any], None]) -> None:
        try:
            result = await in_thread(action)
        except (ValueError, VaultError) as error:
            result = error
        finally:
            self.busy = False
        done(result)
        self.draw()

    def _heard(self, event: Event) -> None:
        if self._hears(event):
            self._events[event.seq] = event
            self._soon()

    def _soon(self) -> None:
        if not self._asked:
            self._asked = True
            self._home.soon(self.draw)

    def close(self) -> None:
        """Follow the vault no more."""
        # Also called on one that could not be made.
        if "_ends" in vars(self):
            for end in self._ends:
                end()
            self._ends.clear()
            if self.call is not None:
                self.call.close()
        super().close()
