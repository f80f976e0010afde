"""
The seam between the vault and certificate authorities: two verbs, what they take and answer, and who is on sale.

How a vault uses it, for one pending operation::

    provider = TRADES["DigiCert"].make(account, send, note)
    order_id = provider.submit(request)          # keep order_id with the operation
    answer = provider.poll(order_id, request)    # again and again, until it is not Pending

A provider keeps nothing between calls, so it can be made anew for each of them; what it needs to know of an order it
gets from the request, which the vault can make again from the pending row at any time, also after a restart.

``send`` carries the messages. A simulated CA in process keeps its books in the vault's own database, inside the
transaction at hand, so an order and the vault's note of it are kept together or not at all::

    ca = SIMULATED["DigiCert"](core.entropy)             # kvlab.providers.ca; one for the vault's life
    books = CaBooks(turn.connection, core.vault_id, ca.name, core.store.sealer, seeded=core.seeded)   # kvlab.store.ca
    send = ca.line(books, turn.now)                      # request -> answer
    ca.configure(books, turn.now, {"delay_seconds": 60}) # what PUT /kvlab/cas/DigiCert does
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.providers.message import Note, Send

Product: TypeAlias = Literal["OV-SSL", "EV-SSL"]

PRODUCTS: tuple[Product, ...] = ("OV-SSL", "EV-SSL")
"""What both providers sell, as ``issuer.cty`` of a policy names it; None there means ``OV-SSL``."""


@dataclass(frozen=True, slots=True)
class Account:
    """
    As whom the vault orders: what the issuer object holds.

    Attributes:
        account_id: the CA's number or name of the account (GlobalSign: the user name).
        password: the API key or password; never shown.
        organization_id: the CA's id of the organization to certify; DigiCert needs it.
        first_name: and ``last_name``, ``email``, ``phone``: of the administrator; GlobalSign needs them.
    """

    account_id: str = ""
    password: str = field(default="", repr=False)
    organization_id: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What the policy asked for, so that the answer can be laid beside it.

    Attributes:
        subject: X.500 text as in the policy.
        dns_names: and ``emails``, ``upns``, ``uris``, ``ip_addresses``: the policy's alternative names.
        key_usage: RFC 5280's words.
        ekus: dotted.
        cert_transparency: whether the certificate was to be logged; None where nothing was said.
    """

    subject: str = ""
    dns_names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    upns: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    key_usage: tuple[str, ...] = ()
    ekus: tuple[str, ...] = ()
    cert_transparency: bool | None = None


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """
    One certificate to order.

    Attributes:
        reference: the vault's own reference, the pending ``request_id``: placing the same reference twice finds the
            first order again, never makes a second one.
        csr_der: the PKCS#10 request, DER.
        common_name: of the policy's subject; may be empty.
        dns_names: of the policy, in its order, without the common name unless it is listed there.
        validity_months: calendar months asked for.
        product: None means ``OV-SSL``.
        wish: all that the policy asked for.
    """

    reference: str
    csr_der: bytes = field(repr=False)
    common_name: str
    dns_names: tuple[str, ...]
    validity_months: int
    product: Product | None = None
    wish: Wish = field(default_factory=Wish)


class Override(NamedTuple):
    """
    One thing in which the certificate is not what was asked for.

    Attributes:
        field: what it is about, as in ``validity``, ``subject``, ``keyUsage``.
        asked: in the policy.
        requested: in the CSR (empty where a CSR can not say it).
        issued: in the certificate.
        why: one sentence, with the rule it comes from.
    """

    field: str
    asked: str
    requested: str
    issued: str
    why: str


