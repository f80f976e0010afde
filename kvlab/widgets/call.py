"""Show me the call: what a button did, or would do, in every language that can call the service."""

from __future__ import annotations

from typing import Any

import traitlets

from kvlab.render.call.call import Call
from kvlab.render.call.page import UNKNOWN, call_html, call_text, code_shown, tabs, title
from kvlab.widgets.live import Live


class CallPanel(Live, module="call"):
    """
    A call in kvlab's Python, the Azure SDK, az, REST, PowerShell and openssl: a tab each, with a button that copies.

    Args:
        call: what is called.
        result: what the vault's method returned, or the refusal it raised; left out if that is not known.
    """

    view = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("kvlab").tag(sync=True)
    """The language on top: ``kvlab``, ``sdk``, ``az``, ``rest``, ``powershell`` or ``openssl``."""

    def __init__(self, call: Call, result: Any = UNKNOWN, **options: Any) -> None:
        super().__init__(**options)
        self.show(call, result)

    def show(self, call: Call, result: Any = UNKNOWN) -> None:
        """Show another call in the same place."""
        self.call, self.result = call, result
        self.view = {
            "title": title(call),
            "tabs": [
                {**tab._asdict(), "parts": [{**part._asdict(), "shown": code_shown(part.text)} for part in tab.parts]}
                for tab in tabs(call, result)
            ],
        }

    @property
    def texts(self) -> dict[str, str]:
        """The texts by language; without the answer."""
        return {tab.key: tab.parts[0].text for tab in tabs(self.call)}

    def page(self) -> str:
        """Return the HTML of a page without a kernel."""
        return call_html(self.call, self.result)

    def __repr__(self) -> str:
        return f"<CallPanel {title(self.call)}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**options)
        return {**data, "text/plain": call_text(self.call, self.result)}, metadata
