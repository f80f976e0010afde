"""Names as fields: the attributes of a distinguished name, and a GeneralName of any kind (RFC 5280 section 4.2.1.6)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from kvlab.errors import MalformedElement
from kvlab.x509.attribute import ATTRIBUTES, SHOWN_KEYWORDS, Kind
from kvlab.x509.der import OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, Element
from kvlab.x509.oid import encode_oid, name_oid
from kvlab.x509.primitive import STRING_TAGS, Told, ascii_text, string_text, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.x509.field import Inspection

_SHORTEST_LIMIT = 40
_QUOTED = frozenset(',+="<>#;')

_LIMITS = {attribute.oid.dotted_string: attribute.limit for attribute in ATTRIBUTES if attribute.limit}
_COUNTRIES = {attribute.oid.dotted_string for attribute in ATTRIBUTES if attribute.kind is Kind.COUNTRY}
_KEYWORDS = {oid.dotted_string: keyword for oid, keyword in SHOWN_KEYWORDS.items()}


class NameAttribute(NamedTuple):
    """One AttributeTypeAndValue as read; ``element`` is the whole SEQUENCE, ``oid`` None when it has no readable type."""

    element: Element
    oid: str | None
    name: str
    value: str
    problem: str | None


def name_fields(seen: Inspection, section: str, element: Element, if_empty: str | None = None) -> str:
    """
    Add a row for a whole Name, then one for each of its attributes, and return the Name as text.

    Args:
        section: also the name of the first row.
        if_empty: the problem when there is no attribute.

    Raises:
        MalformedElement: it is no SEQUENCE.
    """
    relative_names = _relative_names(seen, element)
    text = _name_text(relative_names)
    seen.row(section, section, text, element, None, None if text else if_empty)
    for attributes in relative_names:
        for attribute in attributes:
            seen.row(section, attribute.name, attribute.value, attribute.element, attribute.oid, attribute.problem)
    return text


def name_text(seen: Inspection, element: Element) -> Told:
    """
    Write a Name as Key Vault and Windows do: most specific RDN first, ``CN=contoso.com, O=Contoso, C=US``.

    Raises:
        MalformedElement: it is no SEQUENCE.
    """
    relative_names = _relative_names(seen, element)
    problems = (attribute.problem for attributes in relative_names for attribute in attributes)
    return _name_text(relative_names), next(filter(None, problems), None)


def relative_name_text(seen: Inspection, element: Element) -> Told:
    """
    Write one RelativeDistinguishedName whose tag is implicit.
    """
    attributes = [_attribute(seen, child) for child in seen.children(element[2], element[3])]
    return _name_text([attributes]), next(filter(None, (attribute.problem for attribute in attributes)), None)


def _relative_names(seen: Inspection, element: Element) -> list[list[NameAttribute]]:
    found = []
    for child in seen.members(element):
        if child[0] == SET:
            found.append([_attribute(seen, inner) for inner in seen.children(child[2], child[3])])
            if not found[-1]:
                found[-1].append(NameAttribute(child, None, "attribute", "", "A relative name has no attribute."))
        else:
            found.append([_unreadable(seen, child, "A Name holds something that is no SET.")])
    return found


def _attribute(seen: Inspection, element: Element) -> NameAttribute:
    parts = seen.children(element[2], element[3])
    if element[0] != SEQUENCE or len(parts) != 2 or parts[0][0] != OBJECT_IDENTIFIER:
        return _unreadable(seen, element, "This is no AttributeTypeAndValue.")
    kind, value = parts
    der = seen.der
    try:
        oid, name = name_oid(der[kind[2] : kind[3]])
    except MalformedElement as fault:
        return _unreadable(seen, element, str(fault))
    text, problem = string_text(value[0], der[value[2] : value[3]])
    if problem and value[0] not in STRING_TAGS:
        # A few attributes, such as x500UniqueIdentifier, are no strings by definition.
        return NameAttribute(element, oid, name, der[value[1] : value[4]].hex(), None if oid not in _LIMITS else problem)
    if len(text) > _SHORTEST_LIMIT or oid in _COUNTRIES or not text:
        problem = problem or _length_problem(oid, name, text)
    return NameAttribute(element, oid, name, text, problem)


def _unreadable(seen: Inspection, element: Element, problem: str) -> NameAttribute:
    return NameAttribute(element, None, "attribute", seen.der[element[1] : element[4]].hex(), problem)


def _length_problem(oid: str, name: str, text: str) -> str | None:
    limit = _LIMITS.get(oid)
    if oid in _COUNTRIES and len(text) != 2:
        return "A country is two letters."
    if not text:
        return f"The {name} is empty."
    if limit and len(text) > limit:
        return f"The {name} has {len(text)} characters; the standard allows {limit}."
    return None


def _name_text(relative_names: list[list[NameAttribute]]) -> str:
    return ", ".join([" + ".join(map(_pair, attributes)) for attributes in reversed(relative_names)])


def _pair(attribute: NameAttribute) -> str:
    oid = attribute.oid
    if oid is None:
        return f"#{attribute.value}"
    value = attribute.value
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
