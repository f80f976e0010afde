"""Rows of the vault itself: its settings, events, seeded draws, principals, contacts, issuers and practice CAs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam, literal_column

from kvlab.store import schema
from kvlab.store.certificate import NO_LIMIT, limited
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

_EVENTS = Statement(
    sa.select(schema.event)
    .where(schema.event.c.vault_id == bindparam("vault_id"), schema.event.c.seq > bindparam("after"))
    .order_by(schema.event.c.seq)
    .limit(bindparam("most"))
)
_EVENTS_ABOUT = Statement(
    sa.select(schema.event)
    .where(
        schema.event.c.vault_id == bindparam("vault_id"),
        sa.func.lower(schema.event.c.object) == bindparam("about"),
    )
    .order_by(schema.event.c.seq.desc())
    .limit(bindparam("most"))
)
_ISSUERS = Statement(
    sa.select(schema.issuer)
    .where(schema.issuer.c.vault_id == bindparam("vault_id"), schema.issuer.c.name_key > bindparam("after"))
    .order_by(schema.issuer.c.name_key)
    .limit(bindparam("most"))
)
_LAST_EVENT = Statement(
    sa.select(sa.func.coalesce(sa.func.max(schema.event.c.seq), 0).label("seq")).where(
        schema.event.c.vault_id == bindparam("vault_id")
    )
)
# The number comes from the log itself, while nobody else can write to it: no gaps, no late arrivals.
_ADD_EVENT = Statement(
    schema.event.insert().values(
        seq=sa.select(sa.func.coalesce(sa.func.max(schema.event.c.seq), 0) + 1)
        .where(schema.event.c.vault_id == bindparam("log"))
        .scalar_subquery()
    )
)
_POLLED = Statement(
    sa.select(schema.event.c.seq)
    .where(
        schema.event.c.kind == literal_column("'poll'"),
        schema.event.c.vault_id == bindparam("vault_id"),
        schema.event.c.request_id == bindparam("request_id"),
        schema.event.c.actor == bindparam("actor"),
        schema.event.c.time == bindparam("second"),
    )
    .limit(1)
)
_CLOCK = Statement(
    sa.select(schema.vault.c.clock_instant, schema.vault.c.settled_instant).where(
        schema.vault.c.id == bindparam("vault_id")
    )
)
_LOCK = Statement(
    sa.select(schema.vault.c.clock_instant).where(schema.vault.c.id == bindparam("vault_id")).with_for_update()
)
_PRINCIPAL = Statement(
    sa.select(schema.principal.c.grants).where(
        schema.principal.c.vault_id == bindparam("vault_id"), schema.principal.c.name == bindparam("name")
    )
)
_ISSUER = Statement(
    sa.select(schema.issuer).where(
        schema.issuer.c.vault_id == bindparam("vault_id"), schema.issuer.c.name_key == bindparam("name_key")
    )
)


def find_vault(connection: Connection, name: str) -> Row[Any] | None:
    """Find a vault's settings; its name is a host's, so case does not count."""
    return connection.execute(sa.select(schema.vault).where(sa.func.lower(schema.vault.c.name) == name.lower())).first()


def vault_names(connection: Connection) -> list[str]:
    """List the vaults of this database."""
    return list(connection.scalars(sa.select(schema.vault.c.name).order_by(schema.vault.c.id)))


def add_vault(connection: Connection, row: Mapping[str, Any]) -> int:
    """Keep a new vault; returns its row id."""
    result = connection.execute(schema.vault.insert(), row)
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def set_vault(connection: Connection, vault_id: int, **values: Any) -> None:
    """Change a vault's settings."""
    connection.execute(schema.vault.update().where(schema.vault.c.id == vault_id).values(values))


def move_clock(connection: Connection, vault_id: int, instant: int) -> None:
    """Keep how far a simulated clock has come; it does not go back, whoever else moved it."""
    table = schema.vault
    connection.execute(
        table.update().where(table.c.id == vault_id, table.c.clock_instant < instant).values(clock_instant=instant)
    )


def settle_clock(connection: Connection, vault_id: int, instant: int) -> None:
    """Note that all that fell due by an instant of a simulated clock has been done."""
    table = schema.vault
    connection.execute(
        table.update().where(table.c.id == vault_id, table.c.settled_instant < instant).values(settled_instant=instant)
    )


def clock_state(connection: Connection, vault_id: int) -> Any:
    """Return how far a simulated clock has come (``clock_instant``), and what is done (``settled_instant``)."""
    return _CLOCK.first(connection, {"vault_id": vault_id})


def lock_vault(connection: Connection, vault_id: int) -> int | None:
    """
    Let no other server write to this vault until the transaction ends; SQLite has one writer anyway.

    Returns:
        How far a simulated clock has come, in epoch seconds; None on SQLite.
    """
    if connection.dialect.name == "sqlite":
        return None
    return int(_LOCK.scalar(connection, {"vault_id": vault_id}))


