"""The fields of certificates and requests, ordinary ones and ones with a single fault."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AttributeOID

from kvlab.errors import UnreadableContainer, X509Error
from kvlab.x509.explain import explain, explain_certificate, explain_request
from kvlab.x509.field import Field
from tests.x509.specimen import (
    KEY,
    LEAF,
    REQUEST,
    certificate,
    is_one_element,
    one,
    problems,
    rebuilt,
    replaced,
    request,
    tlv,
    values,
)


def test_the_fields_of_an_ordinary_certificate():
    point = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()
    identifier = x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()).digest.hex()
    signature = x509.load_der_x509_certificate(LEAF).signature.hex()
    name = 'CN=shop.contoso.com, O="Contoso, Ltd", C=US'

    assert [field[:5] for field in explain_certificate(LEAF)] == [
        ("certificate", "version", "3", None, None),
        ("certificate", "serialNumber", "4A1F", None, None),
        ("certificate", "signature", "ecdsa-with-SHA256", "1.2.840.10045.4.3.2", None),
        ("issuer", "issuer", name, None, None),
        ("issuer", "countryName", "US", "2.5.4.6", None),
        ("issuer", "organizationName", "Contoso, Ltd", "2.5.4.10", None),
        ("issuer", "commonName", "shop.contoso.com", "2.5.4.3", None),
        ("validity", "notBefore", "2026-06-01T09:00:00Z", None, None),
        ("validity", "notAfter", "2026-12-17T08:59:59Z", None, None),
        ("subject", "subject", name, None, None),
        ("subject", "countryName", "US", "2.5.4.6", None),
        ("subject", "organizationName", "Contoso, Ltd", "2.5.4.10", None),
        ("subject", "commonName", "shop.contoso.com", "2.5.4.3", None),
        ("public key", "subjectPublicKeyInfo", "EC secp256r1 (P-256)", None, None),
        ("public key", "algorithm", "id-ecPublicKey", "1.2.840.10045.2.1", None),
        ("public key", "namedCurve", "secp256r1 (P-256)", "1.2.840.10045.3.1.7", None),
        ("public key", "subjectPublicKey", point, None, None),
        ("public key", "keySize", "256", None, None),
        ("extensions", "keyUsage", "digitalSignature, keyEncipherment", "2.5.29.15", True),
        ("extensions", "extKeyUsage", "serverAuth", "2.5.29.37", False),
        ("extensions", "KeyPurposeId", "serverAuth", "1.3.6.1.5.5.7.3.1", None),
        ("extensions", "basicConstraints", "CA: false", "2.5.29.19", True),
        ("extensions", "cA", "false", None, None),
        ("extensions", "subjectAltName", "dNSName: shop.contoso.com, dNSName: www.contoso.com", "2.5.29.17", False),
        ("extensions", "dNSName", "shop.contoso.com", None, None),
        ("extensions", "dNSName", "www.contoso.com", None, None),
        ("extensions", "subjectKeyIdentifier", identifier, "2.5.29.14", False),
        ("signature", "signatureAlgorithm", "ecdsa-with-SHA256", "1.2.840.10045.4.3.2", None),
        ("signature", "signatureValue", signature, None, None),
    ]
    assert problems(explain(LEAF)) == {}


def test_the_fields_of_an_ordinary_request():
    fields = explain_request(REQUEST)

    assert explain(REQUEST) == fields
    assert one(fields, "version") == Field("request", "version", "1", None, None, one(fields, "version").offset, 3)
    assert one(fields, "subject").value == 'CN=shop.contoso.com, O="Contoso, Ltd", C=US'
    assert one(fields, "extensionRequest")[:4] == (
        "attributes",
        "extensionRequest",
        "keyUsage, subjectAltName",
        "1.2.840.113549.1.9.14",
    )
    assert one(fields, "keyUsage").critical is True
    assert values(fields, "dNSName") == ["shop.contoso.com", "www.contoso.com"]
    assert one(fields, "unstructuredName").value == "web"
    assert problems(fields) == {}


def test_a_challenge_password_is_never_shown():
    der = request(attributes={AttributeOID.CHALLENGE_PASSWORD: b"opensesame"})
    fields = explain(der)

    assert one(fields, "challengePassword").value == "(set)"
    for damaged in (der, *(der[:at] + bytes([der[at] ^ 1]) + der[at + 1 :] for at in range(4, len(der)))):
        if b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07" not in damaged:
            continue
        try:
            shown = " ".join(field.value for field in explain_request(damaged))
        except X509Error:
            continue
        assert "opensesame" not in shown
        assert b"opensesame".hex() not in shown


def test_rows_stand_in_the_order_of_their_bytes():
    """An extension stands before its members, the whole key before its parts; nothing else goes back."""
    for der in (LEAF, REQUEST):
        places = [field.offset for field in explain(der) if field.offset is not None]
        assert places == sorted(places)


KEYS = {
    "rsa": lambda: rsa.generate_private_key(65537, 1024),
    "p384": lambda: ec.derive_private_key(7, ec.SECP384R1()),
    "p521": lambda: ec.derive_private_key(7, ec.SECP521R1()),
    "p256k": lambda: ec.derive_private_key(7, ec.SECP256K1()),
    "ed25519": lambda: ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)),
    "ed448": lambda: ed448.Ed448PrivateKey.from_private_bytes(bytes(57)),
    "dsa": lambda: dsa.generate_private_key(1024),
}


@pytest.fixture(scope="module")
def rsa_key():
    return KEYS["rsa"]()


def test_an_rsa_key(rsa_key):
    fields = explain(certificate(key=rsa_key))
    numbers = rsa_key.public_key().public_numbers()

    assert one(fields, "subjectPublicKeyInfo").value == "RSA 1024 bits"
    assert one(fields, "modulus").value == f"{numbers.n:x}"
    assert one(fields, "publicExponent").value == "65537"
    assert one(fields, "keySize").value == "1024"
    assert one(fields, "signatureAlgorithm").value == "sha256WithRSAEncryption"
    assert problems(fields) == {}


@pytest.mark.parametrize(
    ("kind", "summary", "size"),
    [
        ("p384", "EC secp384r1 (P-384)", ["384"]),
        ("p521", "EC secp521r1 (P-521)", ["521"]),
        ("p256k", "EC secp256k1 (P-256K)", ["256"]),
        ("ed25519", "Ed25519", []),
        ("ed448", "Ed448", []),
    ],
)
def test_other_keys(kind, summary, size):
    key = KEYS[kind]()
    fields = explain(certificate(key=key, hash=None if kind.startswith("ed") else hashes.SHA384()))

    assert one(fields, "subjectPublicKeyInfo").value == summary
    assert values(fields, "keySize") == size
    assert problems(fields) == {}


def test_a_dsa_key():
    key = KEYS["dsa"]()
    fields = explain(certificate(key=key))
    numbers = key.public_key().public_numbers()
    parameters = numbers.parameter_numbers

    shown = [one(fields, name).value for name in ("p", "q", "g", "y")]
    assert [int(value, 16) for value in shown] == [parameters.p, parameters.q, parameters.g, numbers.y]
    assert one(fields, "keySize").value == "1024"


def test_a_key_that_can_not_sign():
    key = x25519.X25519PrivateKey.from_private_bytes(bytes(range(32)))
    builder = x509.CertificateBuilder(
        x509.Name([]), x509.Name([]), key.public_key(), 1, dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1)
    )
    fields = explain(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER))

    assert one(fields, "algorithm").value == "X25519"
    assert one(fields, "subjectPublicKey").value == key.public_key().public_bytes_raw().hex()
    assert problems(fields) == {
        "issuer": "The issuer must not be empty.",
        "subject": "An empty subject needs a critical subjectAltName beside it.",
    }


def test_the_parameters_of_pss(rsa_key):
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), 32)
    fields = explain(certificate(key=rsa_key, padding=pss, hash=hashes.SHA384()))

    assert one(fields, "signatureAlgorithm").value == "RSASSA-PSS"
    assert one(fields, "hashAlgorithm").value == "sha384"
    assert one(fields, "maskGenAlgorithm").value == "mgf1 with sha384"
    assert one(fields, "saltLength").value == "32"
    assert one(fields, "trailerField").offset is None
    assert problems(fields) == {}


def test_another_outer_algorithm_is_a_problem():
    at = one(explain(LEAF), "signatureAlgorithm").offset
    der = LEAF[:at] + LEAF[at:].replace(bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040303"), 1)

    assert problems(explain(der)) == {
        "signatureAlgorithm": "The algorithm differs from the one inside the signed part."
    }


def utc(text: str) -> bytes:
    return tlv(0x17, text.encode())


def general(text: str) -> bytes:
    return tlv(0x18, text.encode())


@pytest.mark.parametrize(
    ("name", "element", "value", "problem"),
    [
        ("serialNumber", tlv(2, b"\xff"), "-01", "The serial number is negative."),
        ("serialNumber", tlv(2, b"\x80\x00"), "-8000", "The serial number is negative."),
        ("serialNumber", tlv(2, b"\x00"), "00", "The serial number is zero."),
        ("serialNumber", tlv(2, b"\x7f" * 21), "7F" * 21, "The serial number has 21 octets; RFC 5280 allows 20."),
        ("serialNumber", tlv(2, b"\x00" + b"\xff" * 19), "FF" * 19, None),
        ("serialNumber", tlv(2, b"\x00\x01"), "01", "The INTEGER has superfluous leading octets."),
        ("serialNumber", tlv(2), "", "The INTEGER is empty."),
        ("serialNumber", tlv(4, b"\x01"), "040101", "The tag is OCTET STRING where INTEGER was expected."),
        ("version", tlv(0xA0, tlv(2, b"\x00")), "1", "Version 1 is the default, and DER leaves defaults out."),
        ("version", tlv(0xA0, tlv(2, b"\x07")), "7 + 1", "There is no such version."),
        ("notAfter", utc("250601090000Z"), "2025-06-01T09:00:00Z", "notAfter lies before notBefore."),
        ("notAfter", utc("270231090000Z"), "2027-02-31T09:00:00Z", "There is no such date or time."),
        ("notAfter", utc("500101000000Z"), "1950-01-01T00:00:00Z", "notAfter lies before notBefore."),
        (
            "notAfter",
            general("20491231235959Z"),
            "2049-12-31T23:59:59Z",
            "RFC 5280 wants a UTCTime before the year 2050.",
        ),
        ("notAfter", general("99991231235959Z"), "9999-12-31T23:59:59Z", None),
        ("notAfter", tlv(5), "", "The value is no time: its tag is NULL."),
        ("subjectPublicKey", tlv(3, b"\x00\x04ab"), "046162", "The point does not have the form"),
        ("subjectPublicKey", tlv(3), "", "The BIT STRING is empty."),
        ("signatureValue", tlv(3, b"\x03ab"), "6162", "The BIT STRING leaves 3 bits unused"),
    ],
    ids=lambda part: part if isinstance(part, str) else part.hex() if isinstance(part, bytes) else "fine",
)
def test_a_broken_field_is_shown_with_its_problem(name, element, value, problem):
    der = replaced(LEAF, name, element)
    field = one(explain(der), name)

    assert field.value == value
    assert der[field.offset : field.offset + field.length] == element
    if problem is None:
        assert field.problem is None
    else:
        assert problem in field.problem


def test_a_missing_field_leaves_the_others_readable():
    field = one(explain(LEAF), "serialNumber")
    fields = explain(rebuilt(LEAF, 0, len(LEAF), field.offset, b""))

    assert problems(fields) == {"serialNumber": "The serialNumber is missing."}
    assert one(fields, "notBefore").value == "2026-06-01T09:00:00Z"


def test_extensions_need_version_3():
    field = one(explain(LEAF), "version")
    fields = explain(rebuilt(LEAF, 0, len(LEAF), field.offset, b""))

    assert one(fields, "version")[2:] == (
        "1",
        None,
        None,
        None,
        None,
        "A certificate with extensions must have version 3.",
    )


@pytest.mark.parametrize("size", range(20, len(LEAF), 7))
def test_a_cut_off_certificate_shows_what_is_left(size):
    der = LEAF[:size]
    fields = explain_certificate(der)

    assert all(is_one_element(der[f.offset : f.offset + f.length]) for f in fields if f.offset is not None)
    whole = [field for field in fields if not field.problem and field.offset is not None]
    assert {field[:2] for field in whole} <= {field[:2] for field in explain(LEAF)}
    assert problems(fields)["element"]
    if size > 100:
        assert one(fields, "serialNumber").value == "4A1F"


def test_trailing_octets_are_shown():
    field = one(explain(LEAF + b"\x00\x01"), "trailing")

    assert (field.value, field.problem) == ("0001", "2 octets follow the outer SEQUENCE.")


def test_indefinite_lengths_are_read():
    first = tlv(0x30, LEAF[4:])[4:]
    der = b"\x30\x80" + first + b"\x00\x00"
    fields = explain(der)

    assert [field[:5] for field in fields[:-1]] == [field[:5] for field in explain(LEAF)]
    assert fields[-1] == Field(
        "encoding",
        "element",
        "SEQUENCE",
        None,
        None,
        0,
        len(der),
        "The element has an indefinite length, which DER forbids.",
    )


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        b"\x30\x80",
        b"\x04\x02\x30\x00",
        b"-----BEGIN CERTIFICATE-----",
        b"\x30\x03\x02\x01\x00",
    ],
    ids=["nothing", "a tag", "empty", "open", "other tag", "PEM", "no inner SEQUENCE"],
)
def test_what_has_not_even_the_shape_is_refused(octets):
    for inspect in (explain, explain_certificate, explain_request):
        with pytest.raises(UnreadableContainer):
            inspect(octets)


def test_other_signed_things_are_neither():
    crl = x509.CertificateRevocationListBuilder(x509.Name([]), dt.datetime(2026, 1, 1), dt.datetime(2026, 2, 1)).sign(
        KEY, hashes.SHA256()
    )
    key = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    for octets in (crl.public_bytes(Encoding.DER), key):
        with pytest.raises(UnreadableContainer):
            explain(octets)
