"""Extensions as fields: written by cryptography where it can, put together by hand where it can not."""

import datetime as dt
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID as Method
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SubjectInformationAccessOID

from kvlab.x509.explain import explain
from kvlab.x509.extension_fields import read_extension
from kvlab.x509.field import Field
from kvlab.x509.oid import encode_oid
from tests.x509.specimen import KEY, NAME, VECTORS, certificate, is_one_element, one, tlv, values

CONTOSO = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoso")]))
URI = x509.UniformResourceIdentifier("http://contoso.com/x")
OTHER_URI = x509.UniformResourceIdentifier("ldap://contoso.com/y")


def encoded(oid: str, value: bytes, critical: bytes | None = None) -> bytes:
    flag = b"" if critical is None else tlv(1, critical)
    return tlv(0x30, tlv(6, encode_oid(oid)), flag, tlv(4, value))


def read(der: bytes) -> list[Field]:
    """Read an extension, and check that each row with a place is one whole element there."""
    fields = [Field(*row) for row in read_extension(der)]

    assert fields[0].offset == 0 or fields[0].problem
    assert all(is_one_element(der[f.offset : f.offset + f.length]) for f in fields if f.offset is not None)
    return fields


def read_value(value: x509.ExtensionType) -> tuple[str, list[tuple[str, str]]]:
    """Write an extension with cryptography, and read it: its line, and its members' names and values."""
    first, *members = read(encoded(value.oid.dotted_string, value.public_bytes(), b"\xff"))
    assert first.oid == value.oid.dotted_string
    assert not [field.problem for field in members if field.problem]
    return first.value, [(field.name, field.value) for field in members]


def usage(*bits: int) -> x509.KeyUsage:
    return x509.KeyUsage(*(place in bits for place in range(9)))