@dataclass(frozen=True, slots=True)
class Pending:
    """
    The CA is at work or waits for something.

    Attributes:
        detail: what it waits for, in the CA's words; for ``status_details``.
        retry_seconds: when asking again is worth it; None where the CA does not say (then the vault's own rhythm).
    """

    detail: str
    retry_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """
    The certificate is there.

    Attributes:
        leaf_der: DER.
        chain_der: its issuing CA and the root, DER, in this order.
        overrides: every difference that the CA made.
    """

    leaf_der: bytes = field(repr=False)
    chain_der: tuple[bytes, ...] = field(repr=False)
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The CA does not issue, for a reason that lies with who ordered: ``Request rejected``."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The CA does not issue, for a reason of its own: ``Certificate issuer error``."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The order was cancelled, by the vault or by somebody at the CA."""


Answer: TypeAlias = Pending | Issued | Rejected | Failed | Cancelled


class ProviderError(Exception):
    """
    An order could not be placed, or the CA not be asked.

    Attributes:
        reason: in the CA's words; no credential is ever in it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class OrderRefused(ProviderError):
    """The CA refuses the order itself: who ordered has to change it (``Request rejected``)."""


class IssuerError(ProviderError):
    """The CA can not be used this way: wrong credentials, or a fault of its own (``Certificate issuer error``)."""


class IssuerUnavailable(ProviderError):
    """
    Nobody answers, or the CA says that it can not now: try again later, with back-off; nothing is lost.

    Attributes:
        retry_seconds: what the CA says; None where it does not.
    """

    def __init__(self, reason: str, retry_seconds: int | None = None) -> None:
        self.retry_seconds = retry_seconds
        super().__init__(reason)


class Provider(Protocol):
    """What every certificate authority can do for a vault."""

    def submit(self, request: OrderRequest) -> str:
        """
        Place an order.

        Returns:
            The CA's order id; the first order's where the reference was placed before.

        Raises:
            OrderRefused: and ``IssuerError``, ``IssuerUnavailable``. After the last one the order may have been placed
                all the same: submitting the same request again is safe.
        """

    def poll(self, order_id: str, request: OrderRequest) -> Answer:
        """
        Ask what became of an order; ``request`` is what it was placed with.

        Raises:
            IssuerError: and ``IssuerUnavailable``. After the second one ask again later.
        """


@runtime_checkable
class Cancels(Protocol):
    """A provider that can take an order back."""

    def cancel(self, order_id: str) -> bool:
        """
        Ask the CA to cancel an order; false where it is too late, because the order is over (``poll`` tells how).

        Raises:
            IssuerError: and ``IssuerUnavailable``.
        """


@runtime_checkable
class Finds(Protocol):
    """A provider that can find an order by the vault's reference."""

    def find(self, reference: str) -> str | None:
        """
        Return the order that was placed with a reference; None if there is none.

        Raises:
            IssuerError: and ``IssuerUnavailable``.
        """


@runtime_checkable
class Revokes(Protocol):
    """A provider that can have a certificate revoked."""

    def revoke(self, order_id: str, reason: str = "") -> None:
        """
        Have the certificate of an order revoked.

        Raises:
            OrderRefused: there is no certificate to revoke; and ``IssuerError``, ``IssuerUnavailable``.
        """


@dataclass(frozen=True, slots=True)
class Trade:
    """
    One certificate authority on sale: what a vault must know before it orders.

    Attributes:
        name: ``provider`` of an issuer object.
        make: makes its provider from an account, what carries messages, and who is told of them.
        needs: members of ``Account`` without which the CA takes no order.
        products: what it sells.
        emails_in_san: whether it takes orders with e-mail addresses among the names.
    """

    name: str
    make: Callable[[Account, Send, Note], Provider]
    needs: tuple[str, ...]
    products: tuple[Product, ...] = PRODUCTS
    emails_in_san: bool = False


def _digicert(account: Account, send: Send, note: Note) -> Provider:
    from kvlab.providers.digicert import DigiCert  # noqa: PLC0415  a vault that orders nothing loads no CA

    return DigiCert(account, send, note)


def _globalsign(account: Account, send: Send, note: Note) -> Provider:
    from kvlab.providers.globalsign import GlobalSign  # noqa: PLC0415

    return GlobalSign(account, send, note)


TRADES = {
    trade.name: trade
    for trade in (
        Trade("DigiCert", _digicert, ("account_id", "password", "organization_id")),
        Trade(
            "GlobalSign",
            _globalsign,
            ("account_id", "password", "first_name", "last_name", "email", "phone"),
            emails_in_san=True,
        ),
    )
}
"""Provider name -> what is on sale there."""
