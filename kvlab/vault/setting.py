"""What a vault is opened with, and the ranges of it."""

from __future__ import annotations

import re

from kvlab.errors import InvalidProperty
from kvlab.vault.inoperable import REFUSED

INOPERABLE = tuple(REFUSED)

_VAULT_NAME = re.compile(r"[A-Za-z](?:[0-9A-Za-z]|-(?!-)){1,22}[0-9A-Za-z]")


def check_settings(name: str, retention_days: int, inoperable: str | None, self_delay_seconds: float) -> None:
    """
    Refuse what no vault can be opened with; the arguments are those of ``Core``.

    Raises:
        InvalidProperty: an argument out of range; it is named.
    """
    if not isinstance(name, str) or not _VAULT_NAME.fullmatch(name):
        raise InvalidProperty("name", "A vault's name has 3 to 24 letters, digits and single hyphens.")
    if not isinstance(retention_days, int) or not 7 <= retention_days <= 90:
        raise InvalidProperty("retention_days", f"It is a whole number from 7 to 90, not {retention_days!r}.")
    if inoperable not in (None, *INOPERABLE):
        raise InvalidProperty("inoperable", f"It is 'documented' or 'recorded', not {inoperable!r}.")
    if not isinstance(self_delay_seconds, (int, float)) or not 0 <= self_delay_seconds < float("inf"):
        raise InvalidProperty("self_delay_seconds", "It is 0 or more.")