VALUES = [
    (usage(0, 2), "digitalSignature, keyEncipherment", []),
    (usage(4, 8), "keyAgreement, decipherOnly", []),
    (x509.BasicConstraints(True, None), "CA: true", [("cA", "true")]),
    (x509.BasicConstraints(True, 0), "CA: true, path length: 0", [("cA", "true"), ("pathLenConstraint", "0")]),
    (x509.BasicConstraints(False, None), "CA: false", [("cA", "false")]),
    (
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING, x509.ObjectIdentifier("1.2.3.4")]),
        "codeSigning, 1.2.3.4",
        [("KeyPurposeId", "codeSigning"), ("KeyPurposeId", "1.2.3.4")],
    ),
    (x509.SubjectKeyIdentifier(b"\x01\xab"), "01ab", []),
    (x509.AuthorityKeyIdentifier(b"\x01\xab", None, None), "01ab", [("keyIdentifier", "01ab")]),
    (
        x509.AuthorityKeyIdentifier(b"\x01", [CONTOSO], 0x1234),
        "keyIdentifier: 01, authorityCertIssuer: directoryName: CN=Contoso, authorityCertSerialNumber: 1234",
        [
            ("keyIdentifier", "01"),
            ("authorityCertIssuer", "directoryName: CN=Contoso"),
            ("authorityCertSerialNumber", "1234"),
        ],
    ),
    (
        x509.IssuerAlternativeName([URI]),
        "uniformResourceIdentifier: http://contoso.com/x",
        [("uniformResourceIdentifier", "http://contoso.com/x")],
    ),
    (
        x509.CRLDistributionPoints(
            [
                x509.DistributionPoint([URI, OTHER_URI], None, None, None),
                x509.DistributionPoint([URI], None, frozenset({x509.ReasonFlags.key_compromise}), [CONTOSO]),
            ]
        ),
        (
            "uniformResourceIdentifier: http://contoso.com/x, uniformResourceIdentifier: ldap://contoso.com/y; "
            "uniformResourceIdentifier: http://contoso.com/x, reasons: keyCompromise, "
            "cRLIssuer: directoryName: CN=Contoso"
        ),
        [
            ("uniformResourceIdentifier", "http://contoso.com/x"),
            ("uniformResourceIdentifier", "ldap://contoso.com/y"),
            ("uniformResourceIdentifier", "http://contoso.com/x"),
            ("reasons", "keyCompromise"),
            ("cRLIssuer", "directoryName: CN=Contoso"),
        ],
    ),
    (
        x509.FreshestCRL(
            [
                x509.DistributionPoint(
                    None,
                    x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "delta")]),
                    None,
                    [CONTOSO],
                )
            ]
        ),
        "nameRelativeToCRLIssuer: CN=delta, cRLIssuer: directoryName: CN=Contoso",
        [("nameRelativeToCRLIssuer", "CN=delta"), ("cRLIssuer", "directoryName: CN=Contoso")],
    ),
    (
        x509.AuthorityInformationAccess(
            [x509.AccessDescription(Method.OCSP, URI), x509.AccessDescription(Method.CA_ISSUERS, CONTOSO)]
        ),
        "ocsp: http://contoso.com/x, caIssuers: directoryName: CN=Contoso",
        [("ocsp", "http://contoso.com/x"), ("caIssuers", "directoryName: CN=Contoso")],
    ),
    (
        x509.SubjectInformationAccess([x509.AccessDescription(SubjectInformationAccessOID.CA_REPOSITORY, URI)]),
        "caRepository: http://contoso.com/x",
        [("caRepository", "http://contoso.com/x")],
    ),
    (
        x509.CertificatePolicies(
            [
                x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None),
                x509.PolicyInformation(
                    x509.ObjectIdentifier("1.2.3.4"),
                    [
                        "https://contoso.com/cps",
                        x509.UserNotice(x509.NoticeReference("Contoso", [1, 2]), "Trust nobody."),
                    ],
                ),
            ]
        ),
        "domain-validated, 1.2.3.4",
        [
            ("policyIdentifier", "domain-validated"),
            ("policyIdentifier", "1.2.3.4"),
            ("cPSuri", "https://contoso.com/cps"),
            ("noticeRef", "Contoso, 1, 2"),
            ("explicitText", "Trust nobody."),
        ],
    ),
    (
        x509.PolicyConstraints(0, 3),
        "requireExplicitPolicy: 0, inhibitPolicyMapping: 3",
        [("requireExplicitPolicy", "0"), ("inhibitPolicyMapping", "3")],
    ),
    (x509.InhibitAnyPolicy(2), "2", []),
    (
        x509.NameConstraints(
            [x509.DNSName("contoso.com"), x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))], [x509.RFC822Name(".de")]
        ),
        "permittedSubtrees: dNSName: contoso.com, iPAddress: 10.0.0.0/8; excludedSubtrees: rfc822Name: .de",
        [
            ("permittedSubtrees", "dNSName: contoso.com"),
            ("permittedSubtrees", "iPAddress: 10.0.0.0/8"),
            ("excludedSubtrees", "rfc822Name: .de"),
        ],
    ),
    (
        x509.TLSFeature([x509.TLSFeatureType.status_request, x509.TLSFeatureType.status_request_v2]),
        "status_request, status_request_v2",
        [("tlsFeature", "status_request"), ("tlsFeature", "status_request_v2")],
    ),
    (x509.OCSPNoCheck(), "present", []),
    (x509.PrecertPoison(), "present", []),
    (
        x509.PrivateKeyUsagePeriod(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1)),
        "notBefore: 2026-01-01T00:00:00Z, notAfter: 2027-01-01T00:00:00Z",
        [("notBefore", "2026-01-01T00:00:00Z"), ("notAfter", "2027-01-01T00:00:00Z")],
    ),
    (
        x509.MSCertificateTemplate(x509.ObjectIdentifier("1.3.6.1.4.1.311.21.8.1"), 100, 4),
        "1.3.6.1.4.1.311.21.8.1, version 100.4",
        [
            ("templateID", "1.3.6.1.4.1.311.21.8.1"),
            ("templateMajorVersion", "100"),
            ("templateMinorVersion", "4"),
        ],
    ),
]


@pytest.mark.parametrize(("value", "line", "members"), VALUES, ids=[type(case[0]).__name__ for case in VALUES])
def test_what_cryptography_writes_is_read(value, line, members):
    assert read_value(value) == (line, members)


def seq(*contents: bytes) -> bytes:
    return tlv(0x30, *contents)


def oid(dotted: str) -> bytes:
    return tlv(6, encode_oid(dotted))


