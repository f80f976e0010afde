"""Primitive values as text."""

import unicodedata
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvlab.x509.primitive import (
    GENERALIZED_TIME,
    STRING_TAGS,
    UTC_TIME,
    ascii_text,
    bit_names,
    boolean_text,
    integer_text,
    magnitude_hex,
    serial_text,
    string_text,
    time_text,
    visible,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", r"a\x00b"),
        ("line\r\nline\x1b[31m", r"line\x0d\x0aline\x1b[31m"),
        ("\x7f\x9b", r"\x7f\x9b"),
        ("moc.\u202eoso", r"moc.\u202Eoso"),
        ("con\u200btoso\ufeff", r"con\u200Btoso\uFEFF"),
        ("soft\xadhyphen", r"soft\xadhyphen"),
        ("tag\U000e0041", r"tag\U000E0041"),
        ("Zürich 東京 😀 \\ 100 %", "Zürich 東京 😀 \\ 100 %"),
    ],
    ids=["NUL", "controls", "C1", "bidi", "zero width", "soft hyphen", "tag", "plain"],
)
def test_visible(text, shown):
    assert visible(text) == shown
    assert visible(shown) == shown


@given(st.text())
def test_nothing_that_moves_a_cursor_stays(text):
    shown = visible(text.encode("utf-8", "replace").decode())

    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Zl", "Zp")]
    assert not [
        c
        for c in shown
        if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]


STRINGS = [
    (0x0C, "Zürich".encode(), "Zürich", None),
    (0x0C, b"Z\xfcrich", r"Z\xfcrich", "no UTF8String"),
    (0x12, b"123 4", "123 4", None),
    (0x12, b"12a", "12a", "NumericString"),
    (0x13, b"Contoso (DE)", "Contoso (DE)", None),
    (0x13, b"a@contoso.com", "a@contoso.com", "PrintableString"),
    (0x14, b"Z\xfcrich", "Zürich", None),
    (0x16, b"a@contoso.com", "a@contoso.com", None),
    (0x16, "ü".encode(), "ü", "IA5String"),
    (0x1A, b"visible", "visible", None),
    (0x1A, b"a\tb", r"a\x09b", "VisibleString"),
    (0x1C, "Zürich 😀".encode("utf-32-be"), "Zürich 😀", None),
    (0x1C, b"\x00\x11\x00\x00", r"\x00\x11\x00\x00", "no UniversalString"),
    (0x1E, "Zürich".encode("utf-16-be"), "Zürich", None),
    (0x1E, b"\xd8\x00\x00A", r"\xd8\x00A", "no BMPString"),
    (0x1E, b"\x00", r"\x00", "no BMPString"),
    (0x05, b"", "", "no character string: its tag is NULL"),
]


@pytest.mark.parametrize(
    ("tag", "octets", "text", "problem"), STRINGS, ids=[f"{s[0]:02x}-{s[1].hex()}" for s in STRINGS]
)
def test_strings(tag, octets, text, problem):
    shown, sentence = string_text(tag, octets)

    assert shown == text
    assert (problem is None) == (sentence is None)
    assert problem is None or problem in sentence


@given(st.sampled_from(sorted(STRING_TAGS)), st.binary())
def test_any_octets_are_some_text(tag, octets):
    text, _ = string_text(tag, octets)

    assert text == visible(text)
    text.encode()


def test_ascii_text():
    assert ascii_text(b"contoso.com") == ("contoso.com", None)
    assert ascii_text(b"contoso\x00.com") == (r"contoso\x00.com", None)
    assert ascii_text(b"\xff")[0] == r"\xff"
    assert "IA5String" in ascii_text(b"\xff")[1]


