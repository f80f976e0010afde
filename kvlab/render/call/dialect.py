"""A call in every language it can be made in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kvlab.render.call.az import az_text
from kvlab.render.call.openssl import openssl_text
from kvlab.render.call.powershell import powershell_text
from kvlab.render.call.python import python_text
from kvlab.render.call.rest import request_text
from kvlab.render.call.sdk import sdk_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.render.call.call import Call


class Dialect(NamedTuple):
    """
    A language a call can be made in.

    Attributes:
        key: short, for programs.
        title: on the tab.
        write: returns the text; empty where the language has no equivalent.
    """

    key: str
    title: str
    write: Callable[[Call], str]


DIALECTS = (
    Dialect("kvlab", "kvlab", python_text),
    Dialect("sdk", "Azure SDK", sdk_text),
    Dialect("az", "az", az_text),
    Dialect("rest", "REST", request_text),
    Dialect("powershell", "PowerShell", powershell_text),
    Dialect("openssl", "openssl", openssl_text),
)


def texts(call: Call) -> dict[str, str]:
    """Return a call in each language that has it, by the language's key."""
    found = {dialect.key: dialect.write(call) for dialect in DIALECTS}
    return {key: text for key, text in found.items() if text}
