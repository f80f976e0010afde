"""Extensions as fields: a row for each extension, then rows for its members (RFC 5280 section 4.2)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from kvlab.errors import MalformedElement
from kvlab.x509 import policy_fields, vendor_fields
from kvlab.x509.der import BOOLEAN, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Element
from kvlab.x509.field import Inspection, Row
from kvlab.x509.name_fields import general_name, general_name_fields, relative_name
from kvlab.x509.oid import encode_oid, name_oid
from kvlab.x509.primitive import (
    GENERALIZED_TIME,
    Told,
    bit_names,
    boolean_text,
    integer_text,
    serial_text,
    string_text,
    time_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Decoder = Callable[[Inspection, Element], Told]

SECTION = "extensions"

KEY_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
_REASONS = (
    "unused",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
    "aACompromise",
)
SUBJECT_ALT_NAME = "2.5.29.17"
_LONGEST_REMEMBERED = 200
_FREE_ROWS = 8
"""An extension's rows count against the limit of the input only beyond this, so that ordinary ones need no counting."""


def extension_fields(seen: Inspection, element: Element, *, only: str | None = None) -> None:
    """
    Add the rows of an Extensions SEQUENCE.

    Args:
        seen: the walk.
        element: the SEQUENCE.
        only: the OID of the one extension to read; None for all.

    Raises:
        MalformedElement: it is no SEQUENCE.
    """
    met: set[str | None] = set()
    wanted = encode_oid(only) if only else b""
    for child in seen.members(element):
        if wanted and not seen.der.startswith(wanted, child[2] + 2, child[3]):
            # What stands first in an extension is its OID, behind two octets: tag and length.
            continue
        start = child[1]
        found = read_extension(seen.der[start : child[4]])
        if len(found) > _FREE_ROWS:
            seen.spend(len(found))
        oid = found[0][3]
        if oid in met and oid is not None:
            found = _with_problem(found, f"A second {found[0][1]}: an extension may appear only once.")
        elif seen.subject_is_empty and oid == SUBJECT_ALT_NAME and not found[0][4]:
            found = _with_problem(found, "With an empty subject this extension must be critical.")
        met.add(oid)
        for section, name, value, dotted, critical, at, length, problem in found:
            place = None if at is None else start + at
            seen.rows.append((section, name, value, dotted, critical, place, length, problem))


def _with_problem(rows: tuple[Row, ...], sentence: str) -> tuple[Row, ...]:
    first = rows[0]
    return (*first[:7], f"{sentence} {first[7]}" if first[7] else sentence), *rows[1:]


def read_extension(octets: bytes) -> tuple[Row, ...]:
    """
    Read one Extension apart from its input, and remember it if it is short: most certificates share most of them.

    Args:
        octets: the SEQUENCE, tag to end.

    Returns:
        The rows, the extension's own first; offsets count from the start of the SEQUENCE.
    """
    if len(octets) > _LONGEST_REMEMBERED:
        return _read_extension(octets)
    return _remembered_extension(octets)


def _read_extension(octets: bytes) -> tuple[Row, ...]:
    seen = Inspection(octets)
    whole = seen.element(0, len(octets))
    # The reader of the input has noted what is wrong with the outermost tag and length.
    seen.faults.pop(0, None)
    try:
        _extension(seen, whole)
    except MalformedElement as fault:
        seen.rows.clear()
        seen.raw(SECTION, "extension", whole, str(fault))
    return seen.settled_rows()


_remembered_extension = lru_cache(maxsize=256)(_read_extension)


def _extension(seen: Inspection, element: Element) -> None:
    parts = seen.members(element)
    if not 2 <= len(parts) <= 3 or parts[-1][0] != OCTET_STRING:
        raise MalformedElement("This is no Extension: an OID, perhaps a BOOLEAN, and an OCTET STRING.")
    oid, name = name_oid(seen.content(parts[0], OBJECT_IDENTIFIER))
    critical, problem = (False, None) if len(parts) == 2 else _criticality(seen, parts[1])
    decode, must_be_critical = _EXTENSIONS.get(oid, (None, None))
    wrapped = parts[-1]
    value, fault = _value(seen, decode, wrapped[2], wrapped[3])
    if must_be_critical is not None and critical != must_be_critical:
        problem = problem or f"RFC 5280 wants this extension {'critical' if must_be_critical else 'not critical'}."
    problem = fault if problem is None else problem if fault is None else f"{problem} {fault}"
    seen.rows.insert(0, (SECTION, name, value, oid, critical, element[1], element[4] - element[1], problem))


def _criticality(seen: Inspection, element: Element) -> tuple[bool, str | None]:
    octets = seen.der[element[2] : element[3]]
    if element[0] != BOOLEAN:
        return False, "The element before the value is no BOOLEAN."
    if octets == b"\xff":
        return True, None
    text, problem = boolean_text(octets)
    return text == "true", problem or "FALSE is the default of critical, and DER leaves defaults out."


