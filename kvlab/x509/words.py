"""By which words a certificate is found: its names, its number and its thumbprints."""

from __future__ import annotations

import re
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, NamedTuple

from kvlab.errors import X509Error
from kvlab.x509.explain import explain_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kvlab.x509.field import Field

LONGEST = 4000
"""Characters; a certificate for hundreds of names is found by the first of them."""

LEAST_DIGITS = 6
"""Hexadecimal digits that make a number: fewer occur somewhere in nearly every thumbprint."""

_NUMBER = re.compile(rf"[0-9a-f]{{{LEAST_DIGITS},}}")
_PAIRS = re.compile(r"[0-9a-f]{1,2}(?:[ :-][0-9a-f]{2})+")


class Term(NamedTuple):
    """
    A word that is looked for.

    Attributes:
        text: casefolded, as names are kept.
        number: upper-case hexadecimal, as numbers are kept; empty if it can be none.
    """

    text: str
    number: str = ""


def search_words(name: str, der: bytes) -> str:
    """
    Return what a certificate is found by: its names casefolded, its numbers in upper-case hexadecimal.

    Args:
        name: under which it is kept.
        der: the certificate, however damaged: its thumbprints (SHA-1, SHA-256), serial number, subject, other names.
    """
    try:
        fields = explain_names(der)
    except X509Error:
        fields = []
    return words_of(name, der, fields)


def words_of(name: str, der: bytes, fields: list[Field]) -> str:
    """Return what a certificate, already explained, is found by."""
    numbers = numbers_of(der)
    numbers += [field.value for field in fields if (field.section, field.name) == ("certificate", "serialNumber")]
    names = [field.value for field in fields if (field.section, field.name) == ("subject", "subject")]
    return wanted_words([name, *names, *alternative_names(fields)], numbers)


def numbers_of(der: bytes, serial_number: int | None = None) -> list[str]:
    """Return the thumbprints of a certificate (SHA-1, SHA-256) and, if it is known, its serial number; hexadecimal."""
    numbers = [sha1(der, usedforsecurity=False).hexdigest(), sha256(der).hexdigest()]
    if serial_number is not None:
        digits = f"{serial_number:X}"
        numbers.append(digits.zfill(len(digits) + len(digits) % 2))
    return numbers


def wanted_words(names: Iterable[str], numbers: Iterable[str] = ()) -> str:
    """Return what something is found by that has these names and numbers (hexadecimal)."""
    return "\n".join((*(number.upper() for number in numbers), *(name.casefold() for name in names)))[:LONGEST]


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


def search_terms(text: str) -> list[Term]:
    """
    Return what must all occur in the words of what is found.

    A number in pairs (``4A:1F:9C``, ``4A 1F 9C``) is one word without its separators, as numbers are kept.
    """
    folded = text.strip().casefold()
    words = [re.sub("[ :-]", "", folded)] if _PAIRS.fullmatch(folded) else folded.split()
    return [Term(word, word.upper() if _NUMBER.fullmatch(word) else "") for word in words]
