"""The database: SQLite by default, PostgreSQL when several servers share a vault. Rows in, rows out; no rules."""

from __future__ import annotations

import os
import select
import sqlite3
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from kvlab.errors import OpenRefused, StoreUnavailable, UnusableMasterKey, VaultClosed
from kvlab.store import schema
from kvlab.store.failure import is_busy, unavailable
from kvlab.store.seal import VERIFIER, Sealer, master_key, random_sealer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

BUSY_SECONDS = 5.0
"""How long to wait for another process that writes to the same SQLite file."""

AGAIN_SECONDS = 0.01
"""After how long to try again meanwhile; our own threads may read in between."""

_BUSY_TIMEOUT = f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}"

EXAMPLE_URL = "postgresql+psycopg://user@host/database"

FOREIGN = "This database belongs to another program: it has tables, but none of kvlab's."

POOL_SIZE = 16
"""
Connections to PostgreSQL at most. A thread holds one only while it has a transaction, and never two; whoever finds
none free waits. Six servers fit into the hundred connections that PostgreSQL has by default.
"""

POOL_SECONDS = 10
"""How long to wait for one of them, and for the database server to take a new one."""

SERVER_OPTIONS = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=30s"
"""
No server waits for ever for another one that hangs, and one that hangs within a transaction loses it.

Source: https://www.postgresql.org/docs/current/runtime-config-client.html
"""

_SALT_OCTETS = 16
_SHARED_LOCK = 7065756


