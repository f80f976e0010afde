"""
Certificates and certification requests as a flat list of fields, in the order of their bytes.

The DER is walked here rather than by a library, because a teaching kit must also show what a library refuses: what can
be read is a field, what can not is a field with its octets and a sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.errors import ExcessiveWork, MalformedElement, UnreadableContainer
from kvlab.x509.der import BIT_STRING, INTEGER, SEQUENCE, Element, tag_text
from kvlab.x509.extension_fields import SUBJECT_ALT_NAME, extension_fields
from kvlab.x509.field import Field, Inspection
from kvlab.x509.key_fields import algorithm_fields, public_key_fields, read_algorithm
from kvlab.x509.name_fields import name_fields
from kvlab.x509.primitive import GENERALIZED_TIME, UTC_TIME, bits, integer_text, serial_text, time_text
from kvlab.x509.request_fields import attribute_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    Slot = tuple[str, str, int, Callable[[Inspection, Element], None]]

MOST_OCTETS = 5_000_000

_EXPLICIT_0, _EXPLICIT_3 = 0xA0, 0xA3
_UNIQUE_IDS = {0x81: "issuerUniqueID", 0x82: "subjectUniqueID"}


def explain(der: bytes) -> list[Field]:
    """
    List the fields of a certificate or of a certification request, whichever it is.

    Raises:
        UnreadableContainer: it is neither.
        ExcessiveWork: more than 5,000,000 octets or 200,000 elements.
    """
    seen, outer, inner = _open(der)
    tags = [element[0] for element in inner[:4]]
    if tags[:3] == [INTEGER, SEQUENCE, SEQUENCE] and tags[3:] in ([], [_EXPLICIT_0]):
        return _request(seen, outer, inner)
    # An OCSP request has the same beginning but nothing after its first part; a revocation list has a time early on.
    is_alone = len(outer) == 1 and not seen.faults
    if tags[:1] in ([_EXPLICIT_0], [INTEGER]) and not is_alone and not {UTC_TIME, GENERALIZED_TIME} & {*tags}:
        return _certificate(seen, outer, inner)
    raise UnreadableContainer("This is neither a certificate nor a certification request.")


def explain_certificate(der: bytes) -> list[Field]:
    """
    List the fields of a certificate (RFC 5280 section 4.1), however damaged.

    Args:
        der: DER, or the BER that some tools write.

    Returns:
        Fields in the order of their bytes; an extension before its members.

    Raises:
        UnreadableContainer: there is not even a SEQUENCE that begins with a SEQUENCE.
        ExcessiveWork: more than 5,000,000 octets or 200,000 elements.
    """
    return _certificate(*_open(der))


def explain_names(der: bytes) -> list[Field]:
    """
    List of a certificate's fields only what it is called by: serial number, subject, other names.

    They are as `explain_certificate` has them; to read the rest as well costs three times as much.

    Raises:
        UnreadableContainer: there is not even a SEQUENCE that begins with a SEQUENCE.
        ExcessiveWork: more than 5,000,000 octets or 200,000 elements.
    """
    seen, _, inner = _open(der)
    for element in _fill(seen, _version(seen, inner), _NAME_SLOTS):
        if element[0] == _EXPLICIT_3:
            _attempt(seen, ("extensions", "extensions", _EXPLICIT_3, _other_names), element)
    return seen.fields()


def explain_request(der: bytes) -> list[Field]:
    """
    List the fields of a PKCS#10 certification request (RFC 2986), however damaged.

    A challengePassword is only said to be set.

    Args:
        der: DER, or the BER that some tools write.

    Returns:
        Fields in the order of their bytes; requested extensions stand in the section ``extensions``.

    Raises:
        UnreadableContainer: there is not even a SEQUENCE that begins with a SEQUENCE.
        ExcessiveWork: more than 5,000,000 octets or 200,000 elements.
    """
    return _request(*_open(der))


def _open(der: bytes) -> tuple[Inspection, list[Element], list[Element]]:
    """Read the parts of the outer SEQUENCE, and those of the signed part in it."""
    if len(der) > MOST_OCTETS:
        raise ExcessiveWork(f"The input has {len(der)} octets; {MOST_OCTETS} are allowed.")
    seen = Inspection(der)
    if len(der) < 2 or der[0] != SEQUENCE:
        raise UnreadableContainer("This does not begin like a certificate or request: no SEQUENCE in DER.")
    whole = seen.element(0, len(der))
    seen.end = whole[4]
    outer = seen.children(whole[2], whole[3])
    if whole[0] != SEQUENCE or not outer or outer[0][0] != SEQUENCE:
        raise UnreadableContainer("This is no certificate or request: no SEQUENCE in a SEQUENCE.")
    return seen, outer, seen.children(outer[0][2], outer[0][3])


def _certificate(seen: Inspection, outer: list[Element], inner: list[Element]) -> list[Field]:
    rest = _fill(seen, _version(seen, inner), _CERTIFICATE_SLOTS)
    for element in rest:
        if element[0] == _EXPLICIT_3:
            _attempt(seen, ("extensions", "extensions", _EXPLICIT_3, _extensions), element)
            _require_version(seen, 3, "extensions")
        elif element[0] & 0xDF in _UNIQUE_IDS:
            octets, _ = bits(seen.der[element[2] : element[3]])
            seen.row("certificate", _UNIQUE_IDS[element[0] & 0xDF], octets.hex(), element)
            _require_version(seen, 2, "unique identifiers")
        else:
            seen.raw("certificate", "unexpected", element, "A certificate has no such part.")
    if seen.subject_is_empty:
        _require_other_name(seen)
    return _finish(seen, outer)


def _request(seen: Inspection, outer: list[Element], inner: list[Element]) -> list[Field]:
    rest = _fill(seen, inner, _REQUEST_SLOTS)
    if not rest:
        seen.derived(
            "attributes", "attributes", "", None, "The attributes are missing; RFC 2986 wants them, even empty."
        )
    for element in rest:
        if element[0] == _EXPLICIT_0:
            attribute_fields(seen, element)
        else:
            seen.raw("request", "unexpected", element, "A request has no such part.")
    return _finish(seen, outer)


def _finish(seen: Inspection, outer: list[Element]) -> list[Field]:
    rest = _fill(seen, outer[1:], _SIGNATURE_SLOTS)
    for element in rest:
        seen.raw("signature", "unexpected", element, "Nothing may follow the signature.")
    if seen.end < len(seen.der):
        left = seen.der[seen.end :]
        seen.derived("encoding", "trailing", left.hex(), None, f"{len(left)} octets follow the outer SEQUENCE.")
    return seen.fields()


def _fill(seen: Inspection, elements: list[Element], slots: tuple[Slot, ...]) -> list[Element]:
    """
    Read elements into the slots of a SEQUENCE, in order, and return those that are left over.

    A slot is missing when the element in its place is one that can only stand further on.
    """
    place = 0
    for slot in slots:
        section, name, tag, _ = slot
        found = elements[place][0] if place < len(elements) else None
        if found == tag:
            _attempt(seen, slot, elements[place])
        elif found is None or found == SEQUENCE or found & 0xC0 == 0x80:
            seen.derived(section, name, "", None, f"The {name} is missing.")
            continue
        else:
            sentence = f"The tag is {tag_text(found)} where {tag_text(tag)} was expected."
            seen.raw(section, name, elements[place], sentence)
        place += 1
    return elements[place:]


def _attempt(seen: Inspection, slot: Slot, element: Element) -> None:
    section, name, _, read = slot
    try:
        read(seen, element)
    except MalformedElement as fault:
        seen.raw(section, name, element, str(fault))


def _version(seen: Inspection, elements: list[Element]) -> list[Element]:
    """Add the row of a certificate's version, which is left out for version 1, and return what follows it."""
    if not elements or elements[0][0] != _EXPLICIT_0:
        seen.derived("certificate", "version", "1")
        return elements
    _attempt(seen, ("certificate", "version", _EXPLICIT_0, _explicit_version), elements[0])
    return elements[1:]