BY_HAND = [
    ("2.5.29.33", seq(seq(oid("1.2.3"), oid("1.2.4"))), "1.2.3 -> 1.2.4", [("policyMapping", "1.2.3 -> 1.2.4")]),
    (
        "2.5.29.9",
        seq(seq(oid("1.3.6.1.5.5.7.9.4"), tlv(0x31, tlv(0x13, b"DE"), tlv(0x13, b"FR")))),
        "countryOfCitizenship: DE, FR",
        [("countryOfCitizenship", "DE, FR")],
    ),
    (
        "1.3.6.1.5.5.7.1.3",
        seq(
            seq(oid("0.4.0.1862.1.1")),
            seq(oid("0.4.0.1862.1.6"), seq(oid("0.4.0.1862.1.6.3"))),
            seq(oid("0.4.0.1862.1.2"), seq(tlv(0x13, b"EUR"), tlv(2, b"\x01"), tlv(2, b"\x03"))),
            seq(oid("0.4.0.1862.1.5"), seq(seq(tlv(0x16, b"https://a"), tlv(0x13, b"en")))),
        ),
        "QcCompliance, QcType: qct-web, QcLimitValue: EUR, 1, 3, QcPDS: https://a, en",
        [("QcCompliance", "present"), ("QcType", "qct-web"), ("QcLimitValue", "EUR, 1, 3"), ("QcPDS", "https://a, en")],
    ),
    ("1.3.6.1.4.1.311.20.2", tlv(0x1E, "WebServer".encode("utf-16-be")), "WebServer", []),
    ("1.3.6.1.4.1.311.21.1", tlv(2, b"\x02\x00\x03"), "certificate 3, key 2", []),
    ("1.3.6.1.4.1.311.21.2", tlv(4, b"\xab" * 20), "ab" * 20, []),
    (
        "1.3.6.1.4.1.311.21.10",
        seq(seq(oid("1.3.6.1.5.5.7.3.1"))),
        "serverAuth",
        [("policyIdentifier", "serverAuth")],
    ),
    (
        "1.3.6.1.4.1.311.25.2",
        seq(tlv(0xA0, oid("1.3.6.1.4.1.311.25.2.1"), tlv(0xA0, tlv(4, b"S-1-5-21-1")))),
        "otherName: ntdsObjectSid S-1-5-21-1",
        [("otherName", "ntdsObjectSid S-1-5-21-1")],
    ),
    ("2.16.840.1.113730.1.1", tlv(3, b"\x05\xa0"), "sslClient, smime", []),
    ("2.16.840.1.113730.1.13", tlv(0x16, b"made by hand"), "made by hand", []),
    ("1.3.6.1.5.5.7.1.31", tlv(4, b"\x01\x02"), "0102", []),
    ("1.2.3.4", b"\xff\x00raw", "ff00" + b"raw".hex(), []),
]


@pytest.mark.parametrize(("dotted", "value", "line", "members"), BY_HAND, ids=[case[0] for case in BY_HAND])
def test_what_is_put_together_by_hand_is_read(dotted, value, line, members):
    first, *rest = read(encoded(dotted, value))

    assert (first.oid, first.value) == (dotted, line)
    assert [(field.name, field.value) for field in rest] == members
    assert not [field.problem for field in rest if field.problem]


PROBLEMS = [
    ("2.5.29.15", tlv(3, b"\x07\x00"), "No bit is set."),
    ("2.5.29.15", tlv(3, b"\x00\x80"), "Trailing zero bits are not left out"),
    ("2.5.29.15", tlv(4, b"\x07\x80"), "The tag is OCTET STRING where BIT STRING was expected."),
    ("2.5.29.17", seq(), "There must be at least one name."),
    ("2.5.29.17", b"", "The extension has no value."),
    ("2.5.29.17", seq(tlv(0x82, b"a")) + b"\x00\x00", "Further octets follow the value."),
    ("2.5.29.17", b"\x30\x09\x82\x01a", "The element claims 9 content octets, but only 3 are there."),
    ("2.5.29.17", b"\x30\x81\x03\x82\x01a", "The tag or length is not in its shortest form"),
    ("2.5.29.19", seq(tlv(2, b"\x00"), tlv(1, b"\xff")), "BasicConstraints holds too much."),
    ("2.5.29.19", seq(tlv(4)), "The tag is OCTET STRING where INTEGER was expected."),
    ("2.5.29.37", seq(), "There must be at least one purpose."),
    ("2.5.29.37", seq(tlv(6)), "An OBJECT IDENTIFIER is empty"),
    ("2.5.29.14", tlv(4), "The identifier is empty."),
    ("2.5.29.35", seq(tlv(0x82, b"\x01")), "Issuer and serial number must come together."),
    ("2.5.29.35", seq(tlv(0x85)), "An AuthorityKeyIdentifier has no such part."),
    ("2.5.29.35", seq(), None),
    ("2.5.29.31", seq(), "There must be at least one distribution point."),
    ("2.5.29.31", seq(seq(tlv(0xA5))), "A DistributionPoint has no such part."),
    ("2.5.29.31", seq(seq(tlv(0xA0, tlv(0xA7)))), "A DistributionPointName is a full or a relative name."),
    ("2.5.29.32", seq(seq(oid("1.2.3")), seq(oid("1.2.3"))), "The policy 1.2.3 appears twice."),
    ("2.5.29.32", seq(seq()), "A PolicyInformation is empty."),
    ("2.5.29.32", seq(seq(oid("1.2.3"), seq(seq()))), "A PolicyQualifierInfo is a type and a qualifier."),
    ("2.5.29.33", seq(seq(oid("1.2.3"))), "A policy mapping is two policies."),
    ("1.3.6.1.5.5.7.1.1", seq(seq(oid("1.2.3"))), "An AccessDescription is a method and a location."),
    ("1.3.6.1.5.5.7.1.24", seq(), "There must be at least one feature."),
    ("1.3.6.1.5.5.7.48.1.5", tlv(5, b"a"), "A NULL has no content."),
    ("1.3.6.1.4.1.311.21.1", tlv(2, b"\x7f" * 6), "A CA version has 32 bits."),
    ("1.3.6.1.4.1.311.21.7", seq(), "A certificate template is an OID"),
    ("1.3.6.1.4.1.11129.2.4.2", tlv(4, b"\x00\x09"), "The length of the timestamp list is wrong."),
    ("1.3.6.1.4.1.11129.2.4.2", tlv(4, b"\x00\x03\x00\x01a"), "A timestamp is cut off."),
    ("1.3.6.1.5.5.7.1.3", seq(seq()), "A QCStatement is empty."),
]


