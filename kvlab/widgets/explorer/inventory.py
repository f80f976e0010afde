"""What the explorer asks of where certificates come from, a vault or files, and what it gets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kvlab.x509.words import alternative_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from kvlab.vault.glance import Glance
    from kvlab.vault.vault import Vault
    from kvlab.wire.certificate import CertificateBundle
    from kvlab.x509.field import Field

PAGE_ROWS = 25
DAY = 86400

STATES = {
    "valid": ("✓", "ok", "Valid"),
    "expires soon": ("⚠\ufe0e", "warn", "Soon"),
    "expired": ("✕", "bad", "Expired"),
    "not yet valid": ("•", "", "Not yet"),
    "disabled": ("⊘", "", "Disabled"),
    "pending": ("◐", "now", "Pending"),
    "failed": ("⚠\ufe0e", "bad", "Failed"),
    "deleted": ("\u2212", "", "Deleted"),
    "unreadable": ("⚠\ufe0e", "bad", "Unreadable"),
}
"""State -> its sign, its colour's role, and the word on the button that shows only those."""


_CURVE = re.compile(r"^EC .*\((P-\w+)\)$")


class Ask(NamedTuple):
    """What the list is to show: words to find, a state (empty for all), an order with ``-`` for the last first."""

    query: str = ""
    state: str = ""
    order: str = "name"
    page: int = 0


class Row(NamedTuple):
    """
    A certificate in the list; all texts can be shown as they are.

    Attributes:
        key: what it is selected by.
        name: in the vault, or of the file.
        state: one of ``STATES``.
        kind: of the key, such as ``EC P-256``; empty if there is none yet.
        names: the first name it is good for, and how many more.
        days: left, negative once it is over; None where it has no end.
        part: of its validity that is left, 0 to 1.
        remark: in place of the days; empty for none.
    """

    key: str
    name: str
    state: str
    kind: str = ""
    names: str = ""
    days: int | None = None
    part: float = 0
    remark: str = ""


class Entry(NamedTuple):
    """
    One certificate, opened.

    Attributes:
        row: as in the list.
        der: of the certificate; None if there is none (yet).
        bundle: the vault's answer; None for files.
        versions: how many there are; None for files.
        fault: why it can not be read; empty if it can.
        version: which one it is if it is not the newest; empty if it is.
        glance: how it stands in the vault; None for files.
        remark: what else stood in its place; empty if nothing did.
    """

    row: Row
    der: bytes | None
    bundle: CertificateBundle | None = None
    versions: int | None = None
    fault: str = ""
    version: str = ""
    glance: Glance | None = None
    remark: str = ""


class Inventory(Protocol):
    """
    Where certificates come from.

    Attributes:
        title: what stands in the explorer's head.
        vault: the vault, if it is one.
    """

    title: str
    vault: Vault | None

    def page(self, ask: Ask) -> Sequence[Row]:
        """Search."""

    def counts(self, query: str, *, only_deleted: bool = False) -> Mapping[str, int]:
        """Count what is found, by state; all, or the deleted alone."""

    def entry(self, key: str, version: str = "") -> Entry | None:
        """Open one; None if it is not there (any more)."""

    def chain(self, entry: Entry) -> list[bytes]:
        """Return the certificates that may vouch for one, DER, itself among them."""

    def now(self) -> datetime:
        """Return the instant that days are counted from."""

    def progress(self) -> tuple[int, int] | None:
        """Return how many are read, of how many; None once all are."""

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call ``changed()``, on any thread, after every change; returns what ends it."""


def left(nbf: int | None, exp: int | None, now: int) -> tuple[int | None, float]:
    """Return the days and the part of a validity (epoch seconds) that are left."""
    if exp is None:
        return None, 0
    whole = max(exp - (exp if nbf is None else nbf), 1)
    return (exp - now) // DAY, min(max((exp - now) / whole, 0), 1)


def names_text(fields: list[Field]) -> str:
    """Return the first host name of a certificate and how many more there are; without any, its subject."""
    hosts = alternative_names(fields, "dNSName") or alternative_names(fields)
    if not hosts:
        return value_of(fields, "subject", "subject") or "no name"
    return hosts[0] if len(hosts) == 1 else f"{hosts[0]} +{len(hosts) - 1}"


def key_kind(fields: list[Field]) -> str:
    """Return the kind of the public key, such as ``EC P-256`` or ``RSA 2048``."""
    words = value_of(fields, "public key", "subjectPublicKeyInfo").removesuffix(" bits")
    curve = _CURVE.search(words)
    return f"EC {curve[1]}" if curve else words


def value_of(fields: list[Field], section: str, name: str) -> str:
    """Return the value of a field; empty if there is none."""
    return next((field.value for field in fields if (field.section, field.name) == (section, name)), "")
