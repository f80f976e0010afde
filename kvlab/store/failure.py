"""What a database's failures mean: which of them pass, so that the caller may try again."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kvlab.errors import StoreUnavailable

if TYPE_CHECKING:
    from sqlalchemy import Dialect

_LOCKED = ("its database is locked by another program", 2)
_DISK = ("the disk of its database gives an error", 10)
_SERVER = ("its database server does not answer or is short of something", 5)

# The primary result codes (https://sqlite.org/rescode.html) that are no mistake of kvlab's.
_SQLITE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_FULL: ("the disk of its database is full", 30),
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_CANTOPEN: _DISK,
    sqlite3.SQLITE_READONLY: ("its database can not be written", 30),
}

# Too long without a word within a transaction, and a transaction that took too long: the server hung up
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_POSTGRESQL = frozenset({"25P03", "25P04"})


def unavailable(error: BaseException | None, dialect: Dialect) -> StoreUnavailable | None:
    """
    Return the refusal that a driver's or SQLAlchemy's error stands for; None if it is another kind of error.

    Args:
        error: what was raised while the database was used.
        dialect: of the database.
    """
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.OperationalError):
        # The low byte; the upper ones tell apart what is the same to a caller.
        found = _SQLITE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
        return StoreUnavailable(*found) if found else None
    driver = dialect.dbapi
    if isinstance(original, PoolTimeout) or (
        driver is not None
        and dialect.name != "sqlite"
        and (
            isinstance(original, (driver.OperationalError, driver.InterfaceError))
            or getattr(original, "sqlstate", None) in _POSTGRESQL
        )
    ):
        return StoreUnavailable(*_SERVER)
    return None


def is_busy(error: BaseException | None) -> bool:
    """Tell whether an error says that another connection holds an SQLite file."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
