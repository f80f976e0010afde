"""Names as fields: the attributes of a distinguished name, and a GeneralName of any kind (RFC 5280 section 4.2.1.6)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kvlab.errors import MalformedElement
from kvlab.x509.attribute import ATTRIBUTES, SHOWN_KEYWORDS, Kind
from kvlab.x509.der import OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, Element, Reader
from kvlab.x509.oid import name_oid
from kvlab.x509.primitive import STRING_TAGS, Told, ascii_text, string_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.x509.field import Inspection

_LONGEST_REMEMBERED = 128
_SHORTEST_LIMIT = 40
_QUOTED = frozenset(',+="<>#;')

_LIMITS = {attribute.oid.dotted_string: attribute.limit for attribute in ATTRIBUTES if attribute.limit}
_COUNTRIES = {attribute.oid.dotted_string for attribute in ATTRIBUTES if attribute.kind is Kind.COUNTRY}
_KEYWORDS = {oid.dotted_string: keyword for oid, keyword in SHOWN_KEYWORDS.items()}


NameAttribute = tuple[int | None, int | None, str | None, str, str, str | None]
"""Offset from the start of its relative name, length, OID, name of the type, value, problem."""

RelativeName = tuple[list[NameAttribute], str]
"""The attributes, and all of them as text."""


def name_fields(seen: Inspection, section: str, element: Element, if_empty: str | None = None) -> str:
    """
    Add a row for a whole Name, then one for each of its attributes, and return the Name as text.

    The section is also the name of the first row; ``if_empty`` is its problem when there is no attribute.

    Raises:
        MalformedElement: it is no SEQUENCE.
    """
    rows = seen.rows
    place = len(rows)
    texts = []
    for child in seen.members(element):
        start = child[1]
        attributes, text = relative_name(seen.der[start : child[4]])
        texts.append(text)
        if len(attributes) > 1:
            seen.spend(len(attributes))
        for at, length, oid, name, value, problem in attributes:
            rows.append((section, name, value, oid, None, None if at is None else start + at, length, problem))
    texts.reverse()
    text = ", ".join(texts)
    at = element[1]
    rows.insert(place, (section, section, text, None, None, at, element[4] - at, None if text else if_empty))
    return text


def name_text(seen: Inspection, element: Element) -> Told:
    """
    Write a Name as Key Vault and Windows do: most specific RDN first, ``CN=contoso.com, O=Contoso, C=US``.

    Raises:
        MalformedElement: it is no SEQUENCE.
    """
    names = [relative_name(seen.der[child[1] : child[4]]) for child in seen.members(element)]
    problems = (attribute[5] for attributes, _ in names for attribute in attributes)
    return ", ".join([text for _, text in reversed(names)]), next(filter(None, problems), None)


def relative_name(octets: bytes) -> RelativeName:
    """
    Read one RelativeDistinguishedName apart from its input, and remember it: names of one organisation share most.

    Args:
        octets: the SET, tag to end; its tag is not looked at if it is context-specific.
    """
    if len(octets) > _LONGEST_REMEMBERED:
        return _read_relative_name(octets)
    return _remembered_relative_name(octets)


def _read_relative_name(octets: bytes) -> RelativeName:
    reader = Reader(octets)
    whole = reader.element(0, len(octets))
    if whole[0] != SET and whole[0] & 0xC0 != 0x80:
        return [_unreadable(reader, whole, "A Name holds something that is no SET.")], f"#{octets.hex()}"
    elements = reader.children(whole[2], whole[3])
    if not elements:
        return [_unreadable(reader, whole, "A relative name has no attribute.")], ""
    attributes = [_attribute(reader, element) for element in elements]
    return attributes, " + ".join([_pair(oid, value) for _, _, oid, _, value, _ in attributes])


_remembered_relative_name = lru_cache(maxsize=256)(_read_relative_name)


def _attribute(reader: Reader, element: Element) -> NameAttribute:
    parts = reader.children(element[2], element[3])
    if element[0] != SEQUENCE or len(parts) != 2 or parts[0][0] != OBJECT_IDENTIFIER:
        return _unreadable(reader, element, "This is no AttributeTypeAndValue.")
    kind, value = parts
    try:
        oid, name = name_oid(reader.der[kind[2] : kind[3]])
    except MalformedElement as fault:
        return _unreadable(reader, element, str(fault))
    text, problem = _attribute_value(reader, oid, name, value)
    if reader.faults:
        problem = next(iter(reader.faults.values()))[0]
    return *_place(reader, element), oid, name, text, problem


def _place(reader: Reader, element: Element) -> tuple[int | None, int | None]:
    at = element[1]
    if reader.faults.get(at, ("", 0))[1] is None:
        return None, None
    return at, element[4] - at


def _attribute_value(reader: Reader, oid: str, name: str, value: Element) -> Told:
    tag, start, body, end, stop = value
    if tag not in STRING_TAGS and oid not in _LIMITS:
        # A few attributes, such as x500UniqueIdentifier, are no strings by definition.
        return reader.der[start:stop].hex(), None
    text, problem = string_text(tag, reader.der[body:end])
    if len(text) > _SHORTEST_LIMIT or oid in _COUNTRIES or not text:
        problem = problem or _length_problem(oid, name, text)
    return text, problem


def _unreadable(reader: Reader, element: Element, problem: str) -> NameAttribute:
    octets = reader.der[element[1] : element[4]]
    return *_place(reader, element), None, "attribute", octets.hex(), problem


def _length_problem(oid: str, name: str, text: str) -> str | None:
    limit = _LIMITS.get(oid)
    if oid in _COUNTRIES and len(text) != 2:
        return "A country is two letters."
    if not text:
        return f"The {name} is empty."
    if limit and len(text) > limit:
        return f"The {name} has {len(text)} characters; the standard allows {limit}."
    return None


def _pair(oid: str | None, value: str) -> str:
    if oid is None:
        return f"#{value}"
    keyword = _KEYWORDS.get(oid) or f"OID.{oid}"
    if not value or value[0] == " " or value[-1] == " " or not _QUOTED.isdisjoint(value):
        value = '"' + value.replace('"', '""') + '"'
    return f"{keyword}={value}"


class GeneralName(NamedTuple):
    """A GeneralName as read: its kind in RFC 5280's word, its text, its type if it is an otherName or an OID."""

    kind: str
    value: str
    oid: str | None = None
    problem: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


