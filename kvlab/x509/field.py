"""A field of a certificate or request, and the walk that collects them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from kvlab.x509.der import Reader, tag_text
from kvlab.x509.oid import encode_oid

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.x509.der import Element


class Field(NamedTuple):
    """
    One field, as one row of a table.

    Attributes:
        section: ``certificate``, ``issuer``, ``validity``, ``subject``, ``public key``, ``extensions``, ``signature``;
            for a request also ``request`` and ``attributes``; ``encoding`` for what departs from DER elsewhere.
        name: RFC 5280's word (``notBefore``, ``dNSName``), or the dotted OID of something unknown.
        value: text for people that is safe in a terminal: times as ISO 8601 in UTC, octets and moduli in lower-case hex
            without separators, numbers in decimal, serial numbers in upper-case hex as OpenSSL prints them.
        oid: dotted, where the field has one: attribute type, algorithm, curve, extension, purpose, policy, method.
        critical: of an extension; None for all other fields and for the members of an extension.
        offset: of the element's tag from the start of the input, or None for a field that has no element of its own (a
            default, a number of bits, a part of an SCT list) or whose element is cut off.
        length: of the whole element, so that ``der[offset:offset + length]`` is tag, length and content; or None.
        problem: one sentence or several, when this part is malformed or breaks RFC 5280.
    """

    section: str
    name: str
    value: str
    oid: str | None
    critical: bool | None
    offset: int | None
    length: int | None
    problem: str | None = None


Row = tuple[str, str, str, str | None, bool | None, int | None, int | None, str | None]
"""A Field before it gets its names: a plain tuple is made in a third of the time."""

_as_field = cast("Callable[[Row], Field]", partial(tuple.__new__, Field))


_CHALLENGE_PASSWORD = encode_oid("1.2.840.113549.1.9.7")


class Inspection(Reader):
    """
    A walk through one certificate or request.

    Attributes:
        rows: the fields found so far.
        algorithm: octets of the AlgorithmIdentifier inside the signed part, None if there is none.
        end: where the outermost element ends.
        version: as people count: 1, 2 or 3.
        subject_is_empty: whether the subject has been read and has no attribute.
    """

    __slots__ = ("_holds_password", "algorithm", "end", "rows", "subject_is_empty", "version")

    def __init__(self, der: bytes) -> None:
        super().__init__(der)
        self.rows: list[Row] = []
        self.algorithm: bytes | None = None
        self.version = 1
        self.end = len(der)
        self.subject_is_empty = False
        self._holds_password: bool | None = None

    def row(
        self,
        section: str,
        name: str,
        value: str,
        element: Element,
        oid: str | None = None,
        problem: str | None = None,
    ) -> None:
        """
        Add a field that is an element of the input.
        """
        at = element[1]
        self.rows.append((section, name, value, oid, None, at, element[4] - at, problem))

    def derived(self, section: str, name: str, value: str, oid: str | None = None, problem: str | None = None) -> None:
        """
        Add a field that has no element of its own.
        """
        self.rows.append((section, name, value, oid, None, None, None, problem))

    def raw(self, section: str, name: str, element: Element, problem: str, oid: str | None = None) -> None:
        """
        Add a field that can not be decoded: its octets, tag to end, in hex, and why.

        In a request with a challengePassword the octets are withheld, as they might hold it.
        """
        if self._holds_password is None:
            self._holds_password = _CHALLENGE_PASSWORD in self.der
        octets = self.der[element[1] : element[4]]
        value = "(not shown, beside a challengePassword)" if self._holds_password else octets.hex()
        self.row(section, name, value, element, oid, problem)

    def fields(self) -> list[Field]:
        """
        Return all fields, with the departures from DER noted on the fields they belong to or after them.
        """
        if self.faults:
            for at, (sentence, length) in self._settle().items():
                where = (None, None) if length is None else (at, length)
                self.rows.append(("encoding", "element", tag_text(self.der[at]), None, None, *where, sentence))
        return list(map(_as_field, self.rows))

    def settled_rows(self) -> tuple[Row, ...]:
        """
        Return the rows of a part of a certificate, with the departures from DER noted on their fields or the first row.
        """
        if self.faults:
            sentences = {sentence for sentence, _ in self._settle().values()}
            first = self.rows[0]
            self.rows[0] = (*first[:7], " ".join([*filter(None, (first[7],)), *sorted(sentences)]) or None)
        return tuple(self.rows)

    def _settle(self) -> dict[int, tuple[str, int | None]]:
        """Note each fault on the rows of its element, and return the faults of elements without a row."""
        left = dict(self.faults)
        for place, row in enumerate(self.rows):
            at = row[5]
            if at is None or at not in self.faults:
                continue
            left.pop(at, None)
            sentence, length = self.faults[at]
            problem = row[7] if row[7] and sentence in row[7] else f"{sentence} {row[7] or ''}".rstrip()
            where = (None, None) if length is None else row[5:7]
            self.rows[place] = (*row[:5], *where, problem)
        return left
