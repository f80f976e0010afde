"""What goes over the line between a vault and a certificate authority, and the record of it that may be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class CaRequest:
    """
    One HTTP request to a certificate authority.

    Attributes:
        method: ``GET``, ``POST`` or ``PUT``.
        path: with the query, as in ``/services/v2/order/certificate/1000001``.
        headers: names in any letter case; may hold credentials, so they are never shown.
        body: JSON (DigiCert) or a SOAP envelope (GlobalSign); may hold credentials.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """Return a header's value, whatever the letter case of its name."""
        return _header(self.headers, name)


@dataclass(frozen=True, slots=True)
class CaResponse:
    """
    The answer to it.

    Attributes:
        status: of HTTP.
        headers: ``Retry-After`` (seconds) says when asking again is worth it.
        body: JSON or a SOAP envelope.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """Return a header's value, whatever the letter case of its name."""
        return _header(self.headers, name)


Send = Callable[[CaRequest], CaResponse]
"""
Carries a message to the CA and brings the answer back: in process a simulated CA's ``handle``, else an HTTP client.

It raises ``OSError`` (``ConnectionError``, ``TimeoutError``, …) where nobody answers.
"""


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One message between vault and CA as it may be shown: no credential is in it.

    Attributes:
        authority: the CA's name, ``DigiCert`` or ``GlobalSign``.
        direction: ``request`` (vault to CA) or ``answer`` (CA to vault).
        summary: one line, as in ``POST /services/v2/order/certificate/ssl_plus`` or ``201 order 1000001``.
        body: the message's own text with every credential masked; empty where there is none.
        step: the numbered step of the known-issuer flow: 2 for an order, 4 for the answer that holds the certificate.
    """

    authority: str
    direction: Literal["request", "answer"]
    summary: str
    body: str = field(default="", repr=False)
    step: int | None = None


Note = Callable[[Exchange], None]
"""Is told of every message, before an order is sent and after its answer came."""


def no_note(exchange: Exchange) -> None:
    """Note nothing."""


def _header(headers: Mapping[str, str], name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), None)
