"""Inspected fields as a text table, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from kvlab.x509.field import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Inspected(NamedTuple):
    """
    One object found in a file.

    Attributes:
        kind: ``certificate``, ``request``, ``private key``, ``public key`` or what else it is.
        number: its place among those of its kind in the file, from 1.
        fields: in the order in which they are shown.
        summary: what is shown in text in place of a table; empty for a table.
    """

    kind: str
    number: int
    fields: Sequence[Field]
    summary: str = ""


class Sheet(NamedTuple):
    """A file and what was found in it; the name is safe to show."""

    file: str
    objects: Sequence[Inspected]


CSV_COLUMNS = ("file", "object", *Field._fields)

_NARROWEST = 24
_WIDEST_NAME = 26
_MOST_HEX_LINES = 2
_CRITICALITY = {True: "critical", False: "not critical", None: ""}
_HEX = re.compile(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+")
_FORMULA = re.compile(r"[=@\t\r]|[+-](?!\d*\Z)")
_BOLD, _FAINT, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"


class _Style(NamedTuple):
    """How wide a line may be, and whether signs and words are coloured too."""

    width: int
    colour: bool

    def paint(self, code: str, text: str) -> str:
        return f"{code}{text}{_PLAIN}" if self.colour and text else text


def sheets_text(sheets: Iterable[Sheet], *, width: int = 80, colour: bool = False) -> str:
    """
    Write what was found in files for people: a heading for each object, then its table or its summary.

    Args:
        sheets: files in order.
        width: columns of the terminal.
        colour: add colour to what the words say already.

    Returns:
        Lines with LF; octets of more than two lines are shortened.
    """
    return "\n".join(_sheet_text(sheet, _Style(width, colour)) for sheet in sheets)


def table_text(fields: Sequence[Field], *, width: int = 80, colour: bool = False) -> str:
    """
    Write fields as a table: sections as headings, then name, criticality of extensions, value and OID.

    Args:
        fields: of one object.
        width: columns of the terminal.
        colour: add colour to what the words say already.

    Returns:
        Lines with LF; octets of more than two lines are shortened.
    """
    style = _Style(width, colour)
    margin = 4 + min(_WIDEST_NAME, max((len(_label(field)) for field in fields), default=0))
    lines: list[str] = []
    for section, members in groupby(fields, key=lambda field: field.section):
        lines += ["", style.paint(_BOLD, section)]
        for field in members:
            lines += _rows(field, margin, style)
    return "".join(f"{line}\n" for line in lines[1:])


def sheets_json(sheets: Iterable[Sheet]) -> str:
    """
    Write what was found in files as one JSON document: ``[{file, objects: [{kind, fields: [{section, …}]}]}]``.
    """
    document = [
        {
            "file": sheet.file,
            "objects": [
                {"kind": found.kind, "fields": [field._asdict() for field in found.fields]} for found in sheet.objects
            ],
        }
        for sheet in sheets
    ]
    return json.dumps(document, indent=2) + "\n"


def sheets_csv(sheets: Iterable[Sheet]) -> str:
    """
    Write what was found in files as CSV with a heading line; LF ends lines.

    Text that a spreadsheet would take for a formula (a certificate's names are whatever its maker wrote) gets a ``'``
    before it.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for sheet in sheets:
        for found in sheet.objects:
            for field in found.fields:
                writer.writerow(map(_cell, (sheet.file, f"{found.kind} {found.number}", *field)))
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _sheet_text(sheet: Sheet, style: _Style) -> str:
    parts = []
    for found in sheet.objects:
        name = f"{found.kind} {found.number}"
        if found.summary:
            alone = sum(other.kind == found.kind for other in sheet.objects) == 1
            parts.append(_summary(sheet.file, found.kind if alone else name, found, style))
            continue
        heading = f"{sheet.file}: {name}"
        rule = "=" * min(_columns(heading), style.width)
        parts.append(
            f"{style.paint(_BOLD, heading)}\n{rule}\n{table_text(found.fields, width=style.width, colour=style.colour)}"
        )
    return "\n".join(parts)


def _summary(file: str, name: str, found: Inspected, style: _Style) -> str:
    problems = [line for field in found.fields for line in _problem_lines(field, 2, style)]
    return "".join(f"{line}\n" for line in [f"{file}: {style.paint(_BOLD, name)}: {found.summary}", *problems])


def _label(field: Field) -> str:
    """Return a field's name, set in where it belongs to the extension above it."""
    is_member = field.section == "extensions" and field.critical is None and field.name != "extensions"
    return f"  {field.name}" if is_member else field.name


def _rows(field: Field, margin: int, style: _Style) -> Iterator[str]:
    label = _label(field)
    word = _CRITICALITY[field.critical]
    column = margin
    head = f"  {label:<{margin - 2}}"
    if field.section == "extensions":
        column += 14
        head += style.paint(_BOLD, word) + " " * (14 - len(word))
    room = max(style.width - column, _NARROWEST)
    lines = _wrapped(_shortened(field.value or ("" if field.problem else "(empty)"), room), room)
    if len(label) > margin - 4:
        yield head.rstrip()
        head = ""
    oid = f"({field.oid})" if field.oid and field.oid != field.name else ""
    if oid and lines[-1] and _columns(lines[-1]) + 2 + len(oid) <= room:
        lines[-1] += "  " + style.paint(_FAINT, oid)
    elif oid:
        lines.append(style.paint(_FAINT, oid))
    for line in lines:
        text = (head or " " * column) + line
        yield text.rstrip()
        head = ""
    yield from _problem_lines(field, column, style)


def _problem_lines(field: Field, column: int, style: _Style) -> Iterator[str]:
    if field.problem:
        room = max(style.width - column - 2, _NARROWEST)
        for number, line in enumerate(_wrapped(f"problem: {field.problem}", room)):
            yield " " * column + style.paint(_RED, f"{' ' if number else '!'} {line}")


def _shortened(value: str, room: int) -> str:
    """Shorten octets that would fill more than two lines to their beginning and end."""
    if len(value) <= room * _MOST_HEX_LINES or not _HEX.fullmatch(value):
        return value
    count = f"  ({len(value) // 2} octets)"
    shown = max(room - len(count) - 3, 16)
    return f"{value[: shown - 8]}...{value[-8:]}{count}"


def _columns(text: str) -> int:
    return len(text) if text.isascii() else len(_spaced(text))


def _spaced(text: str) -> str:
    """Put a NUL behind each character that takes two columns, so that length is width; shown text has no NUL."""
    return "".join(f"{letter}\0" if unicodedata.east_asian_width(letter) in "WF" else letter for letter in text)


def _wrapped(text: str, room: int) -> list[str]:
    """Cut text into lines, at spaces where there are some; in time that is linear however long a word is."""
    spaced = text if text.isascii() else _spaced(text)
    lines, start = [], 0
    while len(spaced) - start > room:
        space = spaced.rfind(" ", start + room // 2, start + room + 1)
        end = start + room if space < 0 else space
        lines.append(spaced[start:end].replace("\0", ""))
        start = end if space < 0 else end + 1
    return [*lines, spaced[start:].replace("\0", "")]
