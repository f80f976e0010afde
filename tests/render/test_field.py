"""Tables of fields as text, JSON and CSV: pure functions, so everything is in the arguments."""

import csv
import io
import json

import pytest

from kvlab.render.field import CSV_COLUMNS, Inspected, Sheet, sheets_csv, sheets_json, sheets_text, table_text
from kvlab.x509.field import Field


def field(section, name, value, oid=None, critical=None, problem=None):
    return Field(section, name, value, oid, critical, 1, 2, problem)


FIELDS = [
    field("subject", "commonName", "contoso.com", "2.5.4.3"),
    field("subject", "uid", ""),
    field("extensions", "keyUsage", "digitalSignature", "2.5.29.15", critical=True),
    field("extensions", "subjectAltName", "dNSName: a.b", "2.5.29.17", critical=False, problem="It is wrong."),
    field("extensions", "dNSName", "a.b"),
]


def test_a_table_has_sections_and_aligned_columns():
    assert table_text(FIELDS, width=80) == (
        "subject\n"
        "  commonName      contoso.com  (2.5.4.3)\n"
        "  uid             (empty)\n"
        "\n"
        "extensions\n"
        "  keyUsage        critical      digitalSignature  (2.5.29.15)\n"
        "  subjectAltName  not critical  dNSName: a.b  (2.5.29.17)\n"
        "                                ! problem: It is wrong.\n"
        "    dNSName                     a.b\n"
    )


def test_colour_only_adds_to_what_the_words_say():
    coloured = table_text(FIELDS, colour=True)

    for code in ("\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"):
        assert code in coloured
        coloured = coloured.replace(code, "")
    assert coloured == table_text(FIELDS)


@pytest.mark.parametrize("width", [1, 30, 60, 80, 200])
def test_words_are_wrapped_and_none_is_lost(width):
    value = " ".join(f"word{number}" for number in range(60))
    text = table_text([field("s", "name", value)], width=width)

    assert text.split() == ["s", "name", *value.split()]
    assert max(map(len, text.splitlines())) <= max(width, 8 + 24)


def test_long_words_are_cut_in_linear_time():
    lines = table_text([field("s", "name", "x" * 3_000_000)], width=80).splitlines()

    assert sum(line.count("x") for line in lines) == 3_000_000
    assert max(map(len, lines)) == 80


def test_wide_letters_take_two_columns():
    text = table_text([field("s", "name", "日" * 100)], width=80)

    assert text.count("日") == 100
    assert max(line.count("日") for line in text.splitlines()) == 36


def test_octets_of_more_than_two_lines_are_shortened():
    text = table_text([field("s", "modulus", "ab" * 256), field("s", "digest", "cd" * 32)], width=80)

    assert "abab...abababab  (256 octets)\n" in text
    assert "cd" * 32 in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_name_wider_than_its_column_stands_alone():
    oid = "1.3.6.1.4.1.99999.1.2.3.4.5.6.7.8.9"
    text = table_text([field("extensions", oid, "04", oid, critical=True), field("s", "n", "v")], width=80)

    assert text.splitlines()[1] == f"  {oid}critical"[:2] + f"{oid}critical"
    assert text.count(oid) == 1, "an extension that is known by its number only is not numbered again"


def sheets():
    key = [field("private key", "type", "RSA 2048 bits"), field("private key", "matches", "certificate 1")]
    return [
        Sheet("web.pem", [
            Inspected("certificate", 1, FIELDS),
            Inspected("private key", 1, key, "RSA 2048 bits, matches certificate 1"),
        ]),
        Sheet("keys.pem", [Inspected("private key", number, key, "RSA") for number in (1, 2)]),
    ]  # fmt: skip


def test_every_object_has_a_heading_or_one_line():
    text = sheets_text(sheets())

    assert text.startswith("web.pem: certificate 1\n======================\nsubject\n")
    assert "\n\nweb.pem: private key: RSA 2048 bits, matches certificate 1\n" in text
    assert text.endswith("\nkeys.pem: private key 1: RSA\n\nkeys.pem: private key 2: RSA\n")
    assert sheets_text([]) == ""


def test_a_summary_shows_its_problems():
    found = Inspected("private key", 1, [field("private key", "type", "?", problem="No good.")], "not opened")

    assert sheets_text([Sheet("k", [found])]) == "k: private key: not opened\n  ! problem: No good.\n"


def test_json_is_a_list_of_files_with_objects_with_fields():
    document = json.loads(sheets_json(sheets()))

    assert [list(sheet) for sheet in document] == [["file", "objects"]] * 2
    assert [list(thing) for thing in document[0]["objects"]] == [["kind", "fields"]] * 2
    assert document[0]["objects"][0]["fields"][0] == {
        "section": "subject", "name": "commonName", "value": "contoso.com", "oid": "2.5.4.3", "critical": None,
        "offset": 1, "length": 2, "problem": None,
    }  # fmt: skip
    assert sheets_json([]) == "[]\n"


def test_csv_has_a_heading_and_quotes_what_needs_it():
    awkward = 'a,"b"\nc'
    rows = list(csv.reader(io.StringIO(sheets_csv([Sheet(awkward, [Inspected("request", 3, [FIELDS[2]])])]))))

    assert rows == [
        list(CSV_COLUMNS),
        [awkward, "request 3", "extensions", "keyUsage", "digitalSignature", "2.5.29.15", "true", "1", "2", ""],
    ]
    assert CSV_COLUMNS == (
        "file", "object", "section", "name", "value", "oid", "critical", "offset", "length", "problem"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1", "'=1"),
        ("-A1", "'-A1"),
        ("+49 30", "'+49 30"),
        ("@x", "'@x"),
        ("-5", "-5"),
        ("+4930", "+4930"),
        ("-", "-"),
        ("a=b", "a=b"),
    ],
)
def test_csv_holds_no_formula_but_numbers_stay(value, cell):
    text = sheets_csv([Sheet("-", [Inspected("request", 1, [field("subject", "commonName", value)])])])
    row = list(csv.reader(io.StringIO(text)))[1]

    assert (row[0], row[4]) == ("-", cell)
