"""The certificates of a vault as a person looks through them: searched, counted by state, a page at a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from kvlab.errors import InvalidProperty, VaultError
from kvlab.store import listing as rows
from kvlab.store.listing import ORDERS, STATES, Order
from kvlab.vault.view import View, name_key, storable
from kvlab.x509.words import search_terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

SOON_DAYS = 30
MOST_TERMS = 8
MOST_ROWS = 200
_DAY = 86400


class Listed(NamedTuple):
    """
    A certificate in a list.

    Attributes:
        name: of the certificate.
        state: one of ``STATES``.
        version: the newest; None before the first is complete, and so are the four that follow.
        enabled: whether it can be used.
        nbf: and ``exp``: epoch seconds.
        leaf_der: the certificate.
        key_type: such as ``EC`` or ``RSA-HSM``.
        operation: the pending operation's status; None if there is none.
        issuer: by whose name it waits; None likewise.
    """

    name: str
    state: str
    version: str | None
    enabled: bool | None
    nbf: int | None
    exp: int | None
    leaf_der: bytes | None
    key_type: str | None
    operation: str | None
    issuer: str | None


class ListingOperations(View):
    """The search, which is kvlab's own: the service only lists."""

    def find_certificates(
        self,
        text: str = "",
        *,
        states: Sequence[str] = (),
        order: Order = "name",
        descending: bool = False,
        first: int = 0,
        most: int = 50,
    ) -> list[Listed]:
        """
        Search the certificates by name, subject, other names, serial number and thumbprint (SHA-1, SHA-256).

        Args:
            text: words that all occur, without regard to case; numbers also in pairs, ``4A:1F:9C``.
            states: ``valid``, ``expires soon`` (in 30 days), ``expired``, ``not yet valid``, ``disabled``, ``pending``,
                ``failed``, ``deleted``; none is all but deleted.
            order: ``name``, ``expires`` or ``made``.
            descending: whether the last comes first.
            first: how many to skip.
            most: how many to list, 0 to 200.

        Raises:
            InvalidProperty: no such state or order, or a number out of range.
            ForbiddenByPolicy: and ``ForbiddenByRbac``: 403; it takes to list and to get certificates.
        """
        _check(states, order, first, most)
        with self._reading("find_certificates") as connection:
            found = rows.page(
                connection, self._core.vault_id, self._wanted(text), states=states, order=order, descending=descending,
                first=first, most=most,
            )  # fmt: skip
        return [Listed(**row._asdict()) for row in found]

    def count_certificates(self, text: str = "", *, only_deleted: bool = False) -> dict[str, int]:
        """
        Count what ``find_certificates`` finds, by state; a state that none is in is left out.

        Args:
            text: as there.
            only_deleted: count the deleted ones alone, which does not take long however many others there are.

        Raises:
            ForbiddenByPolicy: and ``ForbiddenByRbac``: 403.
        """
        with self._reading("count_certificates") as connection:
            return rows.count(connection, self._core.vault_id, self._wanted(text), only_deleted=only_deleted)

    def find_certificate(self, name: str) -> Listed | None:
        """
        Return one certificate as ``find_certificates`` lists it, deleted or not; None if there is none.

        Args:
            name: of the certificate.

        Raises:
            InvalidName: it is no name.
            ForbiddenByPolicy: and ``ForbiddenByRbac``: 403.
        """
        key = name_key(name)
        with self._reading("find_certificate") as connection:
            row = rows.one(connection, self._core.vault_id, self._wanted(""), key)
        return None if row is None else Listed(**row._asdict())

    def _wanted(self, text: str) -> rows.Wanted:
        now = int(self._core.clock.now().timestamp())
        return rows.Wanted(search_terms(storable(text))[:MOST_TERMS], now, now + SOON_DAYS * _DAY)

    @contextmanager
    def _reading(self, operation: str) -> Iterator[Connection]:
        """Do first what fell due, and let only those read who may list and get certificates."""
        self._core.begin()
        try:
            for needed in ("get_certificates", "get_certificate"):
                self.check_permission(needed, {})
        except VaultError as refusal:
            self.note_refusal(operation, "certificates", refusal)
            raise
        with self._core.read() as connection:
            yield connection


def _check(states: Sequence[str], order: str, first: int, most: int) -> None:
    if isinstance(states, str) or any(state not in STATES for state in states):
        raise InvalidProperty("states", f"Each is one of {', '.join(STATES)}.")
    if order not in ORDERS:
        raise InvalidProperty("order", f"It is one of {', '.join(ORDERS)}, not {order!r}.")
    if first < 0 or not 0 <= most <= MOST_ROWS:
        raise InvalidProperty("most", f"It is from 0 to {MOST_ROWS}, and first is not negative.")
