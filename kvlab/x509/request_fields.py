"""The attributes of a certification request as fields (RFC 2986, RFC 2985)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.errors import MalformedElement
from kvlab.x509.der import OBJECT_IDENTIFIER, SET, Element
from kvlab.x509.extension_fields import extension_fields
from kvlab.x509.oid import name_oid
from kvlab.x509.policy_fields import outline

if TYPE_CHECKING:
    from kvlab.x509.field import Inspection

_SECTION = "attributes"
_EXTENSION_REQUESTS = ("extensionRequest", "certExtensions")


def attribute_fields(seen: Inspection, element: Element) -> None:
    """
    Add a row for each attribute; a request for extensions is followed by the rows of the extensions.
    """
    for child in seen.children(element[2], element[3]):
        try:
            _attribute(seen, child)
        except MalformedElement as fault:
            seen.raw(_SECTION, "attribute", child, str(fault))


def _attribute(seen: Inspection, element: Element) -> None:
    parts = seen.members(element)
    if not parts:
        raise MalformedElement("An attribute is empty.")
    oid, name = name_oid(seen.content(parts[0], OBJECT_IDENTIFIER))
    if name == "challengePassword":
        seen.row(_SECTION, name, "(set)", element, oid)
        return
    if len(parts) != 2:
        raise MalformedElement("An attribute is a type and a SET of values.")
    values = seen.members(parts[1], SET)
    if name in _EXTENSION_REQUESTS:
        _requested_extensions(seen, element, (oid, name), values)
        return
    problem = None if values else "The attribute has no value."
    seen.row(_SECTION, name, ", ".join(outline(seen, value) for value in values), element, oid, problem)


def _requested_extensions(seen: Inspection, element: Element, kind: tuple[str, str], values: list[Element]) -> None:
    place = len(seen.rows)
    problem = None
    try:
        for value in values:
            extension_fields(seen, value)
    except MalformedElement as fault:
        problem = str(fault)
    if len(values) != 1:
        problem = "A request for extensions has exactly one value."
    names = ", ".join(row[1] for row in seen.rows[place:] if row[4] is not None)
    at = element[1]
    seen.rows.insert(place, (_SECTION, kind[1], names, kind[0], None, at, element[4] - at, problem))
