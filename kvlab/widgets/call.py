"""Show me the call: what a button did, or would do, in every language that can call the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from kvlab.events import IOT, Event
from kvlab.render.call.call import Call
from kvlab.render.call.dialect import texts
from kvlab.render.call.event import answer_of, call_of
from kvlab.render.call.iot.call import IotCall
from kvlab.render.call.page import Part, call_html, call_text, code_shown, tabs
from kvlab.render.call.rest import response_text
from kvlab.widgets.argument import Allowed, check_argument
from kvlab.widgets.live import Live

if TYPE_CHECKING:
    from kvlab.render.call.dialect import AnyCall
    from kvlab.vault.vault import Vault

_EVENT = Allowed((Event,), "an event, such as vault.events.since(0)[-1], or form.call()")
UNKNOWN: Any = object()
"""Says that the answer to a call is not known: None is one."""


class CallPanel(Live, module="call"):
    """
    A call in every language that can make it: a tab each, with a button that copies.

    Args:
        call: what is called.
        result: what the vault's method returned, or the refusal it raised; left out if that is not known, as it is of
            a call of AWS IoT.
        answer: the same, already written, in place of ``result``.
    """

    view = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("kvlab").tag(sync=True)
    """The language on top: a key of ``kvlab.render.call.dialect``, such as ``kvlab`` or ``rest``."""

    def __init__(self, call: AnyCall, result: Any = UNKNOWN, *, answer: Part | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.show(call, result, answer=answer)

    def show(self, call: AnyCall, result: Any = UNKNOWN, *, answer: Part | None = None) -> None:
        """Show another call in the same place; arguments as for the class."""
        self.call = call
        if isinstance(call, Call) and result is not UNKNOWN:
            answer = Part("Response", response_text(call, result))
        self.answer = answer
        self.view = {
            "title": call.title,
            "tabs": [
                {**tab._asdict(), "parts": [{**part._asdict(), "shown": code_shown(part.text)} for part in tab.parts]}
                for tab in tabs(call, self.answer)
            ],
        }

    @property
    def texts(self) -> dict[str, str]:
        """The call by language."""
        return texts(self.call)

    def page(self) -> str:
        """Return the HTML of a page without a kernel."""
        return call_html(self.call, self.answer)

    def __repr__(self) -> str:
        return f"<CallPanel {self.call.title}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**options)
        return {**data, "text/plain": call_text(self.call, self.answer)}, metadata


def calls(what: Event | AnyCall, vault: Vault | None = None) -> CallPanel:
    """
    Show a call in every language that can make it.

    That is kvlab, the Azure SDK, az, REST, PowerShell and openssl; of AWS IoT, kvlab, boto3, aws, REST and openssl.

    Args:
        what: an event of ``vault.events``, or a call that one of kvlab's forms would make.
        vault: shows its URL, and below the REST request what it answers now. A refusal's answer is shown without it.

    Returns:
        A panel; ``texts`` holds the call by language.

    Raises:
        TypeError: it is neither an event nor a call.
        ValueError: nobody called (the vault did it by itself, or a CA answered), or it was AWS IoT that was called.

    Examples:
        >>> from kvlab import Vault, calls
        >>> vault = Vault()
        >>> _ = vault.set_certificate_contacts([{"email": "ann@contoso.com"}])
        >>> print(calls(vault.events.since(0)[-1]).texts["kvlab"], end="")
        vault.set_certificate_contacts([{"email": "ann@contoso.com"}])
    """
    if isinstance(what, (Call, IotCall)):
        return CallPanel(what)
    check_argument("what", what, _EVENT)
    if what.service == IOT:
        raise ValueError(f"Event {what.seq} ({what.kind}) is of AWS IoT: the log keeps what came of it, not the call.")
    call = call_of(what, vault)
    if call is None:
        raise ValueError(f"Event {what.seq} ({what.kind}) is no call of somebody's: there is nothing to show.")
    return CallPanel(call, answer=answer_of(what, vault))
