"""A small reader of DER by position, lenient with the BER and the damage that real files contain."""

from __future__ import annotations

from kvlab.errors import ExcessiveWork, MalformedElement

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
UTF8_STRING = 0x0C
SEQUENCE = 0x30
SET = 0x31

BROKEN = -1
"""The tag of a stretch of octets that can not be read as an element."""

Element = tuple[int, int, int, int, int]
"""
Tag, offset of the tag, start and end of the content, end of the element.

The tag is the identifier octet, or all identifier octets as one big-endian number when the tag number is 31 or more.
The two ends differ only in the indefinite form, by the two end-of-contents octets. A plain tuple, because a certificate
has a hundred of them and a named one takes twice the time to make.
"""

MOST_ELEMENTS = 200_000
"""Of one input. Some certificates hold a few thousand; the limit keeps hostile ones from filling the memory."""

_MOST_TAG_OCTETS = 5
_TURNS = range(MOST_ELEMENTS + 1)


class Reader:
    """
    Read one input, and remember where it departs from DER.

    Attributes:
        der: the whole input; every position counts from its start.
        faults: offset of an element -> (one sentence, length of the whole element). The length is None when the element
            is cut off at the end of its parent, or is an unreadable rest (``BROKEN``).
    """

    __slots__ = ("_left", "der", "faults")

    def __init__(self, der: bytes) -> None:
        self.der = der
        self._left = MOST_ELEMENTS
        self.faults: dict[int, tuple[str, int | None]] = {}

    def children(self, start: int, end: int) -> list[Element]:
        """
        Read the elements that stand side by side between two positions, without looking inside.

        Damage never raises: an element longer than its parent is cut at ``end``, what has no readable header becomes
        one last ``BROKEN`` element, and both are noted in ``faults``.

        Raises:
            ExcessiveWork: more than ``MOST_ELEMENTS`` elements were read from this input.
        """
        if end - start > 2 * MOST_ELEMENTS:
            self._count(start, end)
        der = self.der
        found: list[Element] = []
        at = start
        last = end - 1
        while at < last:
            tag = der[at]
            size = der[at + 1]
            # The one-octet tag and length of nearly every element are read here, everything else in element().
            if size < 0x80 and tag & 0x1F != 0x1F and (stop := at + 2 + size) <= end:
                found.append((tag, at, at + 2, stop, stop))
                at = stop
            else:
                element = self.element(at, end)
                found.append(element)
                at = element[4]
        if at < end:
            found.append(self.element(at, end))
        self.spend(len(found))
        return found

    def spend(self, elements: int) -> None:
        """
        Count elements against the limit of the input.

        Raises:
            ExcessiveWork: it is reached.
        """
        self._left -= elements
        if self._left < 0:
            raise ExcessiveWork(f"The input has more than {MOST_ELEMENTS} elements.")

    def _count(self, start: int, end: int) -> None:
        """Refuse a stretch of very many elements before a list of them is made."""
        at, left = start, self._left
        while at < end:
            at = self.element(at, end)[4]
            left -= 1
            if left < 0:
                raise ExcessiveWork(f"The input has more than {MOST_ELEMENTS} elements.")

    def element(self, at: int, end: int) -> Element:
        """
        Read the element that begins at a position and should end no later than ``end``; damage as in `children`.
        """
        der = self.der
        if end - at >= 2 and der[at + 1] < 0x80 and der[at] & 0x1F != 0x1F and (stop := at + 2 + der[at + 1]) <= end:
            return der[at], at, at + 2, stop, stop
        try:
            tag, body, size, minimal = _header(der, at, end)
            if size is None:
                close = _end_of_contents(der, body, end)
                self._note(at, close, "The element has an indefinite length, which DER forbids.")
                return tag, at, body, close - 2, close
        except MalformedElement as fault:
            self.faults[at] = (str(fault), None)
            return BROKEN, at, at, end, end
        stop = body + size
        if stop > end:
            self._cut(at, size, end - body)
            stop = end
        elif not minimal:
            self._note(at, stop, "The tag or length is not in its shortest form, as DER wants it.")
        return tag, at, body, stop, stop

    def only_child(self, start: int, end: int) -> Element:
        """
        Read the one element that fills the octets between two positions.

        Raises:
            MalformedElement: there is none, or more than one.
        """
        if start >= end:
            raise MalformedElement("An element was expected here, but there is none.")
        element = self.element(start, end)
        if element[4] != end:
            raise MalformedElement("One element was expected here, but more octets follow it.")
        return element

    def members(self, element: Element, tag: int = SEQUENCE) -> list[Element]:
        """
        Read the children of an element that must have a certain tag.

        Raises:
            MalformedElement: it has another.
        """
        if element[0] != tag:
            raise MalformedElement(f"The tag is {tag_text(element[0])} where {tag_text(tag)} was expected.")
        return self.children(element[2], element[3])

    def content(self, element: Element, tag: int) -> bytes:
        """
        Return the content octets of an element that must have a certain tag.

        Raises:
            MalformedElement: it has another.
        """
        if element[0] != tag:
            raise MalformedElement(f"The tag is {tag_text(element[0])} where {tag_text(tag)} was expected.")
        return self.der[element[2] : element[3]]

    def _cut(self, at: int, size: int, left: int) -> None:
        self.faults[at] = (f"The element claims {size} content octets, but only {left} are there.", None)

    def _note(self, at: int, stop: int, sentence: str) -> None:
        self.faults[at] = (sentence, stop - at)


