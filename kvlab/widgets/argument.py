"""What a person hands to a form or a view: the one check, so that a wrong argument is named, and what is allowed."""

from __future__ import annotations

from types import NoneType
from typing import NamedTuple

from kvlab.iot.iot import Iot
from kvlab.vault.vault import Vault


class Allowed(NamedTuple):
    """
    What an argument may be.

    Attributes:
        kinds: types.
        words: the same for people, with an example.
    """

    kinds: tuple[type, ...]
    words: str


VAULT = Allowed((Vault,), "a vault, such as kvlab.Vault()")
REGISTRY = Allowed((Iot,), "the registry of an AWS account, such as kvlab.Iot(vault)")
DEVICE = Allowed((str,), "the id of a device certificate as text (64 hexadecimal digits)")
NAME = Allowed((str,), 'the name of a certificate as text, such as "web"')
VERSION = Allowed((str, NoneType), "a version's id as text (32 hexadecimal digits), or None for the newest")


def check_argument(argument: str, given: object, allowed: Allowed) -> None:
    """
    Refuse what is of no kind that is allowed.

    Args:
        argument: its name.
        given: what was given for it.
        allowed: what may be.

    Raises:
        TypeError: it is something else; the message says what is allowed.

    Examples:
        >>> check_argument("vault", None, VAULT)
        Traceback (most recent call last):
        TypeError: vault is None; allowed is a vault, such as kvlab.Vault().
    """
    if not isinstance(given, allowed.kinds):
        raise TypeError(f"{argument} is {_sort(given)}; allowed is {allowed.words}.")


def _sort(given: object) -> str:
    """Say what something is; a value is never repeated: it may be a secret that came to the wrong place."""
    if given is None:
        return "None"
    return f"the class {given.__name__} itself" if isinstance(given, type) else f"of type {type(given).__name__}"
