"""
Primitive ASN.1 values as text that a terminal can show: strings, times, numbers, named bits.

Every function takes content octets. Most answer with a pair: the text, and one sentence if the value is malformed.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from kvlab.x509 import der

UTC_TIME = 0x17
GENERALIZED_TIME = 0x18

Told = tuple[str, str | None]
"""Text for people, and one sentence if something is wrong with the value."""

_PRINTABLE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
_ASCII = bytes(range(0x80))
_CALM_TAGS = frozenset({der.UTF8_STRING, 0x13})
_LONGEST_DECIMAL = 64

_ENCODINGS = {
    der.UTF8_STRING: ("UTF8String", "utf-8", None),
    0x12: ("NumericString", "utf-8", b"0123456789 "),
    0x13: ("PrintableString", "utf-8", _PRINTABLE),
    0x14: ("TeletexString", "latin-1", None),
    0x16: ("IA5String", "utf-8", _ASCII),
    0x1A: ("VisibleString", "utf-8", bytes(range(0x20, 0x7F))),
    0x1C: ("UniversalString", "utf-32-be", None),
    0x1E: ("BMPString", "utf-16-be", None),
}
"""
String tag -> its name, how Python decodes it, and its alphabet where that is smaller than the code.

The types for ASCII are decoded as UTF-8 too, because that is what is in them when it is not ASCII.
"""

STRING_TAGS = frozenset(_ENCODINGS)

# Unicode's invisible and direction-changing characters: control, format, line separators, fillers, selectors, tags.
_HIDDEN_RANGES = (
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE01EF),
)


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


_HIDDEN = {code: _escape(code) for first, last in _HIDDEN_RANGES for code in range(first, last + 1)}


def visible(text: str) -> str:
    r"""
    Escape what can not be seen or would move a terminal's cursor: ``\x00``, ``\u202E``; all else stays.
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_HIDDEN)


def string_text(tag: int, octets: bytes) -> Told:
    r"""
    Decode a character string of any of ASN.1's types.

    Octets that its encoding does not have are shown as ``\xNN``. TeletexString is read as Latin-1, as its users do.
    """
    if tag in _CALM_TAGS and not octets.translate(None, _PRINTABLE):
        return octets.decode("ascii"), None
    if tag not in _ENCODINGS:
        return octets.hex(), f"The value is no character string: its tag is {der.tag_text(tag)}."
    name, encoding, alphabet = _ENCODINGS[tag]
    try:
        text = octets.decode(encoding)
    except UnicodeDecodeError:
        return visible(octets.decode(encoding, "backslashreplace")), f"These octets are no {name}."
    if alphabet is not None and octets.translate(None, alphabet):
        return visible(text), f"A {name} can not hold some of these characters."
    return visible(text), None


def ascii_text(octets: bytes) -> Told:
    """
    Decode an IA5String whose tag is implicit, as in a GeneralName; as UTF-8 if it is not ASCII, against the rules.
    """
    text = octets.decode("utf-8", "backslashreplace")
    if not octets.isascii():
        return visible(text), "An IA5String can not hold some of these characters."
    return (text if text.isprintable() else visible(text)), None


def time_text(tag: int, octets: bytes) -> Told:
    """
    Write a UTCTime or GeneralizedTime as ISO 8601, ``2026-06-01T09:00:00Z``; two-digit years as RFC 5280 reads them.

    Forms that X.690 allows and RFC 5280 section 4.1.2.5 does not (no seconds, fractions, other zones) are written with
    what they say, and a sentence.
    """
    size = len(octets)
    if octets[-1:] == b"Z" and octets[:-1].isdigit():
        if tag == UTC_TIME and size == 13:
            digits = ("19" if octets[0] >= 0x35 else "20") + octets.decode("ascii")
        elif tag == GENERALIZED_TIME and size == 15:
            digits = octets.decode("ascii")
        else:
            return _odd_time(tag, octets)
        text = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:]}"
        return text, _calendar_problem(text)
    return _odd_time(tag, octets)


def _calendar_problem(text: str) -> str | None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return "There is no such date or time."
    return None


_ODD_TIME = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d(?:\d\d)?)?", re.ASCII
)


