"""The fields of certificates and requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.tables.frame import frame
from kvlab.tables.source import objects_of
from kvlab.x509.note import note

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from kvlab.tables.source import Source
    from kvlab.x509.field import Field
    from kvlab.x509.file import Found

DTYPES = {
    "section": "category",
    "field": "string",
    "value": "string",
    "oid": "string",
    "critical": "boolean",
    "offset": "Int64",
    "length": "Int64",
    "note": "string",
}


def fields(source: Source) -> pd.DataFrame:
    """
    Lay out certificates or requests, one row a field, in the order of their bytes.

    Args:
        source: a certificate of the vault (newest or any version), a pending operation (its request), a certificate's
            secret (its chain), a ``cryptography`` certificate or request, DER octets, PEM text or octets, the
            ``pathlib.Path`` of a PEM, DER, P7B or PFX file (a PFX without a password), or a list of these: a chain.
            Private keys beside them are passed over.

    Returns:
        A frame with the columns

        - ``section``: category; ``certificate``, ``issuer``, ``validity``, ``subject``, ``public key``,
          ``extensions``, ``signature``, …; of several certificates with the place before it: ``2: subject``.
        - ``field``: string; RFC 5280's word, or the dotted OID of something unknown.
        - ``value``: string; safe to show.
        - ``oid``: string, dotted; <NA> for a field without one.
        - ``critical``: boolean; <NA> for what is no extension. Each extension has a row, its members follow.
        - ``offset``: Int64, octets from the start of its own DER; <NA> for a field without an element of its own.
        - ``length``: Int64, octets of the whole element, from its tag to its end.
        - ``note``: string; a sentence on what the field is for, and after ``Problem:`` what is malformed or against
          RFC 5280.

    Raises:
        X509Error: there is no certificate and no request in it.
        OSError: the file can not be read.
        TypeError: it is something else; the message says what is allowed.
    """
    return frame((_row(section, field) for section, field in placed_fields(objects_of(source))), DTYPES)


def placed_fields(found: list[Found]) -> Iterator[tuple[str, Field]]:
    """Go through the fields of all objects, each with its section as it is shown."""
    for number, thing in enumerate(found, start=1):
        place = f"{number}: " if len(found) > 1 else ""
        for field in thing.fields:
            yield f"{place}{field.section}", field


def _row(section: str, field: Field) -> tuple[object, ...]:
    told = note(field.section, field.name, field.oid, field.critical)
    if field.problem is not None:
        told = f"{told} Problem: {field.problem}"
    return section, field.name, field.value, field.oid, field.critical, field.offset, field.length, told
