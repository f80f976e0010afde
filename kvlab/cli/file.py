"""Files a command reads and writes, and passwords: from a file or the terminal, never from the command line."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kvlab.cli.failure import Failure, shown
from kvlab.errors import WrongPassword

if TYPE_CHECKING:
    from collections.abc import Callable

Opened = TypeVar("Opened")

STDIN = "-"
MAX_OCTETS = 5_000_000
"""A longer file is refused."""

_MAX_PASSWORD_OCTETS = 4096


def read_file(path: str) -> bytes:
    """
    Read a whole file.

    Args:
        path: ``-`` for standard input.

    Raises:
        Failure: it is empty, or has more than ``MAX_OCTETS``.
        OSError: it can not be read.
    """
    octets = _beginning(path, MAX_OCTETS + 1)
    if not octets:
        raise Failure("The file is empty.")
    if len(octets) > MAX_OCTETS:
        raise Failure(f"The file has more than {MAX_OCTETS:,} octets.")
    return octets


def read_password(path: str | None) -> bytes | None:
    """
    Read a password: the first line of a file, without its end.

    Args:
        path: None for no file, and so no password.

    Raises:
        Failure: the line is longer than any password.
        OSError: the file can not be read.
    """
    if path is None:
        return None
    line = _beginning(path, _MAX_PASSWORD_OCTETS + 1).partition(b"\n")[0].removesuffix(b"\r")
    if len(line) > _MAX_PASSWORD_OCTETS:
        raise Failure(f"The first line of the password file has more than {_MAX_PASSWORD_OCTETS:,} octets.")
    return line


def unlock(open_it: Callable[[bytes | None], Opened], path: str, password: bytes | None) -> Opened:
    """
    Open what may be encrypted.

    Args:
        open_it: takes a password, or None, and raises WrongPassword.
        path: what the terminal asks for the password of.
        password: None to try without one first, and to ask if that does not do.

    Raises:
        WrongPassword: the password does not open it.
        Failure: it is encrypted, and there is nobody to ask.
    """
    try:
        return open_it(password)
    except WrongPassword:
        if password is not None:
            raise
    asked = _ask_password(shown(path))
    if asked is None:
        raise Failure("It is protected by a password (put that into a file and use --password-file).")
    return open_it(asked)


def _ask_password(about: str) -> bytes | None:
    """Ask on the terminal; None if nobody is there who could answer."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    try:
        return getpass.getpass(f"Password of {about}: ").encode("utf-8", "surrogateescape")
    except EOFError:
        return None


def write_file(path: str, text: str, *, replace: bool = False) -> None:
    """
    Write a file, whole or not at all.

    Args:
        path: where; the folder must exist.
        text: ASCII.
        replace: put it in the place of a file that is there.

    Raises:
        Failure: the file is there, and may not be replaced.
        OSError: it can not be written.
    """
    target = Path(path)
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    with draft.open("x", encoding="ascii", newline="\n") as file:
        file.write(text)
    try:
        if replace:
            draft.replace(target)
        else:
            _claim(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _claim(draft: Path, target: Path) -> None:
    """Give the draft its name, unless that is taken; a link is the one way that nobody can come between."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise Failure(f"{target}: The file exists already (--force replaces it).") from None
    except OSError:
        # Not every file system has links.
        if os.path.lexists(target):
            raise Failure(f"{target}: The file exists already (--force replaces it).") from None
        draft.replace(target)


def _beginning(path: str, octets: int) -> bytes:
    if path == STDIN:
        return sys.stdin.buffer.read(octets)
    with open(path, "rb") as file:  # noqa: PTH123  the path may be any, a device too
        return file.read(octets)
