"""
X.500 names: the text of a subject to a Name, and back.

Two grammars are read at once, since Key Vault takes the text that Windows writes and everybody else writes RFC 4514:
values may be quoted or escaped, RDNs may be separated by commas or semicolons. In text the most specific RDN comes
first; in DER it comes last (RFC 4514 section 2.1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier

from kvlab.errors import NameSyntaxError
from kvlab.x509.attribute import BY_KEYWORD, BY_OID, SHOWN_KEYWORDS, Attribute, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence


_WHITE = " \t\r\n"
_HEAD = re.compile(r"[ \t\r\n]*([A-Za-z0-9.-]+)[ \t\r\n]*=[ \t\r\n]*")
_WHITE_RUN = re.compile(r"[ \t\r\n]*")
_NO_HEAD = re.compile(r"[^=,;+]*")
_OID = re.compile(r"(?:OID\.)?((?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+)", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r'[^,;+"\\<>]*')
_IN_QUOTES = re.compile(r'[^"\\]*')
_HEX_PAIRS = re.compile(r"(?:\\[0-9A-Fa-f]{2})+")
_HEX_VALUE = re.compile(r"#((?:[0-9A-Fa-f]{2})+)[ \t\r\n]*(?=[,;+]|\Z)")
_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]*")
_NOT_LETTER = re.compile(r"[^A-Za-z]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

_ESCAPED_ALONE = frozenset('"+,;<>\\ #=')
_QUOTED_WHEN_SHOWN = frozenset(',+="<>#;')
_SEPARATORS = ",;+"

_STRING_TAGS = {
    0x0C: (_ASN1Type.UTF8String, "utf-8"),
    0x13: (_ASN1Type.PrintableString, "ascii"),
    0x14: (_ASN1Type.T61String, "ascii"),
    0x16: (_ASN1Type.IA5String, "ascii"),
    0x1C: (_ASN1Type.UniversalString, "utf-32-be"),
    0x1E: (_ASN1Type.BMPString, "utf-16-be"),
}
_BIT_STRING_TAG = 0x03
_COMMON_NAME_OCTETS = 64
"""cryptography counts a commonName in octets of UTF-8, so 64 characters that are not ASCII do not fit."""


def parse_name(text: str) -> x509.Name:
    """
    Read the text of a subject.

    Args:
        text: RFC 4514 or Windows X.500 text, such as ``CN=contoso.com, O="Contoso, Ltd", C=US``, most specific RDN
            first; empty for the empty name. White space around names, values and separators does not count.

    Returns:
        The Name, most specific RDN last. Values are PrintableString where they fit, else UTF8String; emailAddress and
        domainComponent are IA5String, countryName, serialNumber and dnQualifier PrintableString.

    Raises:
        NameSyntaxError: no such grammar, an unknown attribute, or a value its attribute can not hold.

    Source: RFC 4514 sections 2 and 3, RFC 2253 section 4 (quotes, semicolons), RFC 5280 appendix A.1 (types, limits);
        CertStrToName of Windows. Stricter than Windows: no empty values, no separator at the end.

    >>> parse_name("CN=contoso.com, C=US").rfc4514_string()
    'CN=contoso.com,C=US'
    """
    if not text.strip(_WHITE):
        return x509.Name([])
    rdns = _Reader(text).rdns()
    rdns.reverse()
    return x509.Name(rdns)


def format_name(name: x509.Name) -> str:
    """
    Write a name as Key Vault and Windows show it.

    Args:
        name: any name, also one that `parse_name` would refuse.

    Returns:
        Most specific RDN first, ``, `` between RDNs, `` + `` inside them, ``S=`` for the state and ``E=`` for the
        e-mail address, other attributes as ``OID.1.2.3=``. Values with special characters stand in quotes. Unlike
        Windows, a backslash is doubled, so that the text reads back, and a control character is shown as hex pairs.

    >>> format_name(parse_name("O=Internet Widgits Pty Ltd, ST=Some-State, C=AU"))
    'O=Internet Widgits Pty Ltd, S=Some-State, C=AU'
    """
    return ", ".join(" + ".join(map(_shown, rdn)) for rdn in reversed(name.rdns))


def _shown(attribute: x509.NameAttribute[str | bytes]) -> str:
    keyword = SHOWN_KEYWORDS.get(attribute.oid) or f"OID.{attribute.oid.dotted_string}"
    if isinstance(attribute.value, bytes):
        return f"{keyword}=#{_bit_string(attribute.value).hex()}"
    return f"{keyword}={_shown_value(attribute.value)}"


def _shown_value(value: str) -> str:
    shown = _CONTROL.sub(_hex_pairs, value.replace("\\", "\\\\"))
    if not value or value[0] == " " or value[-1] == " " or not _QUOTED_WHEN_SHOWN.isdisjoint(value):
        return '"' + shown.replace('"', '""') + '"'
    return shown


def _hex_pairs(match: re.Match[str]) -> str:
    return "".join(f"\\{octet:02X}" for octet in match[0].encode())


def _bit_string(octets: bytes) -> bytes:
    """Return the DER of a BIT STRING; ``octets`` begin with the number of unused bits, as cryptography keeps them."""
    length = len(octets)
    if length < 0x80:
        return bytes([_BIT_STRING_TAG, length]) + octets
    length_octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([_BIT_STRING_TAG, 0x80 | len(length_octets)]) + length_octets + octets


def _ber_content(ber: bytes) -> bytes | None:
    """Return the content octets of one whole BER element of definite length (X.690 section 8.1.3), else None."""
    start = 2
    length = ber[1] if len(ber) > 1 else 0x80
    if length & 0x80:
        start += length & 0x7F
        if start == 2 or start > len(ber):
            return None
        length = int.from_bytes(ber[2:start], "big")
    return ber[start:] if len(ber) - start == length else None


def _quote(token: str, longest: int = 40) -> str:
    """Return text from a subject as a sentence can hold it: in quotes, short, control characters escaped."""
    return repr(token if len(token) <= longest else token[:longest] + "…")


class _Reader:
    """Reads one subject from left to right; ``position`` is the next character."""

    __slots__ = ("position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def rdns(self) -> list[x509.RelativeDistinguishedName]:
        rdns = [self.rdn()]
        while self.position < len(self.text):
            self.position += 1
            rdns.append(self.rdn())
        return rdns

    def rdn(self) -> x509.RelativeDistinguishedName:
        attributes = {self.attribute(): None}
        while self.text.startswith("+", self.position):
            start = self.skip_white(self.position + 1)
            self.position += 1
            attribute = self.attribute()
            if attribute in attributes:
                self.refuse(start, "What stands here stands in the same RDN already: a + joins different attributes.")
            attributes[attribute] = None
        return x509.RelativeDistinguishedName(attributes)

    def attribute(self) -> x509.NameAttribute[str | bytes]:
        head = _HEAD.match(self.text, self.position)
        if head is None:
            self.refuse_head()
        attribute = BY_KEYWORD.get(head[1].upper()) or self.numbered(head)
        start = self.position = head.end()
        first = self.text[start : start + 1]
        if first == "#":
            return self.hexadecimal(attribute)
        value, places = self.quoted() if first == '"' else self.plain()
        if not value:
            self.refuse(start, f"{attribute.label} has no value.")
        return self.checked(attribute, value, places)

    def numbered(self, head: re.Match[str]) -> Attribute:
        """Return the attribute whose OID stands before the equals sign."""
        number = _OID.fullmatch(head[1])
        if number is None:
            self.refuse_keyword(head.start(1), head[1])
        try:
            oid = ObjectIdentifier(number[1])
        except ValueError:
            self.refuse(head.start(1), f"{_quote(number[1])} is not an object identifier.")
        return BY_OID.get(oid) or Attribute(oid, oid.dotted_string, None, "")

    def plain(self) -> tuple[str, Sequence[int]]:
        """Read a value up to a separator; return it with the place of each of its characters in the text."""
        start = self.position
        run = _PLAIN.match(self.text, start)
        assert run is not None
        self.position = run.end()
        if not self.at_separator():
            return self.escaped(run[0])
        value = run[0].rstrip(_WHITE)
        return value, range(start, start + len(value))

    def escaped(self, begun: str) -> tuple[str, Sequence[int]]:
        """Go on with a value that has an escape, after the characters ``begun``."""
        value = list(begun)
        places = list(range(self.position - len(begun), self.position))
        while not self.at_separator():
            self.escape_into(value, places)
            run = _PLAIN.match(self.text, self.position)
            assert run is not None
            self.position = run.end()
            kept = run[0].rstrip(_WHITE) if self.at_separator() else run[0]
            value += kept
            places += range(run.start(), run.start() + len(kept))
        return "".join(value), places

    def escape_into(self, value: list[str], places: list[int]) -> None:
        r"""Read ``\,`` or ``\C3\A9`` at the position (RFC 4514 section 3, pair)."""
        start = self.position
        if self.text[start] != "\\":
            self.refuse_unescaped(start)
        pairs = _HEX_PAIRS.match(self.text, start)
        if pairs is not None:
            characters = self.utf8(start, pairs[0])
            self.position = pairs.end()
        else:
            characters = self.text[start + 1 : start + 2]
            if characters not in _ESCAPED_ALONE:
                self.refuse(start, 'After a backslash stands one of , ; + " \\ < > = # or a space, or two hex digits.')
            self.position = start + 2
        value += characters
        places += [start] * len(characters)

    def utf8(self, start: int, pairs: str) -> str:
        try:
            return bytes.fromhex(pairs.replace("\\", "")).decode()
        except UnicodeDecodeError:
            self.refuse(start, f"The octets {pairs[:40]} are not UTF-8.")

    def quoted(self) -> tuple[str, Sequence[int]]:
        """Read a value in quotes; a quote inside is doubled (Windows) or escaped (RFC 2253)."""
        opening = self.position
        self.position += 1
        value: list[str] = []
        places: list[int] = []
        while True:
            run = _IN_QUOTES.match(self.text, self.position)
            assert run is not None
            value += run[0]
            places += range(run.start(), run.end())
            self.position = run.end()
            if self.position == len(self.text):
                self.refuse(opening, "The quote opened here is not closed.")
            if self.text[self.position] == "\\":
                self.escape_into(value, places)
            elif self.text.startswith('""', self.position):
                value.append('"')
                places.append(self.position)
                self.position += 2
            else:
                self.close_quote()
                return "".join(value), places

    def close_quote(self) -> None:
        self.position = self.skip_white(self.position + 1)
        if not self.at_separator():
            self.refuse(
                self.position,
                "After a closing quote only a separator (, ; +) may stand. A quote inside quotes is written twice.",
            )

    def hexadecimal(self, attribute: Attribute) -> x509.NameAttribute[str | bytes]:
        """Read ``#`` and the BER of a value in hex (RFC 4514 section 2.4)."""
        start = self.position
        match = _HEX_VALUE.match(self.text, start)
        if match is None:
            self.refuse(
                start, "A value that begins with # is BER in hex digits. To begin with the sign itself write \\#."
            )
        self.position = match.end()
        ber = bytes.fromhex(match[1])
        content = _ber_content(ber)
        if content is None:
            self.refuse(start, "These octets are not one BER element: the length does not fit.")
        if ber[0] == _BIT_STRING_TAG and attribute.oid == NameOID.X500_UNIQUE_IDENTIFIER and content:
            return x509.NameAttribute(attribute.oid, content, _ASN1Type.BitString)
        return self.checked_string(attribute, start, ber[0], content)

    def checked_string(
        self, attribute: Attribute, start: int, tag: int, content: bytes
    ) -> x509.NameAttribute[str | bytes]:
        string_type, codec = _STRING_TAGS.get(tag, (None, "ascii"))
        if string_type is None:
            self.refuse(start, f"BER tag {tag:#04x} is not that of a string a name can hold.")
        try:
            value = content.decode(codec)
        except UnicodeDecodeError:
            value = ""
        astral = string_type is _ASN1Type.BMPString and any(character > "\uffff" for character in value)
        if not value or astral or (string_type is _ASN1Type.PrintableString and not _PRINTABLE.fullmatch(value)):
            self.refuse(start, f"These octets are no {string_type.name}.")
        return self.checked(attribute, value, [start] * len(value), string_type)

    def checked(
        self, attribute: Attribute, value: str, places: Sequence[int], string_type: _ASN1Type | None = None
    ) -> x509.NameAttribute[str | bytes]:
        """Return the attribute if it can hold ``value``; ``string_type`` is the type asked for, if one is."""
        printable = _PRINTABLE.fullmatch(value) is not None
        if not printable:
            self.check_characters(value, places)
        self.check_length(attribute, value, places)
        chosen = _ASN1Type.PrintableString if printable else _ASN1Type.UTF8String
        if attribute.kind is Kind.DIRECTORY:
            chosen = string_type or chosen
        else:
            chosen = self.fixed_type(attribute, value, places)
            if string_type not in {None, chosen}:
                self.refuse(places[0], f"{attribute.label} is a {chosen.name}.")
        try:
            return x509.NameAttribute(attribute.oid, value, chosen)
        except ValueError as refusal:
            self.refuse(places[0], f"{attribute.label} can not hold this value: {refusal}.")

    def check_characters(self, value: str, places: Sequence[int]) -> None:
        forbidden = _FORBIDDEN.search(value)
        if forbidden is None:
            return
        reason = f"A name can not hold the control character U+{ord(forbidden[0]):04X}."
        if forbidden[0] in "\r\n":
            reason = "A value can not hold a line break. Separate attributes with a comma."
        self.refuse(places[forbidden.start()], reason)

    def check_length(self, attribute: Attribute, value: str, places: Sequence[int]) -> None:
        limit = attribute.limit
        if limit is not None and len(value) > limit:
            self.refuse(
                places[limit], f"{attribute.label} takes at most {limit} characters; this value has {len(value)}."
            )
        if attribute.oid == NameOID.COMMON_NAME and not value.isascii():
            octets = len(value.encode())
            if octets > _COMMON_NAME_OCTETS:
                within = value.encode()[:_COMMON_NAME_OCTETS].decode(errors="ignore")
                self.refuse(
                    places[len(within)], f"{attribute.label} takes at most 64 octets of UTF-8; this value has {octets}."
                )

    def fixed_type(self, attribute: Attribute, value: str, places: Sequence[int]) -> _ASN1Type:
        """Return the one string type of an attribute that has no choice (RFC 5280 appendix A.1)."""
        if attribute.kind is Kind.IA5:
            other = _NOT_ASCII.search(value)
            if other is not None:
                self.refuse(places[other.start()], f"{attribute.label} holds ASCII only, not {_quote(other[0])}.")
            return _ASN1Type.IA5String
        if attribute.kind is Kind.COUNTRY:
            other = _NOT_LETTER.search(value)
            if other is not None or len(value) != 2:
                place = places[other.start()] if other is not None else places[0]
                self.refuse(place, f"{attribute.label} is a country code of exactly two letters, such as US.")
        end = _PRINTABLE.match(value).end()  # type: ignore[union-attr]
        if end < len(value):
            self.refuse(
                places[end],
                f"{attribute.label} is a PrintableString, which can not hold {_quote(value[end])}: "
                "only letters, digits, space and ' ( ) + , - . / : = ?",
            )
        return _ASN1Type.PrintableString

    def at_separator(self) -> bool:
        return self.position == len(self.text) or self.text[self.position] in _SEPARATORS

    def skip_white(self, position: int) -> int:
        match = _WHITE_RUN.match(self.text, position)
        assert match is not None
        return match.end()

    def refuse(self, position: int, reason: str) -> NoReturn:
        raise NameSyntaxError(self.text, position, reason)

    def refuse_unescaped(self, position: int) -> NoReturn:
        character = self.text[position]
        self.refuse(position, f"A {character} inside a value is written \\{character}, or the value is put in quotes.")

    def refuse_keyword(self, position: int, keyword: str) -> NoReturn:
        self.refuse(
            position,
            f"{_quote(keyword)} is not an attribute known here. Known are CN, O, OU, L, S, C, DC, E, SERIALNUMBER and "
            "others; any attribute can be written as its OID, such as 2.5.4.3.",
        )

    def refuse_head(self) -> NoReturn:
        """Say what is wrong where an attribute and its equals sign should stand."""
        start = self.skip_white(self.position)
        match = _NO_HEAD.match(self.text, start)
        assert match is not None
        token, following = match[0].rstrip(_WHITE), self.text[match.end() : match.end() + 1]
        if following == "=" and token:
            self.refuse_keyword(start, token)
        if token:
            self.refuse(start, f"{_quote(token)} has no attribute before it.{self.separator_hint()}")
        found = f"before this {following}" if following else "at the end"
        self.refuse(start, f"An attribute such as CN is missing {found}.{self.separator_hint()}")

    def separator_hint(self) -> str:
        if self.position == 0:
            return " A subject begins with one, as in CN=contoso.com."
        separator = self.text[self.position - 1]
        name = {",": "comma", ";": "semicolon", "+": "plus sign"}[separator]
        return f" A {name} inside a value is written \\{separator}, or the value is put in quotes."
