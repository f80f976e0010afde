"""What goes wrong on the command line, and how it is said in one line."""

from __future__ import annotations

from kvlab.errors import VaultError
from kvlab.x509.primitive import visible


class Failure(Exception):
    """A command can not do what it was asked; the message is one line, hint included."""


class WrongUse(Failure):
    """Arguments that are right one by one do not go together."""


def sentence(error: BaseException | str) -> str:
    """Say an error in one line that is safe on a terminal, with its hint if it has one."""
    if isinstance(error, VaultError):
        text = f"{error.message} ({error.hint})" if error.hint else error.message
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        text = str(error)
    return shown(" ".join(text.split()))


def shown(text: str) -> str:
    """Escape what a terminal would obey or can not show, octets of a file name that are no text among it."""
    return visible(text.encode("utf-8", "backslashreplace").decode())