def _odd_time(tag: int, octets: bytes) -> Told:
    if tag not in (UTC_TIME, GENERALIZED_TIME):
        return octets.hex(), f"The value is no time: its tag is {der.tag_text(tag)}."
    text = octets.decode("ascii", "backslashreplace")
    century = ("19" if text >= "5" else "20") if tag == UTC_TIME else ""
    match = _ODD_TIME.fullmatch(century + text)
    if not match:
        return visible(text), "The value is no time."
    year, month, day, hour, minute, second, fraction, zone = match.groups(default="")
    if zone not in ("", "Z"):
        zone = f"{zone[:3]}:{zone[3:] or '00'}"
    moment = f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}"
    shown = moment + (f".{fraction}" if fraction else "") + zone
    return shown, _calendar_problem(moment) or "RFC 5280 wants seconds, no fraction, and Z at the end of a time."


def integer_text(octets: bytes) -> Told:
    """
    Write an INTEGER in decimal; one of more than 64 octets as ``0x`` and two's complement hex.
    """
    if len(octets) > _LONGEST_DECIMAL:
        return f"0x{octets.hex()}", _integer_problem(octets)
    return str(int.from_bytes(octets, "big", signed=True)), _integer_problem(octets)


def serial_text(octets: bytes) -> Told:
    """
    Write a serial number as OpenSSL does: upper-case hex, whole octets, no sign octet, ``-`` before a negative one.

    The sentence says what breaks RFC 5280 section 4.1.2.2: not positive, or more than 20 octets.
    """
    if not octets:
        return "", "The INTEGER is empty."
    if octets[0] >= 0x80:
        size = len(octets)
        magnitude = (1 << 8 * size) - int.from_bytes(octets, "big")
        return "-" + _stripped(magnitude.to_bytes(size, "big")), "The serial number is negative."
    problem = None
    if len(octets) > 20:
        problem = f"The serial number has {len(octets)} octets; RFC 5280 allows 20."
    elif octets[0] == 0:
        problem = _integer_problem(octets) or (None if len(octets) > 1 else "The serial number is zero.")
        return _stripped(octets), problem
    return _stripped(octets) if problem else octets.hex().upper(), problem


def magnitude_hex(octets: bytes) -> Told:
    """
    Write a large positive INTEGER, such as a modulus, as lower-case hex without its sign octet.
    """
    if octets[:1] >= b"\x80":
        return octets.hex(), "This number must not be negative."
    return (octets[1:] if octets[:1] == b"\x00" else octets).hex(), _integer_problem(octets)


def _stripped(octets: bytes) -> str:
    return (octets.lstrip(b"\x00") or b"\x00").hex().upper()


def _integer_problem(octets: bytes) -> str | None:
    if not octets:
        return "The INTEGER is empty."
    if len(octets) > 1 and (
        (octets[0] == 0 and octets[1] < 0x80) or (octets[0] == 0xFF and octets[1] >= 0x80)  # X.690 section 8.3.2
    ):
        return "The INTEGER has superfluous leading octets."
    return None


def boolean_text(octets: bytes) -> Told:
    """
    Write a BOOLEAN as ``true`` or ``false``; DER knows only 00 and ff (X.690 section 11.1).
    """
    problem = None if octets in (b"\x00", b"\xff") else "A BOOLEAN in DER is one octet, 00 or ff."
    return ("true" if any(octets) else "false"), problem


def bit_names(octets: bytes, names: tuple[str, ...]) -> Told:
    """
    List the bits that a BIT STRING of named bits sets, in bit order; a bit without a name by its number.

    Args:
        octets: content, first the number of unused bits (X.690 section 8.6).
        names: of bit 0, 1, and so on.
    """
    if len(octets) < 2:
        return "", "No bit is set."
    if octets[0] > 7 or len(octets) > 9:
        return octets[1:].hex(), "The BIT STRING is malformed."
    return _bit_names(octets, names)


@lru_cache(maxsize=256)
def _bit_names(octets: bytes, names: tuple[str, ...]) -> Told:
    count = 8 * (len(octets) - 1)
    bits = int.from_bytes(octets[1:], "big")
    there = [place for place in range(count) if bits >> (count - 1 - place) & 1]
    shown = ", ".join(names[place] if place < len(names) else f"bit {place}" for place in there)
    if not there:
        return shown, "No bit is set."
    if there[-1] != count - 1 - octets[0]:
        return shown, "Trailing zero bits are not left out, or unused bits are set, against DER."
    return shown, None


def bits(octets: bytes) -> tuple[bytes, str | None]:
    """
    Return the octets of a BIT STRING that holds whole octets, such as a key or signature.
    """
    if not octets:
        return b"", "The BIT STRING is empty."
    if octets[0]:
        return octets[1:], f"The BIT STRING leaves {octets[0]} bits unused; whole octets were expected."
    return octets[1:], None
