"""Certificates and requests as fields: against cryptography, against OpenSSL, and against damage."""

import datetime as dt
import re
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from kvlab.errors import ExcessiveWork, UnreadableContainer, X509Error
from kvlab.x509.explain import explain, explain_certificate, explain_request
from kvlab.x509.field import Field
from kvlab.x509.primitive import visible
from tests.tool import tool
from tests.x509.specimen import (
    KEY,
    certificate,
    is_one_element,
    one,
    problems,
    request,
    tlv,
    values,
    vectors,
)

SAN = x509.SubjectAlternativeName([x509.DNSName("shop.contoso.com"), x509.DNSName("www.contoso.com")])
USAGE = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
LEAF = certificate(
    (USAGE, True),
    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    (x509.BasicConstraints(False, None), True),
    (SAN, False),
    (x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()), False),
)
REQUEST = request((USAGE, True), (SAN, False), attributes={AttributeOID.UNSTRUCTURED_NAME: b"web"})


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
    assert problems(fields) == {"issuer": "The issuer must not be empty."}


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


def replaced(der: bytes, name: str, element: bytes) -> bytes:
    """Replace the element of a field; the lengths around it are mended by building the certificate again."""
    field = one(explain(der), name, None)
    return _rebuilt(der, 0, len(der), field.offset, field.length, element)


def _rebuilt(der: bytes, start: int, end: int, offset: int, length: int, element: bytes) -> bytes:
    if start == offset:
        return element
    head = start + 2 + (der[start + 1] & 0x7F if der[start + 1] >= 0x80 else 0)
    if not start < offset < end or not der[start] & 0x20:
        return der[start:end]
    parts, at = [], head
    while at < end:
        size = der[at + 1]
        stop = at + 2 + size
        if size >= 0x80:
            stop = at + 2 + (size & 0x7F)
            stop += int.from_bytes(der[at + 2 : stop], "big")
        parts.append(_rebuilt(der, at, stop, offset, length, element))
        at = stop
    return tlv(der[start], *parts)


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
        ("notAfter", general("20491231235959Z"), "2049-12-31T23:59:59Z", "RFC 5280 wants a UTCTime before the year 2050."),
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
    fields = explain(_rebuilt(LEAF, 0, len(LEAF), field.offset, field.length, b""))

    assert problems(fields) == {"serialNumber": "The serialNumber is missing."}
    assert one(fields, "notBefore").value == "2026-06-01T09:00:00Z"


def test_extensions_need_version_3():
    field = one(explain(LEAF), "version")
    fields = explain(_rebuilt(LEAF, 0, len(LEAF), field.offset, field.length, b""))

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
        "encoding", "element", "SEQUENCE", None, None, 0, len(der), "The element has an indefinite length, which DER forbids."
    )


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x30", b"\x30\x00", b"\x30\x80", b"\x04\x02\x30\x00", b"-----BEGIN CERTIFICATE-----", b"\x30\x03\x02\x01\x00"],
    ids=["nothing", "a tag", "empty", "open", "other tag", "PEM", "no inner SEQUENCE"],
)
def test_what_has_not_even_the_shape_is_refused(octets):
    for inspect in (explain, explain_certificate, explain_request):
        with pytest.raises(UnreadableContainer):
            inspect(octets)


def test_other_signed_things_are_neither():
    crl = x509.CertificateRevocationListBuilder(
        x509.Name([]), dt.datetime(2026, 1, 1), dt.datetime(2026, 2, 1)
    ).sign(KEY, hashes.SHA256())
    key = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    for octets in (crl.public_bytes(Encoding.DER), key):
        with pytest.raises(UnreadableContainer):
            explain(octets)


# Outside oracles.


def _text(value: object) -> str:
    return visible(value) if isinstance(value, str) else ""


def assert_names_agree(name: x509.Name, fields: list[Field], section: str) -> None:
    shown = [field for field in fields if field.section == section and field.name != section]
    theirs = [attribute for rdn in name.rdns for attribute in rdn]

    assert sorted(a.oid.dotted_string for a in theirs) == sorted(f.oid for f in shown)
    if all(len(list(rdn)) == 1 for rdn in name.rdns):
        pairs = [(a.value, f.value) for a, f in zip(theirs, shown, strict=True) if isinstance(a.value, str)]
        assert [visible(value) for value, _ in pairs] == [value for _, value in pairs]


