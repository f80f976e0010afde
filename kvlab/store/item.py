"""Rows of the keys and secrets that no certificate manages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kvlab.store.certificate import drop_unused_keys
from kvlab.store.schema import item, item_version, key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

_JOINED = (
    *(column.label(f"i_{column.name}") for column in item.columns),
    *item_version.columns,
    key.c.public_der,
    key.c.sealed.label("sealed_key"),
)
_FROM = item.join(item_version, item_version.c.item_id == item.c.id).outerjoin(key, key.c.id == item_version.c.key_id)


def find(
    connection: Connection, vault_id: int, area: str, name_key: str, version: str | None = None
) -> Row[Any] | None:
    """Find the newest or a given version of an item, live or deleted, with its item (``i_…``)."""
    query = sa.select(*_JOINED).select_from(_FROM).where(*_where(vault_id, area), item.c.name_key == name_key)
    if version:
        query = query.where(item_version.c.version == version)
    else:
        query = query.where(item_version.c.id == item.c.current_id)
    return connection.execute(query).first()


def versions(connection: Connection, vault_id: int, area: str, name_key: str) -> Sequence[Row[Any]]:
    """List the versions of a live item by version id."""
    return connection.execute(
        sa.select(*_JOINED)
        .select_from(_FROM)
        .where(*_where(vault_id, area), item.c.name_key == name_key, item.c.deleted_at.is_(None))
        .order_by(item_version.c.version)
    ).all()


def all_latest(
    connection: Connection, vault_id: int, area: str, *, deleted: bool, after: str, limit: int | None
) -> Sequence[Row[Any]]:
    """List items by name with their newest version, those after the casefolded name ``after`` only."""
    return connection.execute(
        sa.select(*_JOINED)
        .select_from(_FROM)
        .where(*_where(vault_id, area), item_version.c.id == item.c.current_id, item.c.name_key > after)
        .where(item.c.deleted_at.is_not(None) if deleted else item.c.deleted_at.is_(None))
        .order_by(item.c.name_key)
        .limit(limit)
    ).all()


def add_version(
    connection: Connection, vault_id: int, area: str, name_key: str, name: str, row: Mapping[str, Any]
) -> None:
    """Keep a new version, and the item itself if it is the first."""
    item_id = connection.scalar(sa.select(item.c.id).where(*_where(vault_id, area), item.c.name_key == name_key))
    if item_id is None:
        values = {"vault_id": vault_id, "area": area, "name_key": name_key, "name": name}
        item_id = _inserted(connection.execute(item.insert(), values))
    version_id = _inserted(connection.execute(item_version.insert(), {**row, "item_id": item_id}))
    set_item(connection, item_id, current_id=version_id)


def set_item(connection: Connection, item_id: int, **values: Any) -> None:
    """Change an item's row."""
    connection.execute(item.update().where(item.c.id == item_id).values(values))


def set_version(connection: Connection, version_id: int, **values: Any) -> None:
    """Change a version's row."""
    connection.execute(item_version.update().where(item_version.c.id == version_id).values(values))


def item_to_purge(connection: Connection, item_id: int, now: int) -> Row[Any] | None:
    """Find a deleted item whose retention is over."""
    return connection.execute(sa.select(item).where(item.c.id == item_id, item.c.purge_at <= now)).first()


def drop_item(connection: Connection, item_id: int) -> None:
    """Forget an item, its versions and their keys."""
    query = sa.select(item_version.c.key_id).where(
        item_version.c.item_id == item_id, item_version.c.key_id.is_not(None)
    )
    key_ids = list(connection.scalars(query))
    connection.execute(item_version.delete().where(item_version.c.item_id == item_id))
    connection.execute(item.delete().where(item.c.id == item_id))
    drop_unused_keys(connection, key_ids)


def _where(vault_id: int, area: str) -> tuple[sa.ColumnElement[bool], ...]:
    return item.c.vault_id == vault_id, item.c.area == area


def _inserted(result: sa.CursorResult[Any]) -> int:
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])
