"""Rows of things, and the principals that are attached to them. No rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from kvlab.store.iot import Listing
from kvlab.store.schema import iot_account, iot_thing, iot_thing_principal
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

_FIND = Statement(
    sa.select(iot_thing).where(
        iot_thing.c.account_id == bindparam("account_id"), iot_thing.c.name == bindparam("name")
    )
)  # fmt: skip
_ADD = Statement(iot_thing.insert())
_SET = Statement(iot_thing.update().where(iot_thing.c.number == bindparam("of")))
_DROP = Statement(iot_thing.delete().where(iot_thing.c.number == bindparam("of")))
_LIST = Listing(sa.select(iot_thing).where(iot_thing.c.account_id == bindparam("account_id")), iot_thing.c.number)

_LINK = Statement(
    sa.select(iot_thing_principal).where(
        iot_thing_principal.c.thing == bindparam("thing"), iot_thing_principal.c.principal == bindparam("principal")
    )
)
_PRINCIPALS = Listing(
    sa.select(iot_thing_principal).where(iot_thing_principal.c.thing == bindparam("thing")),
    iot_thing_principal.c.number,
)
_THINGS_OF = Listing(
    sa.select(iot_thing_principal.c.number, iot_thing_principal.c.kind, iot_thing.c.name)
    .join(iot_thing, iot_thing.c.number == iot_thing_principal.c.thing)
    .where(
        iot_thing_principal.c.principal == bindparam("principal"), iot_thing.c.account_id == bindparam("account_id")
    ),
    iot_thing_principal.c.number,
)
_THINGS = Statement(
    sa.select(*iot_thing.columns, iot_thing_principal.c.kind, iot_account.c.account, iot_account.c.region)
    .join(iot_thing_principal, iot_thing_principal.c.thing == iot_thing.c.number)
    .join(iot_account, iot_account.c.id == iot_thing.c.account_id)
    .where(iot_thing_principal.c.principal == bindparam("principal"), iot_account.c.vault_id == bindparam("vault_id"))
    .order_by(iot_thing_principal.c.number)
)
_ATTACH = Statement(iot_thing_principal.insert())
_DETACH = Statement(iot_thing_principal.delete().where(iot_thing_principal.c.number == bindparam("of")))


def thing(connection: Connection, account_id: int, name: str) -> Any:
    """Find a thing."""
    return _FIND.first(connection, {"account_id": account_id, "name": name})


def add_thing(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep a thing."""
    _ADD.run(connection, row)


def set_thing(connection: Connection, number: int, **values: Any) -> None:
    """Change a thing's row."""
    _SET.run(connection, {"of": number, **values})


def drop_thing(connection: Connection, number: int) -> None:
    """Forget a thing."""
    _DROP.run(connection, {"of": number})


def things(connection: Connection, account_id: int, *, after: int | None, most: int) -> Sequence[Any]:
    """List an account's things."""
    return _LIST.page(connection, {"account_id": account_id}, after=after, most=most)


def link(connection: Connection, number: int, principal: str) -> Any:
    """Find how a principal is attached to a thing."""
    return _LINK.first(connection, {"thing": number, "principal": principal})


def principals(connection: Connection, number: int, *, after: int | None, most: int) -> Sequence[Any]:
    """List the principals of a thing."""
    return _PRINCIPALS.page(connection, {"thing": number}, after=after, most=most)


def things_of(
    connection: Connection, account_id: int, principal: str, *, after: int | None, most: int
) -> Sequence[Any]:
    """List an account's things that a principal is attached to, by name and ``kind`` of attachment."""
    return _THINGS_OF.page(connection, {"account_id": account_id, "principal": principal}, after=after, most=most)


def all_things_of(connection: Connection, vault_id: int, principal: str) -> Sequence[Any]:
    """List the whole rows of the things that a principal is attached to."""
    return _THINGS.all(connection, {"vault_id": vault_id, "principal": principal})


def attach(connection: Connection, number: int, principal: str, kind: str) -> None:
    """Attach a principal to a thing."""
    _ATTACH.run(connection, {"thing": number, "principal": principal, "kind": kind})


def detach(connection: Connection, linked: int) -> None:
    """Undo one attachment."""
    _DETACH.run(connection, {"of": linked})
