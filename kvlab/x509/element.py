"""Elements of DER: those that a file of keys or certificates must hold, and new ones written."""

from __future__ import annotations

from kvlab.errors import ExcessiveWork, MalformedElement, UnreadableContainer
from kvlab.x509.der import INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, Element, Reader

MAX_FILE_OCTETS = 5_000_000
"""A longer file is refused unread; the largest chain with its key is a hundredth of this."""

CONTEXT_0 = 0xA0
"""The tag of a constructed [0]."""

_CONSTRUCTED = 0x20

OCTET_TAGS = (OCTET_STRING, OCTET_STRING | _CONSTRUCTED, 0x80, CONTEXT_0)
"""The tags of what `octets` reads."""


def refuse_long_file(data: bytes) -> None:
    """
    Refuse what no key or chain needs.

    Raises:
        ExcessiveWork: longer than ``MAX_FILE_OCTETS``.
    """
    if len(data) > MAX_FILE_OCTETS:
        raise ExcessiveWork(f"The file has more than {MAX_FILE_OCTETS:,} octets.")


def outermost(der: bytes) -> tuple[Reader, Element]:
    """
    Read the one element that fills some octets, to look inside.

    Raises:
        UnreadableContainer: no element, several, or a cut off one.
    """
    reader = Reader(der)
    try:
        element = reader.only_child(0, len(der))
    except MalformedElement:
        element = None
    if element is None:
        raise UnreadableContainer("The bytes are no DER, or are cut off.")
    require_sound(reader)
    return reader, element


def require_sound(reader: Reader) -> None:
    """
    Refuse octets in which what was read so far is cut off or broken; BER is no fault.

    Raises:
        UnreadableContainer: they are.
    """
    if not all(length for _, length in reader.faults.values()):
        raise UnreadableContainer("The bytes are no DER, or are cut off.")


def identifier(reader: Reader, algorithm: Element) -> tuple[bytes, Element]:
    """
    Take an AlgorithmIdentifier apart: content octets of its object identifier, and its parameters.

    Without parameters, the object identifier's element stands for them.

    Raises:
        UnreadableContainer, MalformedElement: it is none.
    """
    members = at_least(1, reader.members(algorithm))
    return reader.content(members[0], OBJECT_IDENTIFIER), members[min(1, len(members) - 1)]


def at_least(count: int, members: list[Element]) -> list[Element]:
    """
    Return members of a structure, if there are enough.

    Raises:
        UnreadableContainer: there are not.
    """
    if len(members) < count:
        raise UnreadableContainer("A structure in the file lacks members.")
    return members


def octets(reader: Reader, element: Element) -> bytes:
    """
    Return the octets of an OCTET STRING, also one under the implicit tag [0], and in BER also one in pieces.

    Raises:
        UnreadableContainer, MalformedElement: it is none.
    """
    if element[0] not in OCTET_TAGS:
        raise UnreadableContainer("A structure in the file has another type in place of octets.")
    if not element[0] & _CONSTRUCTED:
        return reader.der[element[2] : element[3]]
    pieces = reader.children(element[2], element[3])
    return b"".join(reader.content(piece, OCTET_STRING) for piece in pieces)


def encode(tag: int, *contents: bytes) -> bytes:
    """Write one DER element: a one-octet tag, the length in its shortest form, and the contents one after another."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def encode_integer(number: int) -> bytes:
    """Write an INTEGER that is not negative."""
    return encode(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def encode_identifier(kind: bytes, parameters: bytes) -> bytes:
    """Write an AlgorithmIdentifier: content octets of its object identifier, and its parameters as DER."""
    return encode(SEQUENCE, encode(OBJECT_IDENTIFIER, kind), parameters)
