"""The books of a vault's simulated certificate authorities: how they behave, their keys, their orders."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from kvlab.store import schema
from kvlab.store.certificate import add_key
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from kvlab.store.seal import Sealer

_CA, _SIGNER, _ORDER = schema.ca, schema.ca_signer, schema.ca_order
_MEMBERS = [column for column in _ORDER.c if column.name not in ("vault_id", "ca")]


def _mine(table: sa.Table, column: str = "ca") -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.vault_id == bindparam("my_vault"), table.c[column] == bindparam("my_ca")


_TOLD = Statement(sa.select(_CA).where(*_mine(_CA, "name")))
_NEXT_NUMBER = Statement(
    sa.select((sa.func.coalesce(sa.func.max(_ORDER.c.number), 0) + 1).label("number")).where(*_mine(_ORDER))
)
_ADD_ORDER = Statement(_ORDER.insert())
_BY_NUMBER = Statement(sa.select(*_MEMBERS).where(*_mine(_ORDER), _ORDER.c.number == bindparam("wanted")))
_BY_REFERENCE = Statement(sa.select(*_MEMBERS).where(*_mine(_ORDER), _ORDER.c.reference == bindparam("wanted")))
_BY_KEY = Statement(sa.select(*_MEMBERS).where(*_mine(_ORDER), _ORDER.c.key_hash == bindparam("wanted")))
_ORDERS = Statement(sa.select(*_MEMBERS).where(*_mine(_ORDER)).order_by(_ORDER.c.number))
_PUT_ORDER = Statement(_ORDER.update().where(*_mine(_ORDER), _ORDER.c.number == bindparam("my_number")))


class CaBooks:
    """
    One simulated CA's books in one transaction; what ``kvlab.providers.books.Books`` describes.

    Args:
        connection: the transaction at hand.
        vault_id: whose CA it is.
        ca: its name.
        sealer: of the store.
        seeded: whether the CA's keys come from a seed.
    """

    def __init__(self, connection: Connection, vault_id: int, ca: str, sealer: Sealer, *, seeded: bool) -> None:
        self._connection = connection
        self._mine = {"my_vault": vault_id, "my_ca": ca}
        self._vault_id = vault_id
        self._ca = ca
        self._sealer = sealer
        self._seeded = seeded

    def told(self) -> tuple[str, int, int] | None:
        """Return the configuration as JSON, since when it holds (epoch seconds), and the failures since then."""
        row = _TOLD.first(self._connection, self._mine)
        return row and (self._sealer.open(row.sealed, self._sealing_id).decode(), row.since, row.failures)

    def tell(self, text: str, since: int) -> None:
        """Keep a configuration in place of what was."""
        self._connection.execute(_CA.delete().where(_CA.c.vault_id == self._vault_id, _CA.c.name == self._ca))
        sealed = self._sealer.seal(text.encode(), self._sealing_id)
        row = {"vault_id": self._vault_id, "name": self._ca, "sealed": sealed, "since": since, "failures": 0}
        self._connection.execute(_CA.insert(), row)

    def count_failure(self) -> None:
        """Count one failure more."""
        mine = (_CA.c.vault_id == self._vault_id, _CA.c.name == self._ca)
        self._connection.execute(_CA.update().where(*mine).values(failures=_CA.c.failures + 1))

    def signers(self) -> dict[str, tuple[bytes, bytes]]:
        """Return certificate (DER) and private key (PKCS#8 DER) by role."""
        query = sa.select(_SIGNER, schema.key.c.sealed).join(schema.key, schema.key.c.id == _SIGNER.c.key_id)
        rows = self._connection.execute(query.where(*_mine(_SIGNER)), self._mine)
        return {row.role: (row.certificate_der, self._sealer.open(row.sealed, row.key_id)) for row in rows}

    def add_signer(self, role: str, certificate_der: bytes, public_der: bytes, pkcs8_der: bytes) -> None:
        """Keep a certificate and its EC key."""
        key_id = self._sealer.new_id()
        add_key(self._connection, {
            "id": key_id, "vault_id": self._vault_id, "kty": "EC", "public_der": public_der,
            "sealed": self._sealer.seal(pkcs8_der, key_id), "seeded": self._seeded,
        })  # fmt: skip
        row = {"vault_id": self._vault_id, "ca": self._ca, "role": role, "key_id": key_id}
        self._connection.execute(_SIGNER.insert(), {**row, "certificate_der": certificate_der})

    def next_number(self) -> int:
        """Return the number of the next order."""
        return int(_NEXT_NUMBER.scalar(self._connection, self._mine))

    def add_order(self, row: Mapping[str, Any]) -> None:
        """Keep a new order."""
        _ADD_ORDER.run(
            self._connection,
            {**row, "vault_id": self._vault_id, "ca": self._ca, "names": json.dumps(row["names"])},
        )

    def put_order(self, number: int, row: Mapping[str, Any]) -> None:
        """Change an order's row."""
        _PUT_ORDER.run(self._connection, {**row, **self._mine, "my_number": number})

    def order(self, number: int) -> dict[str, Any] | None:
        """Find an order by its number."""
        return _order(_BY_NUMBER.first(self._connection, {**self._mine, "wanted": number}))

    def order_placed_with(self, reference: str) -> dict[str, Any] | None:
        """Find the order that was placed with a reference."""
        return _order(_BY_REFERENCE.first(self._connection, {**self._mine, "wanted": reference}))

    def orders_of_key(self, key_hash: bytes) -> list[dict[str, Any]]:
        """List the orders for a key, the oldest first."""
        found = _BY_KEY.all(self._connection, {**self._mine, "wanted": key_hash})
        # Sorted here: told to sort, SQLite reads every order by number rather than the few of this key by its index.
        return sorted((_row(row) for row in found), key=itemgetter("number"))

    def orders(self) -> list[dict[str, Any]]:
        """List all orders, the oldest first."""
        return [_row(row) for row in _ORDERS.all(self._connection, self._mine)]

    @property
    def _sealing_id(self) -> str:
        return f"ca {self._vault_id} {self._ca}"


def _order(row: Any) -> dict[str, Any] | None:
    return None if row is None else _row(row)


def _row(row: Any) -> dict[str, Any]:
    found = row._asdict()
    return {**found, "names": json.loads(found["names"]), "key_hash": bytes(found["key_hash"])}