def general_name(seen: Inspection, element: Element) -> GeneralName:
    """
    Read one GeneralName; one that can not be read is its octets in hex, with a problem.
    """
    if element[0] == 0x82:  # dNSName, the common one
        text, problem = ascii_text(seen.der[element[2] : element[3]])
        return GeneralName("dNSName", text, None, problem or (None if text.strip(" .") else "The dNSName is empty."))
    read = _GENERAL_NAMES.get(element[0])
    if read is None:
        return _no_name(seen, element, "This is no GeneralName.")
    try:
        return read(seen, element)
    except MalformedElement as fault:
        return _no_name(seen, element, str(fault))


def general_name_fields(seen: Inspection, section: str, elements: list[Element]) -> str:
    """
    Add one row for each GeneralName, and return all of them on one line.
    """
    shown = []
    for element in elements:
        kind, value, oid, problem = general_name(seen, element)
        seen.row(section, kind, value, element, oid, problem)
        shown.append(f"{kind}: {value}")
    return ", ".join(shown)


def network(seen: Inspection, element: Element) -> GeneralName:
    """
    Read the base of a GeneralSubtree, where an iPAddress is an address and a mask (RFC 5280 section 4.2.1.10).
    """
    if element[0] != 0x87:
        name = general_name(seen, element)
        # An empty name is legal here: it stands for all names of its kind.
        return name._replace(problem=None) if not name.value else name
    octets = seen.der[element[2] : element[3]]
    if len(octets) not in (8, 32):
        return GeneralName("iPAddress", octets.hex(), None, "A range of addresses is 8 or 32 octets: address and mask.")
    half = len(octets) // 2
    address, mask = ipaddress.ip_address(octets[:half]), int.from_bytes(octets[half:], "big")
    hosts = (1 << 8 * half) - 1 - mask
    if hosts & (hosts + 1):
        mask_text = ipaddress.ip_address(octets[half:])
        return GeneralName("iPAddress", f"{address}/{mask_text}", None, "The mask is not contiguous.")
    return GeneralName("iPAddress", f"{address}/{8 * half - hosts.bit_length()}")