def _explicit_version(seen: Inspection, element: Element) -> None:
    octets = seen.content(seen.only_child(element[2], element[3]), INTEGER)
    text, problem = integer_text(octets)
    if octets in (b"\x00", b"\x01", b"\x02"):
        seen.version = octets[0] + 1
        text = str(seen.version)
        if seen.version == 1:
            problem = "Version 1 is the default, and DER leaves defaults out."
    else:
        text, problem = f"{text} + 1", problem or "There is no such version."
    seen.row("certificate", "version", text, element, None, problem)


def _require_version(seen: Inspection, least: int, what: str) -> None:
    """Note on the first row, which is the version's, that a part needs a later one (RFC 5280 section 4.1.2.1)."""
    row = seen.rows[0]
    if seen.version < least and row[7] is None:
        seen.rows[0] = (*row[:7], f"A certificate with {what} must have version 3.")


def _require_other_name(seen: Inspection) -> None:
    """Note on an empty subject that there is no name at all (RFC 5280 section 4.1.2.6)."""
    if any(row[3] == SUBJECT_ALT_NAME for row in seen.rows):
        return
    place = next(place for place, row in enumerate(seen.rows) if row[:2] == ("subject", "subject"))
    row = seen.rows[place]
    sentence = "An empty subject needs a critical subjectAltName beside it."
    seen.rows[place] = (*row[:7], f"{row[7]} {sentence}" if row[7] else sentence)