TIMES = [
    (UTC_TIME, b"260601090000Z", "2026-06-01T09:00:00Z", None),
    (UTC_TIME, b"491231235959Z", "2049-12-31T23:59:59Z", None),
    (UTC_TIME, b"500101000000Z", "1950-01-01T00:00:00Z", None),
    (GENERALIZED_TIME, b"20500101000000Z", "2050-01-01T00:00:00Z", None),
    (GENERALIZED_TIME, b"99991231235959Z", "9999-12-31T23:59:59Z", None),
    (UTC_TIME, b"2606010900Z", "2026-06-01T09:00:00Z", "RFC 5280 wants seconds"),
    (UTC_TIME, b"260601090000+0200", "2026-06-01T09:00:00+02:00", "RFC 5280 wants seconds"),
    (UTC_TIME, b"260601090000", "2026-06-01T09:00:00", "RFC 5280 wants seconds"),
    (GENERALIZED_TIME, b"20260601090000.5Z", "2026-06-01T09:00:00.5Z", "no fraction"),
    (GENERALIZED_TIME, b"2026060109-05", "2026-06-01T09:00:00-05:00", "RFC 5280 wants seconds"),
    (UTC_TIME, b"260631090000Z", "2026-06-31T09:00:00Z", "no such date"),
    (UTC_TIME, b"260601096000Z", "2026-06-01T09:60:00Z", "no such date"),
    (GENERALIZED_TIME, b"00000101000000Z", "0000-01-01T00:00:00Z", "no such date"),
    (UTC_TIME, b"20260601090000Z", "20260601090000Z", "no time"),
    (GENERALIZED_TIME, b"260601090000Z", "2606-01-09T00:00:00Z", "RFC 5280 wants seconds"),
    (UTC_TIME, b"soon\x1b", r"soon\x1b", "no time"),
    (UTC_TIME, b"", "", "no time"),
    (0x16, b"260601090000Z", b"260601090000Z".hex(), "no time: its tag is IA5String"),
]


@pytest.mark.parametrize(("tag", "octets", "text", "problem"), TIMES, ids=[f"{t[0]:02x}-{t[1]!r}" for t in TIMES])
def test_times(tag, octets, text, problem):
    shown, sentence = time_text(tag, octets)

    assert shown == text
    assert (problem is None) == (sentence is None)
    assert problem is None or problem in sentence


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2049, 12, 31)))
def test_a_moment_is_the_same_in_both_forms(moment):
    expected = f"{moment:%Y-%m-%dT%H:%M:%SZ}"

    assert time_text(UTC_TIME, f"{moment:%y%m%d%H%M%SZ}".encode()) == (expected, None)
    assert time_text(GENERALIZED_TIME, f"{moment:%Y%m%d%H%M%SZ}".encode()) == (expected, None)


@given(st.integers(-(2**400), 2**400))
def test_integers(number):
    octets = number.to_bytes((number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True)

    assert integer_text(octets) == (str(number), None)
    sign, digits = serial_text(octets)[0].startswith("-"), serial_text(octets)[0].lstrip("-")
    assert (-1 if sign else 1) * int(digits, 16) == number
    assert len(digits) % 2 == 0
    assert (serial_text(octets)[1] is None) == (0 < number < 2**159)


def test_integers_that_der_does_not_have():
    assert integer_text(b"")[1] == "The INTEGER is empty."
    assert integer_text(b"\x00\x7f") == ("127", "The INTEGER has superfluous leading octets.")
    assert integer_text(b"\xff\x80") == ("-128", "The INTEGER has superfluous leading octets.")
    assert integer_text(b"\x7f" * 65)[0] == "0x" + "7f" * 65
    assert magnitude_hex(b"\x00\x80") == ("80", None)
    assert magnitude_hex(b"\x80") == ("80", "This number must not be negative.")
    assert magnitude_hex(b"")[1] == "The INTEGER is empty."


def test_booleans():
    assert boolean_text(b"\xff") == ("true", None)
    assert boolean_text(b"\x00") == ("false", None)
    assert boolean_text(b"\x01") == ("true", "A BOOLEAN in DER is one octet, 00 or ff.")
    assert boolean_text(b"") == ("false", "A BOOLEAN in DER is one octet, 00 or ff.")


BITS = [
    ("0780", "zero", None),
    ("05a0", "zero, two", None),
    ("070080", "bit 8", None),
    ("00a0", "zero, two", "Trailing zero bits"),
    ("0601", "bit 7", "Trailing zero bits"),
    ("0700", "", "No bit is set."),
    ("00", "", "No bit is set."),
    ("", "", "No bit is set."),
    ("0880", "80", "The BIT STRING is malformed."),
    ("00" + "01" * 9, "01" * 9, "The BIT STRING is malformed."),
]


@pytest.mark.parametrize(("octets", "text", "problem"), BITS, ids=[b[0] or "none" for b in BITS])
def test_named_bits(octets, text, problem):
    shown, sentence = bit_names(bytes.fromhex(octets), ("zero", "one", "two"))

    assert shown == text
    assert (problem is None) == (sentence is None)
    assert problem is None or sentence.startswith(problem)
