"""What follows when a certificate was asked for: how far it is, what comes next, until it is there."""

from __future__ import annotations

import asyncio

from kvlab.errors import VaultError
from kvlab.render.certificate import bundle_html
from kvlab.render.chapter import about
from kvlab.render.markup import mono, text
from kvlab.render.operation import KINDS
from kvlab.render.story import read_story
from kvlab.widgets.form import Form
from kvlab.widgets.form_page import Button
from kvlab.widgets.policy_sheet import KNOWN

POLL_SECONDS = 1.0


class CreationForm(Form):
    """
    A form that goes on showing what it began.

    Attributes:
        created: the name of the certificate that was asked for last; empty before.
    """

    created = ""

    @property
    def method(self) -> str:
        """The way: ``Self``, ``Unknown``, ``known`` or ``import``."""
        raise NotImplementedError

    def followed(self) -> None:
        """Look again at what depends on how far it is."""

    async def click_async(self) -> None:
        """Create the certificate, the key being made in a thread; then poll, on a clock that runs."""
        await super().click_async()
        follows = self.state == "done" and self.method in ("Self", KNOWN) and self.vault.clock.kind == "system"
        while follows and self._poll() == "inProgress":  # noqa: ASYNC110  a poll, as clients of the service do it
            await asyncio.sleep(POLL_SECONDS)

    def refresh(self) -> str:
        """Show how far the certificate is; returns the operation's status."""
        story = read_story(self.vault.events.about(about(self.created)), self.created)
        parts = [f"<div>{self.flow(self.created)}{self._next_step(story.status)}"]
        # Who may create need not be allowed to get; who asks beforehand leaves no refusal in the log.
        if story.status == "completed" and self.vault.rehearse("get_certificate", self.created) is None:
            parts.append(bundle_html(self.vault.get_certificate(self.created)))
        self.outcome = "".join([*parts, "</div>"])
        word = "imported" if (story.kind, story.status) == ("import", "completed") else story.status
        self.status = (KINDS.get(story.status, "ok"), f"{self.created}: {word}")
        self.more_buttons = self._next_buttons(story.status, story.kind)
        self.followed()
        self.draw()
        return story.status

    def _poll(self) -> str:
        """Ask how far it is; the refusal of somebody who may not ask ends the asking."""
        try:
            self.vault.get_certificate_operation(self.created)
        except VaultError:
            return "none"
        return self.refresh()

    def _next_step(self, status: str) -> str:
        if status != "inProgress":
            return ""
        if self.method == "Unknown":
            call = mono(f'kvlab.merge(vault, "{self.created}")')
            return f"<p><b>Next:</b> take the request to your CA, and bring its answer back with {call}.</p>"
        if self.vault.clock.kind == "simulated":
            signs = "the vault asks the CA" if self.method == KNOWN else "the vault signs"
            return (
                f"<p><b>Next:</b> the clock stands still, so {text(self.created)} waits. Advance it, and {signs}.</p>"
            )
        return "<p>It is under way; this page looks again every second.</p>"

    def _next_buttons(self, status: str, kind: str) -> list[Button]:
        if status != "inProgress" or kind == "manual":
            return []
        found = []
        if self.vault.clock.kind == "simulated":
            found.append(Button("advance", "Advance the clock by 10 s", self._advance, "Time passes for this vault."))
        if self.vault.rehearse("update_certificate_operation", self.created) is None:
            found.append(Button("ask_cancel", "Ask to cancel", self._ask_to_cancel, "The CA may still be quicker."))
        return found

    def _advance(self) -> None:
        self.vault.clock.advance(10)  # type: ignore[attr-defined]  # only a simulated clock has the button

    def _ask_to_cancel(self) -> None:
        try:
            self.vault.update_certificate_operation(self.created)
        except VaultError as error:
            self.refuse([error])