def assert_extensions_agree(extensions: x509.Extensions, fields: list[Field]) -> None:
    shown = [(field.oid, field.critical) for field in fields if field.critical is not None]

    assert shown == [(extension.oid.dotted_string, extension.critical) for extension in extensions]
    for extension in extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            row = next(place for place, field in enumerate(fields) if field.oid == "2.5.29.17")
            members = []
            for field in fields[row + 1 :]:
                if field.critical is not None or field.section != "extensions":
                    break
                members.append(field)
            theirs = [visible(name) for name in extension.value.get_values_for_type(x509.DNSName)]
            assert [field.value for field in members if field.name == "dNSName"] == theirs
            addresses = [str(address) for address in extension.value.get_values_for_type(x509.IPAddress)]
            assert [field.value for field in members if field.name == "iPAddress"] == addresses


def assert_agrees(theirs: x509.Certificate | x509.CertificateSigningRequest, fields: list[Field]) -> int:
    """
    Compare with every part that cryptography can read, and return how many parts that were.
    """
    compared = 0

    def attempt(read, check):
        nonlocal compared
        try:
            value = read()
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            return
        check(value)
        compared += 1

    attempt(lambda: theirs.subject, lambda name: assert_names_agree(name, fields, "subject"))
    attempt(lambda: theirs.extensions, lambda extensions: assert_extensions_agree(extensions, fields))
    if isinstance(theirs, x509.Certificate):
        attempt(lambda: theirs.serial_number, lambda n: _assert_serial(n, one(fields, "serialNumber", "certificate")))
        attempt(lambda: theirs.issuer, lambda name: assert_names_agree(name, fields, "issuer"))
        for name in ("not_valid_before_utc", "not_valid_after_utc"):
            row = {"not_valid_before_utc": "notBefore", "not_valid_after_utc": "notAfter"}[name]
            field = next(field for field in fields if field.name == row)
            attempt(lambda name=name: getattr(theirs, name), lambda moment, field=field: _assert_time(moment, field))
        attempt(
            lambda: theirs.signature_algorithm_oid.dotted_string,
            lambda oid: _assert_equal(oid, one(fields, "signatureAlgorithm").oid),
        )
        attempt(lambda: theirs.signature.hex(), lambda text: _assert_equal(text, one(fields, "signatureValue").value))
    return compared


def _assert_equal(theirs: str, ours: str | None) -> None:
    assert theirs == ours


def _assert_serial(number: int, field: Field) -> None:
    assert int(field.value, 16) == number


def _assert_time(moment: dt.datetime, field: Field) -> None:
    assert field.value == moment.strftime("%Y-%m-%dT%H:%M:%SZ") or field.problem


def _loaded(octets: bytes) -> x509.Certificate | x509.CertificateSigningRequest | None:
    for load in (x509.load_der_x509_certificate, x509.load_der_x509_csr):
        try:
            return load(octets)
        except (ValueError, TypeError, x509.InvalidVersion):
            continue
    return None


@pytest.mark.filterwarnings("ignore")  # cryptography warns of what is illegal in its own vectors
def test_every_vector_of_cryptography_is_inspected_and_agrees():
    files, inspected, agreed, parts = set(), 0, 0, 0
    for name, octets in vectors():
        files.add(name.partition("#")[0])
        theirs = _loaded(octets)
        try:
            fields = explain(octets)
        except X509Error:
            assert theirs is None, name
            continue
        inspected += 1
        for field in fields:
            if field.offset is not None:
                assert is_one_element(octets[field.offset : field.offset + field.length]), (name, field)
        if theirs is not None:
            try:
                parts += assert_agrees(theirs, fields)
            except AssertionError as error:
                error.add_note(name)
                raise
            agreed += 1
    print(f"{len(files)} files, {inspected} inspected, {agreed} of them read by cryptography too, {parts} parts compared")
    assert len(files) > 1700
    assert agreed > 500


