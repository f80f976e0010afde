"""What all forms do: look ahead, make one call without blocking the kernel, show its answer or its refusal."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from kvlab.errors import CallCancelled, ServiceError
from kvlab.render.error import error_html
from kvlab.widgets.form_page import Button, FormPage
from kvlab.widgets.task import Home, in_thread, start

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from kvlab.events import Event
    from kvlab.vault.vault import Vault
    from kvlab.widgets.field import Field


class Form(FormPage):
    """
    A form over one vault. It holds no rule: it makes the arguments of one vault operation and calls it.

    Without a browser: set ``form.fields[name].value``, call ``form.submit()``, look at ``form.state``.

    Args:
        vault: used as whoever it is bound to.
        title: of the form.
        action: the words of the primary button.
        fields: in order.
        tabs: key and words of each.
    """

    working = "asking the vault"
    """What is going on while the form is busy."""
    refused = "The vault refused."
    """What the foot says where a refusal is about no field."""

    def __init__(
        self,
        vault: Vault,
        title: str,
        action: str,
        fields: Iterable[Field] = (),
        tabs: Mapping[str, str] | None = None,
    ) -> None:
        self._stop: threading.Event | None = None
        self._task: Future[Any] | None = None
        self._home = Home()
        super().__init__(vault, title, Button("submit", action, self.click), fields, tabs)
        self._unsubscribe = vault.events.subscribe(self._heard)

    def submit(self) -> Any:
        """Do what the primary button does, and wait for it: the vault's answer, or a list of what is refused."""
        refused = self.begin()
        if refused:
            return self.refuse(refused)
        self.state = "busy"
        return self._end(self._answer(self.vault))

    def begin(self) -> list[ServiceError]:
        """Return what would be refused, as far as that can be known beforehand."""
        return []

    def ask(self, vault: Vault) -> Any:
        """
        Make the call and return the vault's answer; it may take long and runs in a thread of its own.

        Raises:
            ServiceError: the service refuses.
        """
        raise NotImplementedError

    def end(self, answer: Any) -> None:
        """Show what came of it."""
        raise NotImplementedError

    def heard(self, event: Event) -> None:
        """Follow what happens in the vault, whoever makes it happen."""

    def click(self) -> None:
        """Do what the primary button does without blocking the kernel, where an event loop runs."""
        if self.state == "busy":
            return
        refused = self.begin()
        if refused:
            self.refuse(refused)
            return
        self.state = "busy"
        self.status = ("now", self.working)
        self.draw()
        self._task = start(lambda: self._done(self.click_async))

    async def click_async(self) -> None:
        """Make the call in a thread; whoever gives it up gets the form back at once, and the call changes nothing."""
        stop = self._stop = threading.Event()
        answer = await in_thread(lambda: self._answer(self.vault.unless(stop.is_set)))
        # A call that had changed the vault before it was given up is shown: what happened has happened.
        if not isinstance(answer, CallCancelled):
            self._end(answer)

    def give_up(self) -> None:
        """Give up the call under way."""
        if self._stop is not None and self.state == "busy":
            self._stop.set()
            self.state = "idle"
            self.status = ("", "Cancelled: nothing was changed.")

    def buttons(self) -> Sequence[Button]:
        """Return the buttons that are there now, the primary one first; what is under way can be given up."""
        if self.state == "busy":
            return [self.button, Button("cancel", "Cancel", self.give_up, "The vault then changes nothing.")]
        return super().buttons()

    def refuse(self, errors: list[ServiceError]) -> list[ServiceError]:
        """Show refusals, each beside its field where it has one, else below."""
        self.state = "failed"
        homeless = [error for error in errors if not self.place(error)]
        self.outcome = "".join(f"<div>{error_html(error)}</div>" for error in homeless)
        self.status = ("bad", self.refused) if homeless else ("", "")
        first = next((field for field in self.fields.values() if field.refusal), None)
        if first is not None and first.tab:
            self.tab = first.tab
        self.draw()
        return errors

    def close(self) -> None:
        """Take the form away; it follows the vault no longer."""
        # Also called on one that could not be made.
        if "_unsubscribe" in vars(self):
            self._unsubscribe()
            self.give_up()
            if self._task is not None:
                self._task.cancel()
        super().close()

    def _answer(self, vault: Vault) -> Any:
        try:
            return self.ask(vault)
        except ServiceError as error:
            return error

    def _end(self, answer: Any) -> Any:
        self.state = "idle"
        if isinstance(answer, ServiceError):
            return self.refuse([answer])
        self.state = "done"
        self.end(answer)
        self.draw()
        return answer

    async def _done(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            # A bug must not leave a form that ignores every click from then on.
            if self.state == "busy":
                self.state = "failed"
            self.draw()

    def _heard(self, event: Event) -> None:
        self._home.call(self.heard, event)
