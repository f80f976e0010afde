"""Object identifiers, against cryptography's decoder and its table of names."""

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from kvlab.errors import MalformedElement
from kvlab.x509.oid import OID_NAMES, encode_oid, name_oid

ARCS = st.one_of(st.integers(0, 300), st.integers(0, 2**100))


@given(st.integers(0, 2), st.integers(0, 39), st.lists(ARCS, max_size=6))
def test_dotted_and_octets_are_one(first, second, rest):
    dotted = ".".join(map(str, (first, second, *rest)))

    assert name_oid(encode_oid(dotted))[0] == dotted


@pytest.mark.parametrize("dotted", ["2.5.29.17", "1.2.840.113549.1.1.11", "2.999.3", "1.3.6.1.4.1.311.20.2.3"])
def test_octets_are_those_of_cryptography(dotted):
    name = x509.RegisteredID(x509.ObjectIdentifier(dotted))
    octets = x509.SubjectAlternativeName([name]).public_bytes()

    assert octets[4:] == encode_oid(dotted)


def test_known_names():
    assert name_oid(encode_oid("2.5.29.17")) == ("2.5.29.17", "subjectAltName")
    assert name_oid(encode_oid("1.2.3.4")) == ("1.2.3.4", "1.2.3.4")
    assert OID_NAMES["2.5.4.3"] == "commonName"
    assert len(set(OID_NAMES.values())) == len(OID_NAMES)


@pytest.mark.parametrize(
    "octets", ["", "80", "5580", "558001", "ff" * 200 + "01"], ids=["empty", "cut", "cut2", "padded", "long"]
)
def test_malformed_octets_are_refused(octets):
    with pytest.raises(MalformedElement):
        name_oid(bytes.fromhex(octets))


@pytest.mark.parametrize("kind", ["ExtensionOID", "ExtendedKeyUsageOID", "SignatureAlgorithmOID", "NameOID"])
def test_nearly_all_names_cryptography_knows_are_known_here(kind):
    """Nearly, because its next release may know more."""
    kinds = vars(getattr(x509.oid, kind)).values()
    known = {oid.dotted_string for oid in kinds if isinstance(oid, x509.ObjectIdentifier)}

    assert len(known - OID_NAMES.keys()) <= len(known) // 10
