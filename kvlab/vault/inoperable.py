"""
What can not be done with a key or secret that is disabled, expired or not yet valid, as one table.

Sources: "documented" is https://learn.microsoft.com/azure/key-vault/certificates/create-certificate (a certificate that
is expired or disabled is inoperable) and, for dates, https://learn.microsoft.com/azure/key-vault/keys/about-keys-details
(date-time controlled operations); "recorded" is what was seen on the wire, where it is finer.
"""

from __future__ import annotations

from typing import Any, Literal

Mode = Literal["documented", "recorded"]
Condition = Literal["disabled", "expired", "not yet valid", "valid"]

READ_VALUE = "read the secret's value"
USES = ("sign", "verify", "encrypt", "decrypt", "wrapKey", "unwrapKey", READ_VALUE)

_EVERYTHING = frozenset(USES)
_OUT_OF_TIME = frozenset({"sign", "encrypt", "wrapKey"})

REFUSED: dict[Mode, dict[Condition, frozenset[str]]] = {
    "documented": {
        "disabled": _EVERYTHING,
        "expired": _EVERYTHING,
        "not yet valid": _OUT_OF_TIME,
        "valid": frozenset(),
    },
    "recorded": {
        "disabled": frozenset({"sign", "decrypt", "unwrapKey", READ_VALUE}),
        "expired": _OUT_OF_TIME,
        "not yet valid": _OUT_OF_TIME,
        "valid": frozenset(),
    },
}
"""A key or secret that no certificate manages is always treated as ``recorded``."""


def condition(row: Any, now: int) -> Condition:
    """Tell whether a version (``enabled``, ``nbf``, ``exp``) can be used at ``now`` (epoch seconds)."""
    if not row.enabled:
        return "disabled"
    if row.exp is not None and row.exp <= now:
        return "expired"
    return "not yet valid" if row.nbf is not None and row.nbf > now else "valid"


def refused(use: str, found: Condition, *, managed: bool, mode: str) -> bool:
    """Tell whether a use (one of ``USES``) is refused in a condition."""
    return use in REFUSED["documented" if managed and mode == "documented" else "recorded"][found]