def test_offsets_are_those_of_openssl(tmp_path):
    """asn1parse names the OID one level inside each Extension; that SEQUENCE is the row's element."""
    path = tmp_path / "leaf.der"
    path.write_bytes(LEAF)
    run = subprocess.run([tool("openssl"), "asn1parse", "-inform", "DER", "-in", path], capture_output=True, check=True)
    lines = re.findall(r"^ *(\d+):d=(\d+) +hl=(\d+) +l= *(\d+) +\w+: +(\S+) *:?(.*)$", run.stdout.decode(), re.MULTILINE)
    theirs = [
        (int(above[0]), int(above[2]) + int(above[3]))
        for above, line in zip(lines, lines[1:], strict=False)
        if line[5].startswith("X509v3")
    ]

    ours = [(field.offset, field.length) for field in explain(LEAF) if field.critical is not None]

    assert len(ours) == 5
    assert ours == theirs


def test_serial_number_is_written_as_openssl_does(tmp_path):
    path = tmp_path / "x.der"
    for serial in (1, 0x80, 0x4A1F, 2**158 + 5):
        path.write_bytes(certificate(serial=serial))
        command = [tool("openssl"), "x509", "-inform", "DER", "-in", path, "-noout", "-serial"]
        run = subprocess.run(command, capture_output=True, check=True, text=True)

        assert f"serial={one(explain(path.read_bytes()), 'serialNumber').value}\n" == run.stdout


# Damage.

SEEDS = [LEAF, REQUEST, *(octets for name, octets in vectors() if name.startswith("x509/custom/") and len(octets) < 4000)]


@st.composite
def damaged(draw) -> bytes:
    octets = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(octets) - 1))
        match draw(st.sampled_from(["flip", "set", "delete", "insert", "length", "splice", "cut"])):
            case "flip":
                octets[at] ^= 1 << draw(st.integers(0, 7))
            case "set":
                octets[at] = draw(st.sampled_from([0, 1, 5, 0x1F, 0x24, 0x30, 0x31, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xA0, 0xFF]))
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
                assert element[1:2] == b"\x80" or b"\x80" in element[:6] or is_one_element(element)


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
    "many names": lambda: with_extension(tlv(0x30, tlv(6, b"\x55\x1d\x11"), tlv(4, tlv(0x30, b"\x82\x00" * 2_400_000)))),
    "many extensions": lambda: with_extension(tlv(0x30, tlv(6, b"\x55\x1d\x11"), tlv(4, b"")) * 400_000),
    "same name": lambda: replaced(LEAF, "subject", tlv(0x30, tlv(0x31, tlv(0x30, tlv(6, b"\x2a"), b"\x0c\x00")) * 400_000)),
    "one relative name": lambda: replaced(LEAF, "subject", tlv(0x30, tlv(0x31, b"\x30\x00" * 2_400_000))),
    "huge serial": lambda: replaced(LEAF, "serialNumber", tlv(2, b"\xff" * MEGABYTES_5)),
    "huge exponent": lambda: replaced(LEAF, "subjectPublicKey", tlv(3, b"\x00" + b"\x30" * MEGABYTES_5)),
    "huge OID": lambda: with_extension(tlv(0x30, tlv(6, b"\xff" * MEGABYTES_5 + b"\x01"), tlv(4, b""))),
    "huge text": lambda: replaced(LEAF, "subject", tlv(0x30, tlv(0x31, tlv(0x30, tlv(6, b"\x55\x04\x03"), tlv(0x0C, b"\x00" * MEGABYTES_5))))),
    "nested": lambda: b"\x30\x80" * 2_490_000,
    "nested and closed": lambda: b"\x30\x80" * 1_240_000 + b"\x00\x00" * 1_240_000,
    "open extensions": lambda: replaced(LEAF, "keyUsage", b"\x30\x80" * 90_000 + b"\x00\x00" * 90_000),
    "many policies": lambda: with_extension(tlv(0x30, tlv(6, b"\x55\x1d\x20"), tlv(4, tlv(0x30, tlv(0x30, b"\x06\x01\x2a") * 60_000)))),
    "many timestamps": lambda: with_extension(tlv(0x30, tlv(6, bytes.fromhex("2b06010401d679020402")), tlv(4, tlv(4, b"\xff\xff" + b"\x00\x00" * 32767 + b"\x00")))),
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
