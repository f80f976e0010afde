"""What can stand at the end of an unfinished line: commands, options, names of certificates, variables, files."""

from __future__ import annotations

import glob
from typing import TYPE_CHECKING

from kvlab.errors import VaultError
from kvlab.widgets.magics.command import COMMANDS
from kvlab.widgets.magics.line import WrongUse
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kvlab.widgets.magics.line import Command, Option
    from kvlab.widgets.magics.session import Session

MOST_NAMES = 200


def complete(line: str, session: Session) -> list[str]:
    """
    Return what may stand in place of the line's last word.

    Args:
        line: what follows ``%kv``, up to the cursor.
        session: whose vault and variables are offered.
    """
    *before, last = line.split(" ")
    words = [word for word in before if word]
    if not words:
        return _beginning(last, COMMANDS)
    command = COMMANDS.get(words[0])
    if command is None:
        return []
    option = _expected(command, words[1:])
    if last.startswith("-") or option is None:
        return _beginning(last, [each.flag for each in command.options if each.flag.startswith("-")] + ["--help"])
    return _beginning(last, _values(option, session, last))


def _expected(command: Command, words: list[str]) -> Option | None:
    """Return what the next word is the value of; None if an option may begin there."""
    by_flag = {option.flag: option for option in command.options}
    places = [option for option in command.options if not option.flag.startswith("-")]
    takes_value = [word in by_flag and by_flag[word].settings.get("action") != "store_true" for word in words]
    if words and takes_value[-1]:
        return by_flag[words[-1]]
    after_flag = [False, *takes_value[:-1]] if words else []
    plain = sum(not word.startswith("-") and not value for word, value in zip(words, after_flag, strict=True))
    if plain < len(places):
        return places[plain]
    last = places[-1] if places else None
    return last if last is not None and last.settings.get("nargs") == "+" else None


def _values(option: Option, session: Session, last: str) -> Iterable[str]:
    if choices := option.settings.get("choices"):
        return list(choices)
    find = _SOURCES.get(option.of)
    if find is None:
        return []
    try:
        return find(session, last)
    except (VaultError, WrongUse):
        # Whoever types may have no permission to list, or no vault yet.
        return []


def _certificates(session: Session, _last: str) -> list[str]:
    return [_name(item.id) for item in session.vault.get_certificates(include_pending=True)[:MOST_NAMES]]


def _deleted(session: Session, _last: str) -> list[str]:
    found = session.vault.get_deleted_certificates(include_pending=True)
    return [_name(item.recovery_id) for item in found[:MOST_NAMES]]


def _issuers(session: Session, _last: str) -> list[str]:
    return [_name(item.id) for item in session.vault.get_certificate_issuers()[:MOST_NAMES]]


def _policies(session: Session, _last: str) -> list[str]:
    kinds = (CertificatePolicy, dict)
    return [name for name, value in session.names.items() if isinstance(value, kinds) and not name.startswith("_")]


def _vaults(session: Session, _last: str) -> list[str]:
    return [*session.vaults()]


def _files(_session: Session, last: str) -> list[str]:
    return sorted(glob.glob(f"{glob.escape(last)}*"))[:MOST_NAMES]  # noqa: PTH207  what was typed stays as it is


def _name(url: str) -> str:
    """Return the name in an id, which has no version."""
    return url.split("/")[4]


def _beginning(last: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(last)]


_SOURCES: dict[str, Callable[[Session, str], list[str]]] = {
    "certificate": _certificates,
    "deleted": _deleted,
    "issuer": _issuers,
    "variable": _policies,
    "vault": _vaults,
    "file": _files,
}