@pytest.mark.parametrize(("dotted", "value", "problem"), PROBLEMS, ids=[f"{d}-{v.hex()}" for d, v, _ in PROBLEMS])
def test_a_broken_value_has_a_problem(dotted, value, problem):
    first = read(encoded(dotted, value))[0]

    assert first.oid == dotted
    assert (first.problem or "").startswith(problem or "") and bool(first.problem) == bool(problem)


DEMANDING = ["2.5.29.30", "2.5.29.36", "2.5.29.54"]
FORBIDDING = ["2.5.29.14", "2.5.29.35", "1.3.6.1.5.5.7.1.1", "2.5.29.46"]
SOUND = {
    "2.5.29.30": seq(tlv(0xA0, seq(tlv(0x82, b"a")))),
    "2.5.29.36": seq(tlv(0x80, b"\x00")),
    "2.5.29.54": tlv(2, b"\x00"),
    "2.5.29.14": tlv(4, b"a"),
    "2.5.29.35": seq(tlv(0x80, b"a")),
    "1.3.6.1.5.5.7.1.1": seq(seq(oid("1.3.6.1.5.5.7.48.1"), tlv(0x86, b"a:b"))),
    "2.5.29.46": seq(seq(tlv(0xA0, tlv(0xA0, tlv(0x86, b"a:b"))))),
}


@pytest.mark.parametrize("dotted", DEMANDING)
def test_some_extensions_must_be_critical(dotted):
    assert read(encoded(dotted, SOUND[dotted], b"\xff"))[0].problem is None
    assert read(encoded(dotted, SOUND[dotted]))[0].problem == "RFC 5280 wants this extension critical."


@pytest.mark.parametrize("dotted", FORBIDDING)
def test_some_extensions_must_not_be_critical(dotted):
    assert read(encoded(dotted, SOUND[dotted]))[0].problem is None
    assert read(encoded(dotted, SOUND[dotted], b"\xff"))[0].problem == "RFC 5280 wants this extension not critical."


@pytest.mark.parametrize(
    ("flag", "critical", "problem"),
    [
        (b"\xff", True, None),
        (b"\x00", False, "FALSE is the default of critical, and DER leaves defaults out."),
        (b"\x01", True, "A BOOLEAN in DER is one octet, 00 or ff."),
    ],
    ids=["true", "false", "one"],
)
def test_the_flag_of_criticality(flag, critical, problem):
    first = read(encoded("1.2.3.4", b"", flag))[0]

    assert (first.critical, first.problem) == (critical, problem)


@pytest.mark.parametrize(
    "der",
    [
        seq(),
        seq(oid("1.2.3")),
        seq(tlv(2), tlv(4)),
        seq(oid("1.2.3"), tlv(5), tlv(5), tlv(4)),
        tlv(0x31),
        b"\x30",
        seq(tlv(6, b"\x80"), tlv(4)),
    ],
    ids=lambda der: der.hex(),
)
def test_what_is_no_extension_is_one_row(der):
    (field,) = [Field(*row) for row in read_extension(der)]

    assert (field.name, field.value) == ("extension", der.hex())
    assert field.problem