def _no_name(seen: Inspection, element: Element, problem: str) -> GeneralName:
    return GeneralName("generalName", seen.der[element[1] : element[4]].hex(), None, problem)


def _text(kind: str) -> Callable[[Inspection, Element], GeneralName]:
    def read(seen: Inspection, element: Element) -> GeneralName:
        text, problem = ascii_text(seen.der[element[2] : element[3]])
        return GeneralName(kind, text, None, problem or (None if text else f"The {kind} is empty."))

    return read


def _hex(kind: str) -> Callable[[Inspection, Element], GeneralName]:
    def read(seen: Inspection, element: Element) -> GeneralName:
        return GeneralName(kind, seen.der[element[2] : element[3]].hex())

    return read


def _directory_name(seen: Inspection, element: Element) -> GeneralName:
    text, problem = name_text(seen, seen.only_child(element[2], element[3]))
    return GeneralName("directoryName", text, None, problem)


def _address(seen: Inspection, element: Element) -> GeneralName:
    octets = seen.der[element[2] : element[3]]
    if len(octets) not in (4, 16):
        return GeneralName("iPAddress", octets.hex(), None, "An iPAddress is 4 or 16 octets.")
    return GeneralName("iPAddress", str(ipaddress.ip_address(octets)))


def _registered(seen: Inspection, element: Element) -> GeneralName:
    oid, _ = name_oid(seen.der[element[2] : element[3]])
    return GeneralName("registeredID", oid, oid)


def _party(seen: Inspection, element: Element) -> GeneralName:
    texts = []
    for tagged in seen.children(element[2], element[3]):
        inner = seen.only_child(tagged[2], tagged[3])
        texts.append(string_text(inner[0], seen.der[inner[2] : inner[3]])[0])
    return GeneralName("ediPartyName", ", ".join(texts))


def _other(seen: Inspection, element: Element) -> GeneralName:
    parts = seen.children(element[2], element[3])
    if len(parts) != 2:
        raise MalformedElement("An otherName is a type and a value.")
    oid, name = name_oid(seen.content(parts[0], OBJECT_IDENTIFIER))
    if parts[1][0] != 0xA0:
        raise MalformedElement("The value of an otherName stands under tag [0].")
    value = seen.only_child(parts[1][2], parts[1][3])
    octets = seen.der[value[2] : value[3]]
    if value[0] in STRING_TAGS:
        text, problem = string_text(value[0], octets)
    elif oid == _OBJECT_SID and value[0] == OCTET_STRING:
        text, problem = ascii_text(octets)
    else:
        text, problem = seen.der[value[1] : value[4]].hex(), None
    return GeneralName("otherName", f"{name} {text}", oid, problem)


_OBJECT_SID = "1.3.6.1.4.1.311.25.2.1"

_GENERAL_NAMES: dict[int, Callable[[Inspection, Element], GeneralName]] = {
    0xA0: _other,
    0x81: _text("rfc822Name"),
    0xA3: _hex("x400Address"),
    0xA4: _directory_name,
    0xA5: _party,
    0x86: _text("uniformResourceIdentifier"),
    0x87: _address,
    0x88: _registered,
}
