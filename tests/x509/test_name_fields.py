"""Names as fields, against cryptography's names and kvlab's own way of writing them."""

import ipaddress

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from kvlab.x509.explain import explain
from kvlab.x509.field import Inspection
from kvlab.x509.name import format_name
from kvlab.x509.name_fields import general_name, name_fields, name_text, network
from kvlab.x509.oid import encode_oid
from tests.x509.specimen import certificate, one, problems, tlv


def inspected(der: bytes):
    seen = Inspection(der)
    return seen, seen.element(0, len(der))


def read_name(der: bytes) -> tuple[str, list]:
    seen, element = inspected(der)
    text = name_fields(seen, "subject", element)
    return text, seen.fields()[1:]


def attribute(oid: str, tag: int, value: bytes) -> bytes:
    return tlv(0x30, tlv(6, encode_oid(oid)), tlv(tag, value))


# format_name doubles a backslash, so that its text reads back; here a value stays as it is.
SAFE = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp", "Mn", "Lo"), exclude_characters="\\"),
    min_size=1,
    max_size=12,
)
TYPES = [NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.STATE_OR_PROVINCE_NAME, NameOID.USER_ID]


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(TYPES), SAFE), min_size=1, max_size=2, unique_by=lambda a: a[0]), max_size=3
    )
)
def test_a_name_is_written_as_everywhere_in_kvlab(parts):
    name = x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(*pair) for pair in part]) for part in parts])
    text, fields = read_name(name.public_bytes())

    # DER sorts the attributes of one relative name, so what is written there is read back first.
    written = x509.load_der_x509_certificate(certificate(subject=name)).subject
    assert text == format_name(written)
    assert sorted(field.value for field in fields) == sorted(value for part in parts for _, value in part)
    assert {field.name for field in fields} <= {"commonName", "organizationName", "stateOrProvinceName", "userId"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Contoso", "CN=Contoso"),
        ("Contoso, Ltd", 'CN="Contoso, Ltd"'),
        (' "x"', 'CN=" ""x"""'),
        ("a+b=c", 'CN="a+b=c"'),
        ("evil\u202etxt", r"CN=evil\u202Etxt"),
    ],
    ids=["plain", "comma", "quotes", "equals", "bidi"],
)
def test_a_value_is_quoted_where_it_must_be(value, shown):
    assert read_name(tlv(0x30, tlv(0x31, attribute("2.5.4.3", 0x0C, value.encode()))))[0] == shown


def test_several_attributes_in_one_relative_name():
    der = tlv(0x30, tlv(0x31, attribute("2.5.4.3", 0x13, b"a"), attribute("1.2.3.4", 0x13, b"b")))
    text, fields = read_name(der)

    assert text == "CN=a + OID.1.2.3.4=b"
    assert [(field.name, field.oid) for field in fields] == [("commonName", "2.5.4.3"), ("1.2.3.4", "1.2.3.4")]
    assert [der[field.offset : field.offset + field.length] for field in fields] == [
        attribute("2.5.4.3", 0x13, b"a"),
        attribute("1.2.3.4", 0x13, b"b"),
    ]


BROKEN_NAMES = [
    (attribute("2.5.4.3", 0x0C, b"\xff"), r"\xff", "These octets are no UTF8String."),
    (attribute("2.5.4.3", 0x0C, b""), "", "The commonName is empty."),
    (attribute("2.5.4.3", 0x0C, b"x" * 65), "x" * 65, "The commonName has 65 characters; the standard allows 64."),
    (attribute("2.5.4.6", 0x13, b"USA"), "USA", "A country is two letters."),
    (attribute("2.5.4.3", 0x02, b"\x05"), "05", "The value is no character string: its tag is INTEGER."),
    (attribute("2.5.4.45", 0x03, b"\x00\x05"), "03020005", None),
    (tlv(0x30, tlv(6, b"\x80"), tlv(0x0C, b"a")), None, "An OBJECT IDENTIFIER is empty, cut off or far too long."),
    (tlv(0x30, tlv(6, b"\x2a")), None, "This is no AttributeTypeAndValue."),
    (tlv(0x31), None, "This is no AttributeTypeAndValue."),
]


@pytest.mark.parametrize(("octets", "value", "problem"), BROKEN_NAMES, ids=[case[2] or "bits" for case in BROKEN_NAMES])
def test_a_broken_attribute_has_a_row_with_its_problem(octets, value, problem):
    der = tlv(0x30, tlv(0x31, octets), tlv(0x31, attribute("2.5.4.10", 0x0C, b"Contoso")))
    _, (broken, fine) = read_name(der)

    assert (broken.value, broken.problem) == (octets.hex() if value is None else value, problem)
    assert (fine.name, fine.value, fine.problem) == ("organizationName", "Contoso", None)


def test_a_name_of_other_things_than_sets():
    _, fields = read_name(tlv(0x30, tlv(0x0C, b"a"), tlv(0x31)))

    assert [field.problem for field in fields] == [
        "A Name holds something that is no SET.",
        "A relative name has no attribute.",
    ]


