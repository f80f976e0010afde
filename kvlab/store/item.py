"""Rows of the keys and secrets that no certificate manages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from kvlab.store.certificate import drop_unused_keys, limited
from kvlab.store.schema import item, item_version, key
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

_AREA = sa.and_(item.c.vault_id == bindparam("vault_id"), item.c.area == bindparam("area"))
_NAME = sa.and_(_AREA, item.c.name_key == bindparam("name_key"))
_LATEST = item_version.c.id == item.c.current_id


def _selected(columns: Sequence[sa.Column[Any]]) -> sa.Select[Any]:
    labelled = (column.label(f"i_{column.name}") for column in item.columns)
    return sa.select(*labelled, *columns).join_from(item, item_version, item_version.c.item_id == item.c.id)


def _found(version: sa.ColumnElement[bool]) -> Statement:
    return Statement(
        _selected([*item_version.columns, key.c.public_der])
        .outerjoin(key, key.c.id == item_version.c.key_id)
        .where(_NAME, version)
    )


_FIND_LATEST = _found(_LATEST)
_FIND_VERSION = _found(item_version.c.version == bindparam("version"))

# Neither values nor keys: a list shows none, and a secret's may be large.
_SHOWN = [column for column in item_version.columns if column.name not in ("sealed", "key_id")]

_VERSIONS = Statement(
    _selected(_SHOWN)
    .where(_NAME, item.c.deleted_at.is_(None), item_version.c.version > bindparam("after"))
    .order_by(item_version.c.version)
    .limit(bindparam("most"))
)

_LISTINGS = {
    deleted: Statement(
        _selected(_SHOWN)
        .where(_AREA, _LATEST, item.c.name_key > bindparam("after"))
        .where(item.c.deleted_at.is_not(None) if deleted else item.c.deleted_at.is_(None))
        .order_by(item.c.name_key)
        .limit(bindparam("most"))
    )
    for deleted in (False, True)
}


def find(connection: Connection, vault_id: int, area: str, name_key: str, version: str | None = None) -> Any:
    """Find the newest or a given version of an item, live or deleted, with its item (``i_…``)."""
    of = {"vault_id": vault_id, "area": area, "name_key": name_key}
    if version is None:
        return _FIND_LATEST.first(connection, of)
    return _FIND_VERSION.first(connection, {**of, "version": version})


def versions(
    connection: Connection, vault_id: int, area: str, name_key: str, *, after: str, limit: int | None
) -> Sequence[Row[Any]]:
    """List the versions of a live item by version id, those after the id ``after`` only."""
    of = {"vault_id": vault_id, "area": area, "name_key": name_key}
    return _VERSIONS.all(connection, {**of, **limited(after, limit)})


def all_versions(connection: Connection, item_id: int) -> list[dict[str, Any]]:
    """Return the whole rows of an item's versions, the oldest first."""
    query = sa.select(item_version).where(item_version.c.item_id == item_id).order_by(item_version.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def all_latest(
    connection: Connection, vault_id: int, area: str, *, deleted: bool, after: str, limit: int | None
) -> Sequence[Row[Any]]:
    """List items by name with their newest version, those after the casefolded name ``after`` only."""
    return _LISTINGS[deleted].all(connection, {"vault_id": vault_id, "area": area, **limited(after, limit)})


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
