"""By which words a certificate is found: its names, its number and its thumbprints."""

from __future__ import annotations

import re
from hashlib import sha1, sha256
from typing import TYPE_CHECKING

from kvlab.errors import X509Error
from kvlab.x509.explain import explain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kvlab.x509.field import Field

LONGEST = 4000
"""Characters; a certificate for hundreds of names is found by the first of them."""

_NAMED = frozenset({("subject", "subject"), ("certificate", "serialNumber")})
_PAIRS = re.compile(r"[0-9a-f]{1,2}(?:[ :-][0-9a-f]{2})+")


def search_words(der: bytes) -> str:
    """
    Return what a certificate is found by: thumbprints (SHA-1, SHA-256), serial number, subject, names; casefolded.

    Args:
        der: the certificate, however damaged.
    """
    try:
        fields = explain(der)
    except X509Error:
        fields = []
    return words_of(der, fields)


def words_of(der: bytes, fields: list[Field]) -> str:
    """Return what a certificate, already explained, is found by."""
    found = [sha1(der, usedforsecurity=False).hexdigest(), sha256(der).hexdigest()]
    found += [field.value for field in fields if (field.section, field.name) in _NAMED]
    found += alternative_names(fields)
    return "\n".join(found).casefold()[:LONGEST]


def alternative_names(fields: Iterable[Field], kind: str = "") -> list[str]:
    """
    Return the names in ``subjectAltName``.

    Args:
        fields: of one certificate or request.
        kind: such as ``dNSName``; empty for every kind.
    """
    found, inside = [], False
    for field in fields:
        if field.critical is not None:
            inside = field.name == "subjectAltName"
        elif inside and field.section == "extensions" and kind in ("", field.name):
            found.append(field.value)
    return found


def search_terms(text: str) -> list[str]:
    """
    Return what must all occur in the words of what is found: the words of a text, casefolded.

    A number in pairs (``4A:1F:9C``, ``4A 1F 9C``) is one word without its separators, as numbers are kept.
    """
    folded = text.strip().casefold()
    if _PAIRS.fullmatch(folded):
        return [re.sub("[ :-]", "", folded)]
    return folded.split()