def tag_text(tag: int) -> str:
    """
    Write a tag for people: its name, ``[2]`` for context-specific ones, else hex.
    """
    if tag == BROKEN:
        return "unreadable"
    if tag <= 0xFF and tag & 0xC0 == 0x80:
        return f"[{tag & 0x1F}]" + (" constructed" if tag & 0x20 else "")
    return _TAG_NAMES.get(tag, f"0x{tag:02x}")


def _header(der: bytes, at: int, end: int) -> tuple[int, int, int | None, bool]:
    """
    Read tag and length octets: tag, start of the content, its size (None = indefinite), whether they are shortest.
    """
    tag, body, minimal = der[at], at + 1, True
    if tag & 0x1F == 0x1F:
        tag, body, minimal = _high_tag(der, at, end)
    if body >= end:
        raise MalformedElement("The element ends before its length.")
    size = der[body]
    body += 1
    if size < 0x80:
        return tag, body, size, minimal
    if size == 0x80:
        if not der[at] & 0x20:
            raise MalformedElement("A primitive element can not have an indefinite length.")
        return tag, body, None, minimal
    octets = der[body : body + (size & 0x7F)]
    body += size & 0x7F
    if body > end or size == 0xFF:
        raise MalformedElement("The length of the element can not be read.")
    size = int.from_bytes(octets, "big")
    return tag, body, size, minimal and octets[0] != 0 and size >= 0x80


def _high_tag(der: bytes, at: int, end: int) -> tuple[int, int, bool]:
    """Read identifier octets of a tag number of 31 or more (X.690, 8.1.2.4)."""
    for stop in range(at + 1, min(at + 1 + _MOST_TAG_OCTETS, end)):
        if der[stop] < 0x80:
            octets = der[at : stop + 1]
            minimal = octets[1] != 0x80 and (len(octets) > 2 or octets[1] >= 0x1F)
            return int.from_bytes(octets, "big"), stop + 1, minimal
    raise MalformedElement("The tag can not be read.")


def _end_of_contents(der: bytes, at: int, end: int) -> int:
    """
    Find where an element of indefinite length ends; a counter instead of recursion keeps deep nesting harmless.
    """
    depth = 1
    for _ in _TURNS:
        if at + 2 > end:
            raise MalformedElement("The element of indefinite length never ends.")
        if der[at] == der[at + 1] == 0:
            at += 2
            depth -= 1
            if not depth:
                return at
            continue
        _, at, size, _ = _header(der, at, end)
        if size is None:
            depth += 1
        else:
            at += size
    raise ExcessiveWork(f"An element of indefinite length holds more than {MOST_ELEMENTS} elements.")


_TAG_NAMES = {
    BOOLEAN: "BOOLEAN",
    INTEGER: "INTEGER",
    BIT_STRING: "BIT STRING",
    OCTET_STRING: "OCTET STRING",
    NULL: "NULL",
    OBJECT_IDENTIFIER: "OBJECT IDENTIFIER",
    UTF8_STRING: "UTF8String",
    0x12: "NumericString",
    0x13: "PrintableString",
    0x14: "TeletexString",
    0x16: "IA5String",
    0x17: "UTCTime",
    0x18: "GeneralizedTime",
    0x1A: "VisibleString",
    0x1C: "UniversalString",
    0x1E: "BMPString",
    SEQUENCE: "SEQUENCE",
    SET: "SET",
}