def polled(connection: Connection, vault_id: int, request_id: str, actor: str, second: int) -> bool:
    """Tell whether an actor's poll of an operation has been noted in a second already."""
    wanted = {"vault_id": vault_id, "request_id": request_id, "actor": actor, "second": second}
    return _POLLED.first(connection, wanted) is not None


def append_events(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep events under the next numbers (``vault_id`` and ``log`` are both the vault's row id)."""
    _ADD_EVENT.run_many(connection, rows)


def last_event(connection: Connection, vault_id: int) -> int:
    """Return the number of the newest event, 0 if there is none."""
    return int(_LAST_EVENT.scalar(connection, {"vault_id": vault_id}))


def events_after(connection: Connection, vault_id: int, seq: int, limit: int | None) -> Sequence[Row[Any]]:
    """List events with a number above ``seq``, in order."""
    return _EVENTS.all(connection, {"vault_id": vault_id, **limited(seq, limit)})


def events_about(connection: Connection, vault_id: int, about: str, limit: int | None) -> Sequence[Row[Any]]:
    """List the newest events about an object (in lower case), in order."""
    most = NO_LIMIT if limit is None else limit
    return _EVENTS_ABOUT.all(connection, {"vault_id": vault_id, "about": about, "most": most})[::-1]


def draws(connection: Connection, vault_id: int) -> dict[tuple[str, str], int]:
    """Return how many seeded draws each name and purpose has had."""
    rows = connection.execute(sa.select(schema.draw).where(schema.draw.c.vault_id == vault_id))
    return {(row.name, row.purpose): row.ordinal for row in rows}


def save_draws(connection: Connection, vault_id: int, ordinals: Mapping[tuple[str, str], int]) -> None:
    """Keep the ordinals that moved."""
    table = schema.draw
    for (name, purpose), ordinal in ordinals.items():
        where = (table.c.vault_id == vault_id, table.c.name == name, table.c.purpose == purpose)
        if not connection.execute(table.update().where(*where).values(ordinal=ordinal)).rowcount:
            connection.execute(
                table.insert(), {"vault_id": vault_id, "name": name, "purpose": purpose, "ordinal": ordinal}
            )


def grants(connection: Connection, vault_id: int, principal: str) -> dict[str, list[str]] | None:
    """Return what a principal may do; None if it is unknown."""
    text = _PRINCIPAL.scalar(connection, {"vault_id": vault_id, "name": principal})
    return None if text is None else json.loads(text)


def all_grants(connection: Connection, vault_id: int) -> dict[str, dict[str, list[str]]]:
    """Return what each principal may do, by name."""
    table = schema.principal
    found = connection.execute(
        sa.select(table.c.name, table.c.grants).where(table.c.vault_id == vault_id).order_by(table.c.name)
    )
    return {row.name: json.loads(row.grants) for row in found}


def put_grants(connection: Connection, vault_id: int, principal: str, value: Mapping[str, list[str]]) -> None:
    """Define a principal, in place of an earlier definition."""
    table = schema.principal
    connection.execute(table.delete().where(table.c.vault_id == vault_id, table.c.name == principal))
    connection.execute(table.insert(), {"vault_id": vault_id, "name": principal, "grants": json.dumps(value)})


def issuers(connection: Connection, vault_id: int, *, after: str, limit: int | None) -> Sequence[Row[Any]]:
    """List the issuer objects by name, those after the casefolded name ``after`` only."""
    return _ISSUERS.all(connection, {"vault_id": vault_id, **limited(after, limit)})


def find_issuer(connection: Connection, vault_id: int, name_key: str) -> Any:
    """Find an issuer object."""
    return _ISSUER.first(connection, {"vault_id": vault_id, "name_key": name_key})


def put_issuer(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep an issuer object, in place of an earlier one of its name."""
    drop_issuer(connection, row["vault_id"], row["name_key"])
    connection.execute(schema.issuer.insert(), row)


def drop_issuer(connection: Connection, vault_id: int, name_key: str) -> None:
    """Forget an issuer object."""
    table = schema.issuer
    connection.execute(table.delete().where(table.c.vault_id == vault_id, table.c.name_key == name_key))


def authorities(connection: Connection, vault_id: int, name: str) -> Sequence[Row[Any]]:
    """List a practice CA's certificates with their sealed keys, the root first."""
    table = schema.authority
    return connection.execute(
        sa.select(table, schema.key.c.sealed)
        .join(schema.key, schema.key.c.id == table.c.key_id)
        .where(table.c.vault_id == vault_id, table.c.name == name)
        .order_by(table.c.rank)
    ).all()


def add_authority(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep one certificate of a practice CA."""
    connection.execute(schema.authority.insert(), row)
