"""What a simulated certificate authority writes down: its orders, its keys, and how it was told to behave."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    One order, as the CA keeps it; each CA has its own words for the states.

    Attributes:
        number: 1, 2, 3, … in the CA's books.
        reference: the customer's own; empty if it gave none.
        key_hash: SHA-256 of the SubjectPublicKeyInfo of the request.
        state: ``pending``, ``issued``, ``rejected``, ``failed``, ``cancelled``, ``revoked``.
        placed: epoch seconds; and ``closed``: when it was decided, None while pending.
        product: ``OV-SSL`` or ``EV-SSL``.
        organization_id: as ordered.
        common_name: and ``names``: of the certificate, in lower case; the common name is among them.
        months: or ``days``: the validity that was ordered; 0 for the other.
        csr_der: the request.
        contact: whom the CA may ask.
        polls: how often the customer has asked.
        reason: why it was rejected or failed.
        leaf_der: the certificate; kept when it is revoked.
    """

    number: int
    reference: str
    key_hash: bytes = field(repr=False)
    state: str
    placed: int
    product: str
    organization_id: str
    common_name: str
    names: tuple[str, ...]
    months: int
    days: int
    csr_der: bytes = field(repr=False)
    contact: str = ""
    polls: int = 0
    closed: int | None = None
    reason: str = ""
    leaf_der: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Order:
        """Make an order of its row, whose ``names`` are a list."""
        return cls(**{**row, "names": tuple(row["names"])})

    def row(self) -> dict[str, Any]:
        """Return the order as a row."""
        return {name: getattr(self, name) for name in MEMBERS} | {"names": list(self.names)}


MEMBERS = tuple(member.name for member in fields(Order))
"""The columns of an order's row."""


class Books(Protocol):
    """
    Where a simulated CA keeps what it must not forget; ``kvlab.store.ca.CaBooks`` keeps it in the vault's database.

    Rows are plain mappings, for what keeps them knows nothing of CAs. Whoever hands the books to a CA decides about
    transactions: all that one message changes belongs into one, and nobody else may write to the same books meanwhile.
    """

    def told(self) -> tuple[str, int, int] | None:
        """
        Return how the CA was told to behave; None if nobody ever told it.

        JSON of a ``CaConfiguration``, which may hold passwords; since when (epoch seconds); and how many messages were
        answered with a failure since then.
        """

    def tell(self, text: str, since: int) -> None:
        """Keep how it shall behave from now on, in place of what was; its count of failures begins again."""

    def count_failure(self) -> None:
        """Note that a message was answered with a failure."""

    def signers(self) -> dict[str, tuple[bytes, bytes]]:
        """Return certificate (DER) and private key (PKCS#8 DER) by role; empty when the CA has made none yet."""

    def add_signer(self, role: str, certificate_der: bytes, public_der: bytes, pkcs8_der: bytes) -> None:
        """Keep an EC key and its certificate, if it has one; ``public_der`` is the SubjectPublicKeyInfo."""

    def next_number(self) -> int:
        """Return the number of the next order; the first is 1."""

    def add_order(self, row: Mapping[str, Any]) -> None:
        """Keep a new order: the members of ``Order``."""

    def put_order(self, number: int, row: Mapping[str, Any]) -> None:
        """Keep what became of an order: some of its members."""

    def order(self, number: int) -> dict[str, Any] | None:
        """Find an order by its number."""

    def order_placed_with(self, reference: str) -> dict[str, Any] | None:
        """Find the order that was placed with a reference."""

    def orders(self) -> list[dict[str, Any]]:
        """List all orders, the oldest first."""

    def orders_of_key(self, key_hash: bytes) -> list[dict[str, Any]]:
        """List the orders for a key, the oldest first."""