def test_an_empty_subject_is_a_row_too():
    fields = explain(certificate(subject=x509.Name([])))

    assert one(fields, "subject").value == ""
    assert problems(fields) == {"subject": "An empty subject needs a critical subjectAltName beside it."}


# GeneralNames.


def read(der: bytes):
    seen, element = inspected(der)
    return tuple(general_name(seen, element))


OTHER = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), tlv(0x0C, b"alice@contoso.com"))
MAILBOX = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9"), tlv(0x0C, "älice@contoso.com".encode()))
UNKNOWN = x509.OtherName(x509.ObjectIdentifier("1.2.3.4"), tlv(0x30, tlv(2, b"\x05")))
DIRECTORY = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a, b")]))

NAMES = [
    (x509.DNSName("*.contoso.com"), ("dNSName", "*.contoso.com", None, None)),
    (x509.RFC822Name("a@contoso.com"), ("rfc822Name", "a@contoso.com", None, None)),
    (
        x509.UniformResourceIdentifier("https://contoso.com/"),
        ("uniformResourceIdentifier", "https://contoso.com/", None, None),
    ),
    (x509.IPAddress(ipaddress.ip_address("192.0.2.1")), ("iPAddress", "192.0.2.1", None, None)),
    (x509.IPAddress(ipaddress.ip_address("2001:db8::1")), ("iPAddress", "2001:db8::1", None, None)),
    (x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")), ("registeredID", "1.2.3.4", "1.2.3.4", None)),
    (DIRECTORY, ("directoryName", 'CN="a, b"', None, None)),
    (OTHER, ("otherName", "userPrincipalName alice@contoso.com", "1.3.6.1.4.1.311.20.2.3", None)),
    (MAILBOX, ("otherName", "smtpUTF8Mailbox älice@contoso.com", "1.3.6.1.5.5.7.8.9", None)),
    (UNKNOWN, ("otherName", "1.2.3.4 3003020105", "1.2.3.4", None)),
]


@pytest.mark.parametrize(("name", "expected"), NAMES, ids=[expected[1] for _, expected in NAMES])
def test_every_kind_of_name_that_cryptography_writes(name, expected):
    assert read(x509.SubjectAlternativeName([name]).public_bytes()[2:]) == expected


RARE_NAMES = [
    (tlv(0xA3, tlv(0x30)), ("x400Address", "3000", None, None)),
    (tlv(0xA5, tlv(0xA0, tlv(0x0C, b"a")), tlv(0xA1, tlv(0x0C, b"b"))), ("ediPartyName", "a, b", None, None)),
    (tlv(0x82), ("dNSName", "", None, "The dNSName is empty.")),
    (tlv(0x82, b" "), ("dNSName", " ", None, "The dNSName is empty.")),
    (tlv(0x86), ("uniformResourceIdentifier", "", None, "The uniformResourceIdentifier is empty.")),
    (tlv(0x82, b"a\x00b"), ("dNSName", r"a\x00b", None, None)),
    (tlv(0x87, b"abc"), ("iPAddress", "616263", None, "An iPAddress is 4 or 16 octets.")),
    (tlv(0x88, b"\x80"), ("generalName", "880180", None, "An OBJECT IDENTIFIER is empty, cut off or far too long.")),
    (tlv(0x89, b"a"), ("generalName", "890161", None, "This is no GeneralName.")),
    (tlv(0x0C, b"a"), ("generalName", "0c0161", None, "This is no GeneralName.")),
    (tlv(0xA4, b"\x05"), ("generalName", "a40105", None, "The tag is unreadable where SEQUENCE was expected.")),
    (tlv(0xA0, tlv(6, b"\x2a")), ("generalName", "a00306012a", None, "An otherName is a type and a value.")),
]


@pytest.mark.parametrize(("der", "expected"), RARE_NAMES, ids=[der.hex() for der, _ in RARE_NAMES])
def test_rare_and_broken_names(der, expected):
    assert read(der) == expected


NETWORKS = [
    (bytes([10, 0, 0, 0, 255, 0, 0, 0]), "10.0.0.0/8", None),
    (bytes([0] * 8), "0.0.0.0/0", None),
    (bytes([10, 0, 0, 1, 255, 255, 255, 255]), "10.0.0.1/32", None),
    (bytes([10, 0, 0, 0, 255, 0, 255, 0]), "10.0.0.0/255.0.255.0", "The mask is not contiguous."),
    (ipaddress.ip_address("2001:db8::").packed + b"\xff" * 4 + bytes(12), "2001:db8::/32", None),
    (bytes(4), "00000000", "A range of addresses is 8 or 32 octets: address and mask."),
]


@pytest.mark.parametrize(("octets", "text", "problem"), NETWORKS, ids=[case[1] for case in NETWORKS])
def test_networks(octets, text, problem):
    base = network(*inspected(tlv(0x87, octets)))

    assert (base.kind, base.value, base.problem) == ("iPAddress", text, problem)


def test_an_empty_constraint_stands_for_all_names():
    assert network(*inspected(tlv(0x82))).problem is None


def test_name_text_reports_the_first_problem():
    der = tlv(0x30, tlv(0x31, attribute("2.5.4.6", 0x13, b"USA")))

    assert name_text(*inspected(der)) == ("C=USA", "A country is two letters.")