def _value(seen: Inspection, decode: Decoder | None, start: int, end: int) -> Told:
    """Decode what an OCTET STRING wraps; what can not be decoded, or is unknown, is the wrapped octets in hex."""
    if decode is None:
        return seen.der[start:end].hex(), None
    if start == end:
        return "", "The extension has no value."
    inner = seen.element(start, end)
    try:
        value, problem = decode(seen, inner)
    except MalformedElement as fault:
        return seen.der[start:end].hex(), str(fault)
    return value, problem if inner[4] == end else "Further octets follow the value."


def _key_usage(seen: Inspection, element: Element) -> Told:
    return bit_names(seen.content(element, 0x03), KEY_USAGES)


def _basic_constraints(seen: Inspection, element: Element) -> Told:
    parts = seen.members(element)
    authority, problem = "false", None
    if parts and parts[0][0] == BOOLEAN:
        first = parts.pop(0)
        authority, problem = boolean_text(seen.der[first[2] : first[3]])
        if authority == "false":
            problem = problem or "FALSE is the default of cA, and DER leaves defaults out."
        seen.row(SECTION, "cA", authority, first, None, problem)
    else:
        seen.derived(SECTION, "cA", "false")
    summary = f"CA: {authority}"
    if not parts:
        return summary, None
    length, problem = integer_text(seen.content(parts[0], INTEGER))
    if length[0] == "-":
        problem = "A path length is not negative."
    elif authority == "false":
        problem = problem or "A path length is for CAs only."
    seen.row(SECTION, "pathLenConstraint", length, parts[0], None, problem)
    return f"{summary}, path length: {length}", "BasicConstraints holds too much." if len(parts) > 1 else None


def _purposes(seen: Inspection, element: Element) -> Told:
    names = []
    for part in seen.members(element):
        oid, name = name_oid(seen.content(part, OBJECT_IDENTIFIER))
        seen.row(SECTION, "KeyPurposeId", name, part, oid)
        names.append(name)
    return ", ".join(names), None if names else "There must be at least one purpose."


def _general_names(seen: Inspection, element: Element) -> Told:
    names = seen.members(element)
    return general_name_fields(seen, SECTION, names), None if names else "There must be at least one name."


def _subject_key_identifier(seen: Inspection, element: Element) -> Told:
    octets = seen.content(element, OCTET_STRING)
    return octets.hex(), None if octets else "The identifier is empty."


def _authority_key_identifier(seen: Inspection, element: Element) -> Told:
    shown, tags = [], set()
    for part in seen.members(element):
        octets = seen.der[part[2] : part[3]]
        if part[0] == 0x80:
            name, (value, problem) = "keyIdentifier", (octets.hex(), None)
        elif part[0] == 0xA1:
            names = [general_name(seen, child) for child in seen.children(part[2], part[3])]
            name, value = "authorityCertIssuer", ", ".join(map(str, names))
            problem = next((inner.problem for inner in names if inner.problem), None)
        elif part[0] == 0x82:
            name, (value, problem) = "authorityCertSerialNumber", serial_text(octets)
        else:
            raise MalformedElement("An AuthorityKeyIdentifier has no such part.")
        seen.row(SECTION, name, value, part, None, problem)
        shown.append(f"{name}: {value}")
        tags.add(part[0])
    problem = None if (0xA1 in tags) == (0x82 in tags) else "Issuer and serial number must come together."
    # A lone identifier, the usual case, needs no label.
    return (value if tags == {0x80} and len(shown) == 1 else ", ".join(shown)), problem


def _distribution_points(seen: Inspection, element: Element) -> Told:
    points = [_distribution_point(seen, point) for point in seen.members(element)]
    return "; ".join(points), None if points else "There must be at least one distribution point."


def _distribution_point(seen: Inspection, element: Element) -> str:
    shown = []
    for part in seen.members(element):
        if part[0] == 0xA0:
            shown.append(_distribution_point_name(seen, seen.only_child(part[2], part[3])))
        elif part[0] == 0x81:
            reasons, problem = bit_names(seen.der[part[2] : part[3]], _REASONS)
            seen.row(SECTION, "reasons", reasons, part, None, problem)
            shown.append(f"reasons: {reasons}")
        elif part[0] == 0xA2:
            issuers = ", ".join(str(general_name(seen, child)) for child in seen.children(part[2], part[3]))
            seen.row(SECTION, "cRLIssuer", issuers, part)
            shown.append(f"cRLIssuer: {issuers}")
        else:
            raise MalformedElement("A DistributionPoint has no such part.")
    return ", ".join(shown)


def _distribution_point_name(seen: Inspection, element: Element) -> str:
    if element[0] == 0xA0:
        return general_name_fields(seen, SECTION, seen.children(element[2], element[3]))
    if element[0] != 0xA1:
        raise MalformedElement("A DistributionPointName is a full or a relative name.")
    attributes, text = relative_name(seen.der[element[1] : element[4]])
    problem = next(filter(None, (attribute[5] for attribute in attributes)), None)
    seen.row(SECTION, "nameRelativeToCRLIssuer", text, element, None, problem)
    return f"nameRelativeToCRLIssuer: {text}"