def _serial_number(seen: Inspection, element: Element) -> None:
    text, problem = serial_text(seen.der[element[2] : element[3]])
    seen.row("certificate", "serialNumber", text, element, None, problem)


def _inner_algorithm(seen: Inspection, element: Element) -> None:
    seen.algorithm = seen.der[element[1] : element[4]]
    algorithm = read_algorithm(seen, element)
    seen.row("certificate", "signature", algorithm.name, element, algorithm.oid, algorithm.problem)


def _issuer(seen: Inspection, element: Element) -> None:
    name_fields(seen, "issuer", element, "The issuer must not be empty.")


def _subject(seen: Inspection, element: Element) -> None:
    seen.subject_is_empty = not name_fields(seen, "subject", element)


def _validity(seen: Inspection, element: Element) -> None:
    parts = seen.members(element)
    if len(parts) != 2:
        raise MalformedElement("A validity is two times.")
    before, problem_before = _validity_time(seen, parts[0])
    after, problem_after = _validity_time(seen, parts[1])
    if after < before and not problem_before and not problem_after:
        problem_after = "notAfter lies before notBefore."
    seen.row("validity", "notBefore", before, parts[0], None, problem_before)
    seen.row("validity", "notAfter", after, parts[1], None, problem_after)


def _validity_time(seen: Inspection, element: Element) -> tuple[str, str | None]:
    text, problem = time_text(element[0], seen.der[element[2] : element[3]])
    if element[0] == GENERALIZED_TIME and text < "2050" and not problem:
        problem = "RFC 5280 wants a UTCTime before the year 2050."
    return text, problem


def _extensions(seen: Inspection, element: Element) -> None:
    extension_fields(seen, seen.only_child(element[2], element[3]))


def _other_names(seen: Inspection, element: Element) -> None:
    extension_fields(seen, seen.only_child(element[2], element[3]), only=SUBJECT_ALT_NAME)


def _pass_over(_seen: Inspection, _element: Element) -> None:
    """Read nothing."""


def _request_version(seen: Inspection, element: Element) -> None:
    octets = seen.der[element[2] : element[3]]
    text, problem = integer_text(octets)
    if octets == b"\x00":
        seen.row("request", "version", "1", element)
    else:
        seen.row("request", "version", f"{text} + 1", element, None, problem or "A request has version 1.")


def _request_subject(seen: Inspection, element: Element) -> None:
    name_fields(seen, "subject", element)


def _signature_algorithm(seen: Inspection, element: Element) -> None:
    problem = None
    if seen.algorithm is not None and seen.algorithm != seen.der[element[1] : element[4]]:
        problem = "The algorithm differs from the one inside the signed part."
    algorithm_fields(seen, "signature", "signatureAlgorithm", element, problem)


def _signature_value(seen: Inspection, element: Element) -> None:
    octets, problem = bits(seen.der[element[2] : element[3]])
    seen.row("signature", "signatureValue", octets.hex(), element, None, problem)


_CERTIFICATE_SLOTS: tuple[Slot, ...] = (
    ("certificate", "serialNumber", INTEGER, _serial_number),
    ("certificate", "signature", SEQUENCE, _inner_algorithm),
    ("issuer", "issuer", SEQUENCE, _issuer),
    ("validity", "validity", SEQUENCE, _validity),
    ("subject", "subject", SEQUENCE, _subject),
    ("public key", "subjectPublicKeyInfo", SEQUENCE, public_key_fields),
)
_NAME_SLOTS: tuple[Slot, ...] = tuple(
    slot if slot[1] in ("serialNumber", "subject") else (*slot[:3], _pass_over) for slot in _CERTIFICATE_SLOTS
)
_REQUEST_SLOTS: tuple[Slot, ...] = (
    ("request", "version", INTEGER, _request_version),
    ("subject", "subject", SEQUENCE, _request_subject),
    ("public key", "subjectPublicKeyInfo", SEQUENCE, public_key_fields),
)
_SIGNATURE_SLOTS: tuple[Slot, ...] = (
    ("signature", "signatureAlgorithm", SEQUENCE, _signature_algorithm),
    ("signature", "signatureValue", BIT_STRING, _signature_value),
)