class Store:
    """
    One database and the sealer of its secrets.

    SQLite is used through one connection under one lock: its writers are serial anyway, and between threads a lock of
    our own never fails as "database is locked". PostgreSQL is used through a pool.

    Args:
        place: the path of an SQLite file, an SQLAlchemy URL, or None to live in memory.
        passphrase: for the master key; see ``kvlab.store.seal.master_key``.
        durable: on SQLite, survive a power cut too (``synchronous=FULL``); without it kill -9 loses nothing.
        key_file: holds the master key if no environment variable does; on SQLite by default beside the database.

    Raises:
        OpenRefused: no database of kvlab's, another schema version, or the master key does not open it.
    """

    def __init__(
        self,
        place: str | Path | None = None,
        *,
        passphrase: str | None = None,
        durable: bool = False,
        key_file: Path | None = None,
    ) -> None:
        self.url = _url(place)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.in_memory = self.is_sqlite and self.url.database in (None, "", ":memory:")
        if key_file is None and self.is_sqlite and not self.in_memory:
            key_file = Path(f"{self.url.database}.key")
        self._lock = threading.RLock()
        self._gate = threading.Lock()
        self._data_version = 0
        self._closed = False
        self._engine = _engine(self.url)
        self._reader = self._glancer = self._engine
        if self.is_shared:
            self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._glancer = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        try:
            self._shared = self._open_sqlite(durable=durable) if self.is_sqlite else None
            with self.write() as connection:
                new = _prepare(connection)
                self.sealer = random_sealer() if self.in_memory else _sealer(connection, passphrase, key_file, new=new)
        except (DatabaseError, sqlite3.DatabaseError, StoreUnavailable) as error:
            self.close()
            cause = error.__cause__ if isinstance(error, StoreUnavailable) else error
            reason = str(getattr(cause, "orig", cause)).splitlines()[0]
            raise OpenRefused(f"The database can not be opened as one of kvlab's: {reason}.") from None
        except BaseException:
            self.close()
            raise

    @property
    def is_shared(self) -> bool:
        """Whether other servers may use the same database, so that nothing about it is known but what is read."""
        return not self.is_sqlite

    def write(self) -> AbstractContextManager[Connection]:
        """
        Run a transaction that may write: all of it is kept, or none.

        Raises:
            StoreUnavailable: on entering, within or on leaving; nothing is kept.
            VaultClosed: it was closed.
        """
        self._check_open()
        if self._shared is None:
            return self._pooled(self._engine.begin)
        return _WriteTransaction(self._shared, self._lock, self._gate)

    def read(self) -> AbstractContextManager[Connection]:
        """
        Run a transaction that only reads: everything it sees is of one moment.

        Raises:
            StoreUnavailable: on entering or within.
            VaultClosed: it was closed.
        """
        self._check_open()
        if self._shared is None:
            return self._pooled(self._reader.connect)
        return _Transaction(self._shared, self._lock)

    def glance(self) -> AbstractContextManager[Connection]:
        """
        Run single statements that only read: on PostgreSQL each goes there and back once, for there is no transaction.

        Raises:
            StoreUnavailable: on entering or within.
            VaultClosed: it was closed.
        """
        self._check_open()
        if self._shared is None:
            return self._pooled(self._glancer.connect)
        return self.read()

    def lock(self, connection: Connection) -> None:
        """Let no other server make or change what all vaults share, until the transaction ends."""
        if not self.is_sqlite:
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_SHARED_LOCK})"))

    def changed_elsewhere(self, connection: Connection) -> bool:
        """Tell whether another connection wrote since this was last asked (SQLite: https://sqlite.org/pragma.html)."""
        if self._shared is None:
            return True
        driver: Any = connection.connection.dbapi_connection
        (seen,) = driver.execute("PRAGMA data_version").fetchone()
        changed = seen != self._data_version
        self._data_version = seen
        return bool(changed)

    def close(self) -> None:
        """Give the database back; safe to call twice."""
        with self._lock:
            self._closed = True
            if (shared := getattr(self, "_shared", None)) is not None:
                shared.close()
            self._engine.dispose()

    def _check_open(self) -> None:
        if self._closed:
            raise VaultClosed

    @contextmanager
    def _pooled(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Connection]:
        try:
            with transaction() as connection:
                yield connection
        except Exception as error:
            if (refusal := unavailable(error, self._engine.dialect)) is not None:
                raise refusal from error
            raise

    def _open_sqlite(self, *, durable: bool) -> Connection:
        connection = self._engine.connect()
        driver: Any = connection.connection.dbapi_connection
        # Looked at before anything is set: not one byte of another program's database may change.
        tables = {name for (name,) in driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and schema.meta.name not in tables:
            raise OpenRefused(FOREIGN)
        # A secret that was deleted must not linger in free pages of the file.
        for pragma in ("PRAGMA foreign_keys=ON", "PRAGMA secure_delete=ON", _BUSY_TIMEOUT):
            driver.execute(pragma)
        if not self.in_memory:
            driver.execute("PRAGMA journal_mode=WAL")
            driver.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        return connection


class _Transaction:
    """One transaction on SQLite's shared connection that only reads."""

    __slots__ = ("_connection", "_driver", "_lock")

    def __init__(self, connection: Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.dbapi_connection
        self._lock = lock

    def __enter__(self) -> Connection:
        self._lock.acquire()
        try:
            self._begin()
        except BaseException:
            self._lock.release()
            raise
        return self._connection

    def _begin(self) -> None:
        self._run("BEGIN")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if kind is None:
                self._run("COMMIT")
        finally:
            try:
                # Still so after an error, a COMMIT's own too, unless SQLite itself has rolled back.
                if self._driver.in_transaction:
                    self._driver.execute("ROLLBACK")
            finally:
                self._lock.release()
        if (refusal := unavailable(error, self._connection.dialect)) is not None:
            raise refusal from error

    def _run(self, statement: str) -> None:
        try:
            self._driver.execute(statement)
        except sqlite3.Error as error:
            if (refusal := unavailable(error, self._connection.dialect)) is not None:
                raise refusal from error
            raise


class _WriteTransaction(_Transaction):
    """One that may write; while another program does, our own threads can still read."""

    __slots__ = ("_gate",)

    def __init__(self, connection: Connection, lock: threading.RLock, gate: threading.Lock) -> None:
        super().__init__(connection, lock)
        self._gate = gate

    def __enter__(self) -> Connection:
        deadline = time.monotonic() + BUSY_SECONDS
        # One thread at a time tries, so that those who read need not wait behind all who want to write.
        with self._gate:
            while True:
                try:
                    return super().__enter__()
                except StoreUnavailable as refusal:
                    if not is_busy(refusal.__cause__) or time.monotonic() >= deadline:
                        raise
                time.sleep(AGAIN_SECONDS)

    def _begin(self) -> None:
        # SQLite's own waiting would keep the connection from everybody.
        self._driver.execute("PRAGMA busy_timeout=0")
        try:
            self._run("BEGIN IMMEDIATE")
        finally:
            self._driver.execute(_BUSY_TIMEOUT)


def _sealer(connection: Connection, passphrase: str | None, key_file: Path | None, *, new: bool) -> Sealer:
    stored = {row.name: row.value for row in connection.execute(sa.select(schema.meta))}
    salt = stored.get("salt") or os.urandom(_SALT_OCTETS)
    sealer = Sealer(master_key(passphrase=passphrase, salt=salt, environ=os.environ, key_file=key_file, may_create=new))
    if new:
        rows = [{"name": "salt", "value": salt}, {"name": "verifier", "value": sealer.seal(VERIFIER, "verifier")}]
        connection.execute(schema.meta.insert(), rows)
        return sealer
    try:
        sealer.open(stored["verifier"], "verifier")
    except UnusableMasterKey:
        raise UnusableMasterKey("The master key or passphrase is not the one this database was made with.") from None
    return sealer


def _url(place: str | Path | None) -> sa.URL:
    if isinstance(place, str) and "://" in place:
        return _server_url(place)
    # Not pasted into a URL: a file's name may hold any of its signs.
    return sa.URL.create("sqlite", database=None if place is None else str(Path(place).expanduser()))


def _server_url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise OpenRefused(f"This is no database's URL; one looks like {EXAMPLE_URL}.") from None
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise OpenRefused(f"A vault is kept in SQLite or PostgreSQL, not {url.drivername}: write {EXAMPLE_URL}.")
    return url


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return _server_engine(url)
    arguments = {"check_same_thread": False, "isolation_level": None, "timeout": BUSY_SECONDS}
    return sa.create_engine(url, poolclass=StaticPool, connect_args=arguments, hide_parameters=True)


def _server_engine(url: sa.URL) -> sa.Engine:
    wanted = {"connect_timeout": POOL_SECONDS, "options": SERVER_OPTIONS}
    arguments = {name: value for name, value in wanted.items() if name not in url.query}
    try:
        engine = sa.create_engine(
            url, pool_size=POOL_SIZE, max_overflow=0, pool_timeout=POOL_SECONDS, connect_args=arguments,
            hide_parameters=True,
        )  # fmt: skip
    except ImportError:
        raise OpenRefused("PostgreSQL needs the package psycopg.", hint='pip install "kvlab[postgres]"') from None
    sa.event.listen(engine, "checkout", _check_alive)
    return engine


def _check_alive(driver: Any, _record: object, _proxy: object) -> None:
    """
    Let the pool throw a dead connection away and take another one.

    Asking the server each time would cost as much as a statement. It says nothing unasked, but that it hangs up.
    """
    try:
        poll = select.poll()
        poll.register(driver.fileno(), select.POLLIN)
        if poll.poll(0):
            driver.execute("")
            driver.rollback()
    except driver.OperationalError:
        raise sa.exc.DisconnectionError from None


def _prepare(connection: Connection) -> bool:
    """Make the tables of a new database; tell whether it was new."""
    if connection.dialect.name == "postgresql":
        # Two servers that start at once must not both make the tables.
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_SHARED_LOCK})"))
    tables = set(sa.inspect(connection).get_table_names())
    if schema.meta.name not in tables:
        if tables:
            raise OpenRefused(FOREIGN)
        schema.metadata.create_all(connection)
        connection.execute(schema.meta.insert(), {"name": "schema", "value": schema.SCHEMA_VERSION.encode()})
        return True
    found = connection.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.name == "schema"))
    if found != schema.SCHEMA_VERSION.encode():
        raise OpenRefused(f"This database has schema {found!r}; this kvlab reads {schema.SCHEMA_VERSION!r}.")
    return False