def _access_descriptions(seen: Inspection, element: Element) -> Told:
    shown = []
    for part in seen.members(element):
        inner = seen.members(part)
        if len(inner) != 2:
            raise MalformedElement("An AccessDescription is a method and a location.")
        oid, method = name_oid(seen.content(inner[0], OBJECT_IDENTIFIER))
        location = general_name(seen, inner[1])
        value = location.value if location.kind == "uniformResourceIdentifier" else str(location)
        seen.row(SECTION, method, value, part, oid, location.problem)
        shown.append(f"{method}: {value}")
    return ", ".join(shown), None if shown else "There must be at least one access description."


def _private_key_usage_period(seen: Inspection, element: Element) -> Told:
    shown = []
    for part in seen.members(element):
        name = {0x80: "notBefore", 0x81: "notAfter"}.get(part[0])
        if name is None:
            raise MalformedElement("A PrivateKeyUsagePeriod has no such part.")
        text, problem = time_text(GENERALIZED_TIME, seen.der[part[2] : part[3]])
        seen.row(SECTION, name, text, part, None, problem)
        shown.append(f"{name}: {text}")
    return ", ".join(shown), None if shown else "There must be at least one time."


def _directory_attributes(seen: Inspection, element: Element) -> Told:
    shown = []
    for part in seen.members(element):
        inner = seen.members(part)
        if len(inner) != 2:
            raise MalformedElement("An attribute is a type and a SET of values.")
        oid, name = name_oid(seen.content(inner[0], OBJECT_IDENTIFIER))
        values = [policy_fields.outline(seen, value) for value in seen.children(inner[1][2], inner[1][3])]
        seen.row(SECTION, name, ", ".join(values), part, oid)
        shown.append(f"{name}: {', '.join(values)}")
    return ", ".join(shown), None if shown else "There must be at least one attribute."


def _null(seen: Inspection, element: Element) -> Told:
    return "present", None if not seen.content(element, 0x05) else "A NULL has no content."


def _octets(seen: Inspection, element: Element) -> Told:
    return seen.content(element, OCTET_STRING).hex(), None


def _number(seen: Inspection, element: Element) -> Told:
    return integer_text(seen.content(element, INTEGER))


def _string(seen: Inspection, element: Element) -> Told:
    return string_text(element[0], seen.der[element[2] : element[3]])


_EXTENSIONS: dict[str, tuple[Decoder, bool | None]] = {
    "2.5.29.9": (_directory_attributes, False),
    "2.5.29.14": (_subject_key_identifier, False),
    "2.5.29.15": (_key_usage, None),
    "2.5.29.16": (_private_key_usage_period, None),
    "2.5.29.17": (_general_names, None),
    "2.5.29.18": (_general_names, None),
    "2.5.29.19": (_basic_constraints, None),
    "2.5.29.30": (policy_fields.name_constraints, True),
    "2.5.29.31": (_distribution_points, None),
    "2.5.29.32": (policy_fields.policies, None),
    "2.5.29.33": (policy_fields.policy_mappings, None),
    "2.5.29.35": (_authority_key_identifier, False),
    "2.5.29.36": (policy_fields.policy_constraints, True),
    "2.5.29.37": (_purposes, None),
    "2.5.29.46": (_distribution_points, False),
    "2.5.29.54": (_number, True),
    "1.3.6.1.5.5.7.1.1": (_access_descriptions, False),
    "1.3.6.1.5.5.7.1.3": (policy_fields.qualified_statements, None),
    "1.3.6.1.5.5.7.1.11": (_access_descriptions, False),
    "1.3.6.1.5.5.7.1.24": (vendor_fields.tls_features, None),
    "1.3.6.1.5.5.7.1.31": (_octets, True),
    "1.3.6.1.5.5.7.48.1.5": (_null, None),
    "1.3.6.1.4.1.11129.2.4.2": (vendor_fields.certificate_timestamps, None),
    "1.3.6.1.4.1.11129.2.4.3": (_null, True),
    "1.3.6.1.4.1.311.20.2": (_string, None),
    "1.3.6.1.4.1.311.21.1": (vendor_fields.authority_version, None),
    "1.3.6.1.4.1.311.21.2": (_octets, None),
    "1.3.6.1.4.1.311.21.7": (vendor_fields.certificate_template, None),
    "1.3.6.1.4.1.311.21.10": (policy_fields.policies, None),
    "1.3.6.1.4.1.311.25.2": (_general_names, None),
    "2.16.840.1.113730.1.1": (vendor_fields.netscape_type, None),
    **{f"2.16.840.1.113730.1.{last}": (_string, None) for last in (2, 3, 4, 7, 8, 12, 13)},
}
"""Dotted OID -> how its value is read, and whether its standard demands or forbids that it is critical."""
