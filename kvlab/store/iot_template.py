"""Rows of provisioning templates. No rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from kvlab.store.iot import Listing
from kvlab.store.schema import iot_template
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

_FIND = Statement(
    sa.select(iot_template).where(
        iot_template.c.account_id == bindparam("account_id"), iot_template.c.name == bindparam("name")
    )
)
_ADD = Statement(iot_template.insert())
_SET = Statement(iot_template.update().where(iot_template.c.number == bindparam("of")))
_DROP = Statement(iot_template.delete().where(iot_template.c.number == bindparam("of")))
_LIST = Listing(
    sa.select(iot_template).where(iot_template.c.account_id == bindparam("account_id")), iot_template.c.number
)


def template(connection: Connection, account_id: int, name: str) -> Any:
    """Find a template."""
    return _FIND.first(connection, {"account_id": account_id, "name": name})


def add_template(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep a template."""
    _ADD.run(connection, row)


def set_template(connection: Connection, number: int, **values: Any) -> None:
    """Change a template's row."""
    _SET.run(connection, {"of": number, **values})


def drop_template(connection: Connection, number: int) -> None:
    """Forget a template."""
    _DROP.run(connection, {"of": number})


def templates(connection: Connection, account_id: int, *, after: int | None, most: int) -> Sequence[Any]:
    """List an account's templates."""
    return _LIST.page(connection, {"account_id": account_id}, after=after, most=most)