def test_what_can_be_read_of_a_broken_value_stays():
    good = seq(oid("1.3.6.1.5.5.7.48.1"), tlv(0x86, b"a:b"))
    first, *rest = read(encoded("1.3.6.1.5.5.7.1.1", seq(good, seq())))

    assert first.value == seq(good, seq()).hex()
    assert first.problem == "An AccessDescription is a method and a location."
    assert [(field.name, field.value) for field in rest] == [("ocsp", "a:b")]


def test_a_negative_path_length_and_one_without_ca():
    assert one(read(encoded("2.5.29.19", seq(tlv(1, b"\xff"), tlv(2, b"\xff")))), "pathLenConstraint").problem
    assert one(read(encoded("2.5.29.19", seq(tlv(2, b"\x00")))), "pathLenConstraint").problem


def test_minimum_and_maximum_of_a_subtree():
    value = seq(tlv(0xA0, seq(tlv(0x82, b"a"), tlv(0x80, b"\x01"), tlv(0x81, b"\x02"))))
    field = one(read(encoded("2.5.29.30", value, b"\xff")), "permittedSubtrees")

    assert field.value == "dNSName: a (minimum 1) (maximum 2)"
    assert field.problem


def test_timestamps_of_transparency_logs():
    pem = (VECTORS / "x509" / "badssl-sct.pem").read_bytes()
    theirs = x509.load_pem_x509_certificate(pem)
    stamps = theirs.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    fields = explain(theirs.public_bytes(Encoding.DER))

    assert one(fields, "signedCertificateTimestampList").value == "1 timestamp"
    assert len(stamps) == 1
    assert values(fields, "logID") == [stamp.log_id.hex() for stamp in stamps]
    assert values(fields, "timestamp") == [stamp.timestamp.isoformat(timespec="milliseconds") + "Z" for stamp in stamps]


def test_a_timestamp_beyond_the_calendar():
    stamp = b"\x00" + b"L" * 32 + b"\xff" * 8 + b"\x00\x00" + b"\x04\x03\x00\x00"
    octets = len(stamp).to_bytes(2, "big") + stamp
    fields = read(encoded("1.3.6.1.4.1.11129.2.4.2", tlv(4, len(octets).to_bytes(2, "big") + octets)))

    assert one(fields, "timestamp").value == str(2**64 - 1)
    assert one(fields, "timestamp").problem == "There is no such time."


def test_a_second_extension_of_a_kind_is_a_problem():
    once = encoded("1.2.3.4", b"a")
    der = certificate((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"a"), False))
    block = tlv(0xA3, seq(once))
    assert block in der
    twice = tlv(0xA3, seq(once, once))
    fields = [field for field in explain(_with(der, block, twice)) if field.name == "1.2.3.4"]

    assert [field.problem for field in fields] == [None, "A second 1.2.3.4: an extension may appear only once."]


def _with(der: bytes, old: bytes, new: bytes) -> bytes:
    """Replace the last part of the signed part, and mend the two lengths around it."""
    at = der.index(old)
    start = 4 if der[1] == 0x82 else 3
    signed = der[start + (4 if der[start + 1] == 0x82 else 3) : at]
    return seq(seq(signed, new), der[at + len(old) :])


def test_an_empty_subject_wants_a_critical_alternative_name():
    san = x509.SubjectAlternativeName([x509.DNSName("contoso.com")])
    nobody = x509.Name([])

    assert one(explain(certificate((san, True), subject=nobody)), "subjectAltName").problem is None
    assert one(explain(certificate((san, False), subject=NAME)), "subjectAltName").problem is None
    problem = one(explain(certificate((san, False), subject=nobody)), "subjectAltName").problem
    assert problem == "With an empty subject this extension must be critical."


def test_an_empty_subject_without_another_name_is_a_problem_of_the_subject():
    san = x509.SubjectAlternativeName([x509.DNSName("a")])
    nobody = x509.Name([])

    assert one(explain(certificate(subject=nobody)), "subject").problem == (
        "An empty subject needs a critical subjectAltName beside it."
    )
    assert one(explain(certificate((san, True), subject=nobody)), "subject").problem is None
    assert one(explain(certificate(subject=NAME)), "subject").problem is None


def test_offsets_are_moved_to_the_place_of_the_extension():
    """The same extension in two certificates is read once, but shown where it stands in each."""
    identifier = x509.SubjectKeyIdentifier.from_public_key(KEY.public_key())
    for others in ([], [(x509.BasicConstraints(True, 3), True)]):
        der = certificate(*others, (identifier, False))
        field = one(explain(der), "subjectKeyIdentifier")

        element = der[field.offset : field.offset + field.length]
        assert element == encoded("2.5.29.14", tlv(4, identifier.digest))
