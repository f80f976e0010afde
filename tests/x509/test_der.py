"""The reader of elements, against octets written out by hand (X.690 section 8.1) and the OpenSSL program."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvlab.errors import ExcessiveWork, MalformedElement, X509Error
from kvlab.x509.der import BROKEN, INTEGER, MOST_ELEMENTS, SEQUENCE, Reader, tag_text
from tests.tool import tool


def children(der: bytes) -> tuple[list, dict]:
    reader = Reader(der)
    return reader.children(0, len(der)), reader.faults


def test_children_have_offsets_of_tag_content_and_end():
    found, faults = children(bytes.fromhex("020105 0500 04020102"))

    assert found == [(0x02, 0, 2, 3, 3), (0x05, 3, 5, 5, 5), (0x04, 5, 7, 9, 9)]
    assert not faults


def test_a_length_of_several_octets():
    der = bytes.fromhex("0482012c") + bytes(300)

    assert children(der) == ([(0x04, 0, 4, 304, 304)], {})


@pytest.mark.parametrize("header", ["048103", "04820003", "0484000000 03"], ids=["81", "82", "84"])
def test_an_overlong_length_is_read_and_noted(header):
    der = bytes.fromhex(header) + b"abc"
    (element,), faults = children(der)

    assert der[element[2] : element[3]] == b"abc"
    assert element[4] == len(der)
    assert faults[0] == ("The tag or length is not in its shortest form, as DER wants it.", len(der))


def test_a_high_tag_number_is_its_identifier_octets():
    assert children(bytes.fromhex("bf8148 03 020101"))[0] == [(0xBF8148, 0, 4, 7, 7)]


def test_a_padded_tag_number_is_noted():
    (element,), faults = children(bytes.fromhex("9f801f 00"))

    assert element == (0x9F801F, 0, 4, 4, 4)
    assert 0 in faults


def test_an_indefinite_length_ends_at_its_own_end_of_contents():
    der = bytes.fromhex("3080 3080 0201050000 0201060000 0500")
    found, faults = children(der)

    assert found == [(SEQUENCE, 0, 2, 12, 14), (0x05, 14, 16, 16, 16)]
    assert faults == {0: ("The element has an indefinite length, which DER forbids.", 14)}


def test_zeros_inside_a_definite_element_do_not_end_an_indefinite_one():
    der = bytes.fromhex("3080 0404 00000000 0000")

    assert children(der)[0] == [(SEQUENCE, 0, 2, 8, 10)]


def test_an_element_longer_than_its_parent_is_cut():
    found, faults = children(bytes.fromhex("020105 0405 0102"))

    assert found == [(INTEGER, 0, 2, 3, 3), (0x04, 3, 5, 7, 7)]
    assert faults == {3: ("The element claims 5 content octets, but only 2 are there.", None)}


@pytest.mark.parametrize(
    "rest",
    ["02", "0280", "0480", "04ff", "0484ff", "1f", "1f8080808080808001", "3080", "30800500"],
    ids=[
        "no length",
        "indefinite primitive",
        "no end",
        "reserved",
        "cut length",
        "no tag number",
        "huge tag",
        "open",
        "open2",
    ],
)
def test_an_unreadable_rest_is_one_broken_element(rest):
    der = bytes.fromhex("0500" + rest)
    found, faults = children(der)

    assert found == [(0x05, 0, 2, 2, 2), (BROKEN, 2, 2, len(der), len(der))]
    assert faults[2][1] is None


def test_the_only_child_must_be_alone():
    reader = Reader(bytes.fromhex("05000500"))

    assert reader.only_child(0, 2) == (0x05, 0, 2, 2, 2)
    with pytest.raises(MalformedElement, match="more octets"):
        reader.only_child(0, 4)
    with pytest.raises(MalformedElement, match="none"):
        reader.only_child(4, 4)


def test_members_and_content_insist_on_the_tag():
    reader = Reader(bytes.fromhex("3003020105"))
    (sequence,) = reader.children(0, 5)
    (integer,) = reader.members(sequence)

    assert reader.content(integer, INTEGER) == b"\x05"
    with pytest.raises(MalformedElement, match=re.escape("The tag is INTEGER where SEQUENCE was expected.")):
        reader.members(integer)
    with pytest.raises(MalformedElement, match=re.escape("The tag is SEQUENCE where [1] was expected.")):
        reader.content(sequence, 0x81)


@pytest.mark.parametrize(
    ("tag", "text"),
    [(0x30, "SEQUENCE"), (0x82, "[2]"), (0xA0, "[0] constructed"), (0x69, "0x69"), (BROKEN, "unreadable")],
    ids=str,
)
def test_tag_text(tag, text):
    assert tag_text(tag) == text


@pytest.mark.parametrize("octets", [b"\x05\x00", b"\x30\x80\x00\x00", b"\x04\x81\x00"], ids=["short", "open", "long"])
def test_too_many_elements_are_refused(octets):
    der = octets * (MOST_ELEMENTS + 1)

    with pytest.raises(ExcessiveWork):
        children(der)


def test_too_many_elements_in_all_are_refused():
    der = b"\x05\x00" * 1000
    reader = Reader(der)

    with pytest.raises(ExcessiveWork):
        for _ in range(MOST_ELEMENTS // 1000 + 1):
            reader.children(0, len(der))


def test_deep_nesting_of_indefinite_lengths_is_counted_not_followed():
    depth = 50_000
    found, _ = children(b"\x30\x80" * depth + b"\x00\x00" * depth)

    assert found == [(SEQUENCE, 0, 2, 4 * depth - 2, 4 * depth)]


@given(st.binary(max_size=60))
def test_children_always_tile_the_input(der):
    try:
        found, faults = children(der)
    except X509Error:
        return
    assert [element[1] for element in found[1:]] == [element[4] for element in found[:-1]]
    if der:
        assert (found[0][1], found[-1][4]) == (0, len(der))
    assert all(at <= body <= end <= stop for _, at, body, end, stop in found)
    assert set(faults) <= {element[1] for element in found}


def test_positions_are_those_of_openssl(tmp_path: Path):
    der = bytes.fromhex("3016 0603551d13 0101ff 040c 300a 0101ff 0205 0123456789".replace(" ", ""))
    path = tmp_path / "x.der"
    path.write_bytes(der)
    run = subprocess.run([tool("openssl"), "asn1parse", "-inform", "DER", "-in", path], capture_output=True, check=True)
    theirs = [
        (int(match[1]), int(match[2]), int(match[3]))
        for match in re.finditer(rb"^ *(\d+):d=\d+ +hl=(\d+) +l= *(\d+)", run.stdout, re.MULTILINE)
    ]

    reader = Reader(der)
    (whole,) = reader.children(0, len(der))
    ours = [(at, body - at, end - body) for _, at, body, end, _ in [whole, *reader.members(whole)]]

    assert ours == theirs
