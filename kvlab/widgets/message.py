"""The call that crossed an arrow, and its answer, found without leaving a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.errors import VaultError
from kvlab.render.call.event import answer_of, call_of
from kvlab.render.call.page import Part
from kvlab.render.call.rest import response_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kvlab.events import Event
    from kvlab.render.call.call import Call
    from kvlab.vault.glance import Glance
    from kvlab.vault.vault import Vault


class Message(NamedTuple):
    """A call and what the service answered; None where that is not known any more."""

    call: Call
    answer: Part | None


def message_of(events: Iterable[Event], vault: Vault) -> Message | None:
    """
    Return the first call among events, with its answer as it was then.

    Args:
        events: what crossed an arrow.
        vault: whose events they are.

    Returns:
        None if nobody called: a CA answered, or the vault did it by itself.
    """
    for event in events:
        call = call_of(event, vault)
        if call is not None:
            return Message(call, answer_of(event) if event.kind == "refused" else _answer(event, call, vault))
    return None


def _answer(event: Event, call: Call, vault: Vault) -> Part | None:
    try:
        glance = vault.glance(call.name, event.version)
    except VaultError:
        return None
    result = glance.bundle if event.version else _operation(event, glance)
    return None if result is None else Part("Response", response_text(call, result))


def _operation(event: Event, glance: Glance) -> Any:
    """Return the pending object as it was answered then; what has been decided since is taken back."""
    found = glance.operation
    if found is None or found.request_id != event.request_id:
        return None
    then = event.detail.get("status", "inProgress")
    if then == found.status:
        return found
    return found.model_copy(update={"status": then, "target": None, "error": None})
