"""Show me the call: what a button did, or would do, in every language that can call the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from kvlab.events import Event
from kvlab.render.call.call import Call
from kvlab.render.call.event import answer_of, call_of
from kvlab.render.call.page import Part, call_html, call_text, code_shown, tabs, title
from kvlab.render.call.rest import response_text
from kvlab.widgets.live import Live

if TYPE_CHECKING:
    from kvlab.vault.vault import Vault

UNKNOWN: Any = object()
"""Says that the answer to a call is not known: None is one."""


class CallPanel(Live, module="call"):
    """
    A call in kvlab's Python, the Azure SDK, az, REST, PowerShell and openssl: a tab each, with a button that copies.

    Args:
        call: what is called.
        result: what the vault's method returned, or the refusal it raised; left out if that is not known.
        answer: the same, already written, in place of ``result``.
    """

    view = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("kvlab").tag(sync=True)
    """The language on top: ``kvlab``, ``sdk``, ``az``, ``rest``, ``powershell`` or ``openssl``."""

    def __init__(self, call: Call, result: Any = UNKNOWN, *, answer: Part | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.show(call, result, answer=answer)

    def show(self, call: Call, result: Any = UNKNOWN, *, answer: Part | None = None) -> None:
        """Show another call in the same place; arguments as for the class."""
        self.call = call
        self.answer = answer if result is UNKNOWN else Part("Response", response_text(call, result))
        self.view = {
            "title": title(call),
            "tabs": [
                {**tab._asdict(), "parts": [{**part._asdict(), "shown": code_shown(part.text)} for part in tab.parts]}
                for tab in tabs(call, self.answer)
            ],
        }

    @property
    def texts(self) -> dict[str, str]:
        """The call by language."""
        return {tab.key: tab.parts[0].text for tab in tabs(self.call)}

    def page(self) -> str:
        """Return the HTML of a page without a kernel."""
        return call_html(self.call, self.answer)

    def __repr__(self) -> str:
        return f"<CallPanel {title(self.call)}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**options)
        return {**data, "text/plain": call_text(self.call, self.answer)}, metadata


def calls(what: Event | Call, vault: Vault | None = None) -> CallPanel:
    """
    Show a call in every language that can make it: kvlab, Azure SDK, az, REST, PowerShell, openssl.

    Args:
        what: an event of ``vault.events``, or a call that one of kvlab's forms would make.
        vault: shows its URL, and below the REST request what it answers now. A refusal's answer is shown without it.

    Returns:
        A panel; ``texts`` holds the call by language.

    Raises:
        TypeError: it is neither an event nor a call.
        ValueError: nobody called: the vault did it by itself, or a CA answered.

    Examples:
        >>> from kvlab import Vault, calls
        >>> vault = Vault()
        >>> _ = vault.set_certificate_contacts([{"email": "ann@contoso.com"}])
        >>> print(calls(vault.events.since(0)[-1]).texts["kvlab"], end="")
        vault.set_certificate_contacts([{"email": "ann@contoso.com"}])
    """
    if isinstance(what, Call):
        return CallPanel(what)
    if not isinstance(what, Event):
        sort = type(what).__name__
        raise TypeError(f"{sort} is no call; allowed is an event, such as vault.events.since(0)[-1], or form.call().")
    call = call_of(what, vault)
    if call is None:
        raise ValueError(f"Event {what.seq} ({what.kind}) is no call of somebody's: there is nothing to show.")
    return CallPanel(call, answer=answer_of(what, vault))
