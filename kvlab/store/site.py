"""Rows of a server: its identity, and the clients that may come in. All sealed; no rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from kvlab.store.schema import site

if TYPE_CHECKING:
    from sqlalchemy import Connection


def find(connection: Connection, name: str) -> bytes | None:
    """Return the sealed fact of a name."""
    return connection.scalar(sa.select(site.c.sealed).where(site.c.name == name))


def put(connection: Connection, name: str, sealed: bytes) -> None:
    """Keep a sealed fact, in place of an earlier one."""
    connection.execute(site.delete().where(site.c.name == name))
    connection.execute(site.insert(), {"name": name, "sealed": sealed})
