"""The fields of a certificate and its bytes, each leading to the other."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from kvlab.x509.explain import explain
from kvlab.x509.note import note

if TYPE_CHECKING:
    from kvlab.widgets.explorer.inventory import Entry, Inventory
    from kvlab.x509.field import Field

MOST_OCTETS = 48_000
MOST_CHARACTERS = 100_000
LONGEST_VALUE = 2_000


def fields_pane(entry: Entry, _: Inventory) -> dict[str, Any]:
    """Return the fields and, beside them, the bytes."""
    return {"layout": "fields", **_linked(entry.der or b"")}


def bytes_pane(entry: Entry, _: Inventory) -> dict[str, Any]:
    """Return the bytes and, for what is pointed at, the field."""
    return {"layout": "bytes", **_linked(entry.der or b"")}


def _linked(der: bytes) -> dict[str, Any]:
    fields = explain(der)
    rows: list[dict[str, Any]] = []
    room = MOST_CHARACTERS
    for field in fields:
        row = _field_view(field)
        room -= len(json.dumps(row))
        if room < 0:
            break
        rows.append(row)
    return {
        "fields": rows,
        "total": len(fields),
        "size": len(der),
        "der": base64.b64encode(der[:MOST_OCTETS]).decode(),
    }


def _field_view(field: Field) -> dict[str, Any]:
    value = field.value
    if len(value) > LONGEST_VALUE:
        value = f"{value[:LONGEST_VALUE]}… ({len(field.value):,} characters)"
    found = {
        "section": field.section,
        "name": field.name,
        "value": value,
        "oid": field.oid,
        "critical": field.critical,
        "offset": field.offset,
        "length": field.length,
        "note": note(field.section, field.name, field.oid, field.critical) or None,
        "problem": field.problem,
    }
    return {name: member for name, member in found.items() if member is not None}
