"""Extensions that are not RFC 5280's as fields: transparency logs, TLS features, Microsoft's and Netscape's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kvlab.errors import MalformedElement
from kvlab.x509.der import BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Element
from kvlab.x509.oid import name_oid
from kvlab.x509.primitive import Told, bit_names, integer_text

if TYPE_CHECKING:
    from kvlab.x509.field import Inspection

_SECTION = "extensions"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORTEST_TIMESTAMP = 1 + 32 + 8 + 2

_TLS_FEATURES = {"5": "status_request", "17": "status_request_v2"}
_NETSCAPE_TYPES = (
    "sslClient",
    "sslServer",
    "smime",
    "objectSigning",
    "reserved",
    "sslCA",
    "smimeCA",
    "objectSigningCA",
)


def certificate_timestamps(seen: Inspection, element: Element) -> Told:
    """
    Read a SignedCertificateTimestampList (RFC 6962 section 3.3): the log and the time of each, to the millisecond.

    What it wraps is TLS's encoding, not DER, so the rows have no place in the input.
    """
    octets = seen.content(element, OCTET_STRING)
    timestamps = _split(octets)
    for timestamp in timestamps:
        if timestamp[0]:
            seen.derived(_SECTION, "signedCertificateTimestamp", timestamp.hex(), None, "This is no version 1 SCT.")
            continue
        seen.derived(_SECTION, "logID", timestamp[1:33].hex())
        text, problem = _moment(int.from_bytes(timestamp[33:41], "big"))
        seen.derived(_SECTION, "timestamp", text, None, problem)
    return f"{len(timestamps)} timestamp{'' if len(timestamps) == 1 else 's'}", None


def _split(octets: bytes) -> list[bytes]:
    """Cut a TLS vector of vectors, each behind two octets of length, into its members."""
    if len(octets) < 2 or int.from_bytes(octets[:2], "big") != len(octets) - 2:
        raise MalformedElement("The length of the timestamp list is wrong.")
    found, at = [], 2
    while at < len(octets):
        size = int.from_bytes(octets[at : at + 2], "big")
        at += 2 + size
        if at > len(octets) or size < _SHORTEST_TIMESTAMP:
            raise MalformedElement("A timestamp is cut off.")
        found.append(octets[at - size : at])
    return found


def _moment(milliseconds: int) -> Told:
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return str(milliseconds), "There is no such time."
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"), None


def tls_features(seen: Inspection, element: Element) -> Told:
    """
    Read the TLS feature extension (RFC 7633).
    """
    names = []
    for part in seen.members(element):
        number, problem = integer_text(seen.content(part, INTEGER))
        names.append(_TLS_FEATURES.get(number, number))
        seen.row(_SECTION, "tlsFeature", names[-1], part, None, problem)
    return ", ".join(names), None if names else "There must be at least one feature."


def certificate_template(seen: Inspection, element: Element) -> Told:
    """
    Read Microsoft's certificate template: its OID and version ([MS-WCCE] section 2.2.2.7.7.2).
    """
    parts = seen.members(element)
    if not 1 <= len(parts) <= 3:
        raise MalformedElement("A certificate template is an OID and at most two version numbers.")
    oid, name = name_oid(seen.content(parts[0], OBJECT_IDENTIFIER))
    seen.row(_SECTION, "templateID", name, parts[0], oid)
    versions = []
    for field, part in zip(("templateMajorVersion", "templateMinorVersion"), parts[1:], strict=False):
        number, problem = integer_text(seen.content(part, INTEGER))
        seen.row(_SECTION, field, number, part, None, problem)
        versions.append(number)
    return f"{name}, version {'.'.join(versions)}" if versions else name, None


def authority_version(seen: Inspection, element: Element) -> Told:
    """
    Read Microsoft's CA version: the CA certificate's index in the low 16 bits, its key's above ([MS-WCCE]).
    """
    octets = seen.content(element, INTEGER)
    text, problem = integer_text(octets)
    if len(octets) > 5 or problem or text.startswith("-"):
        return text, problem or "A CA version has 32 bits."
    number = int(text)
    return f"certificate {number & 0xFFFF}, key {number >> 16}", None


def netscape_type(seen: Inspection, element: Element) -> Told:
    """
    Read Netscape's certificate type.
    """
    return bit_names(seen.content(element, BIT_STRING), _NETSCAPE_TYPES)
