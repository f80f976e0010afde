"""Damaged and hostile input to field inspection: always fields or a refusal, and soon."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvlab.errors import ExcessiveWork, X509Error
from kvlab.x509.explain import explain, explain_certificate, explain_request
from kvlab.x509.field import Field
from kvlab.x509.primitive import visible
from tests.x509.specimen import LEAF, REQUEST, is_one_element, replaced, tlv, vectors

SEEDS = [
    LEAF,
    REQUEST,
    *(octets for name, octets in vectors() if name.startswith("x509/custom/") and len(octets) < 4000),
]


@st.composite
def damaged(draw) -> bytes:
    octets = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(octets) - 1))
        match draw(st.sampled_from(["flip", "set", "delete", "insert", "length", "splice", "cut"])):
            case "flip":
                octets[at] ^= 1 << draw(st.integers(0, 7))
            case "set":
                octets[at] = draw(
                    st.sampled_from([0, 1, 5, 0x1F, 0x24, 0x30, 0x31, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xA0, 0xFF])
                )
            case "delete":
                del octets[at : at + draw(st.integers(1, 20))]
            case "insert":
                octets[at:at] = draw(st.binary(min_size=1, max_size=20))
            case "length":
                octets[at] = (octets[at] + draw(st.sampled_from([-2, -1, 1, 2, 40, 200]))) % 256
            case "splice":
                other = draw(st.sampled_from(SEEDS))
                start = draw(st.integers(0, len(other) - 1))
                octets[at:at] = other[start : start + draw(st.integers(1, 200))]
            case "cut":
                del octets[at + 1 :]
        octets = octets or bytearray(b"0")
    return bytes(octets)


def assert_only_fields_or_refusal(octets: bytes) -> None:
    for inspect in (explain, explain_certificate, explain_request):
        try:
            fields = inspect(octets)
        except X509Error:
            continue
        for field in fields:
            assert isinstance(field, Field)
            assert field.value == visible(field.value)
            assert (field.offset is None) == (field.length is None)
            if field.offset is not None:
                element = octets[field.offset : field.offset + field.length]
                is_indefinite = b"\x80" in element[1:7] and element.endswith(b"\x00\x00")
                assert len(element) == field.length
                assert is_indefinite or is_one_element(element)


@settings(deadline=None, max_examples=400)
@given(damaged())
def test_damaged_input_gives_fields_or_a_refusal(octets):
    assert_only_fields_or_refusal(octets)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_random_octets_give_fields_or_a_refusal(octets):
    assert_only_fields_or_refusal(octets)
    assert_only_fields_or_refusal(tlv(0x30, tlv(0x30, octets), octets))
    assert_only_fields_or_refusal(replaced(LEAF, "keyUsage", tlv(0x30, tlv(6, b"\x55\x1d\x11"), tlv(4, octets))))


def with_extension(octets: bytes) -> bytes:
    return replaced(LEAF, "keyUsage", octets)


MEGABYTES_5 = 4_990_000
HOSTILE = {
    "many names": lambda: with_extension(
        tlv(0x30, tlv(6, b"\x55\x1d\x11"), tlv(4, tlv(0x30, b"\x82\x00" * 2_400_000)))
    ),
    "many extensions": lambda: with_extension(tlv(0x30, tlv(6, b"\x55\x1d\x11"), tlv(4, b"")) * 400_000),
    "same name": lambda: replaced(
        LEAF, "subject", tlv(0x30, tlv(0x31, tlv(0x30, tlv(6, b"\x2a"), b"\x0c\x00")) * 400_000)
    ),
    "one relative name": lambda: replaced(LEAF, "subject", tlv(0x30, tlv(0x31, b"\x30\x00" * 2_400_000))),
    "huge serial": lambda: replaced(LEAF, "serialNumber", tlv(2, b"\xff" * MEGABYTES_5)),
    "huge exponent": lambda: replaced(LEAF, "subjectPublicKey", tlv(3, b"\x00" + b"\x30" * MEGABYTES_5)),
    "huge OID": lambda: with_extension(tlv(0x30, tlv(6, b"\xff" * MEGABYTES_5 + b"\x01"), tlv(4, b""))),
    "huge text": lambda: replaced(
        LEAF, "subject", tlv(0x30, tlv(0x31, tlv(0x30, tlv(6, b"\x55\x04\x03"), tlv(0x0C, b"\x00" * MEGABYTES_5))))
    ),
    "nested": lambda: b"\x30\x80" * 2_490_000,
    "nested and closed": lambda: b"\x30\x80" * 1_240_000 + b"\x00\x00" * 1_240_000,
    "open extensions": lambda: replaced(LEAF, "keyUsage", b"\x30\x80" * 90_000 + b"\x00\x00" * 90_000),
    "many policies": lambda: with_extension(
        tlv(0x30, tlv(6, b"\x55\x1d\x20"), tlv(4, tlv(0x30, tlv(0x30, b"\x06\x01\x2a") * 60_000)))
    ),
    "many timestamps": lambda: with_extension(
        tlv(
            0x30,
            tlv(6, bytes.fromhex("2b06010401d679020402")),
            tlv(4, tlv(4, b"\xff\xff" + b"\x00\x00" * 32767 + b"\x00")),
        )
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_input_takes_bounded_time(kind):
    octets = HOSTILE[kind]()
    start = time.process_time()
    try:
        fields = explain_certificate(octets)
    except X509Error:
        fields = []
    took = time.process_time() - start

    assert len(fields) < 500_000
    assert took < 10, f"{took:.1f} s"


def test_more_than_5_megabytes_are_refused():
    with pytest.raises(ExcessiveWork):
        explain(LEAF + bytes(5_000_000))
