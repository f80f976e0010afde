"""What a policy asks for stands in the DER that comes out, whatever the answers say."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from kvlab import CertificatePolicy, SimulatedClock, Vault, VaultError
from kvlab.errors import InvalidProperty, InvalidSubject
from tests.vault.make import ec_policy, finish, parsed

ALL_NAMES = {
    "dns_names": ["contoso.com", "*.contoso.com"],
    "emails": ["ada@contoso.com"],
    "upns": ["ada@corp.contoso.com"],
    "uris": ["spiffe://contoso.com/web"],
    "ip_addresses": ["192.0.2.7", "2001:db8::7"],
}
OID = ExtensionOID


def oids(extensions):
    return [extension.oid for extension in extensions]


@pytest.mark.parity("self-signed", "create_certificate")
def test_a_self_signed_certificate_carries_the_whole_policy(vault, openssl):
    policy = ec_policy("CN=contoso.com, O=Contoso, C=US", key_usage=["digitalSignature", "keyAgreement"], **ALL_NAMES)

    bundle = finish(vault, policy=policy)

    certificate = parsed(bundle)
    assert certificate.version is x509.Version.v3
    assert certificate.issuer == certificate.subject
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not names.critical
    assert names.value.get_values_for_type(x509.DNSName) == ALL_NAMES["dns_names"]
    assert names.value.get_values_for_type(x509.RFC822Name) == ALL_NAMES["emails"]
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == ALL_NAMES["uris"]
    assert [str(ip) for ip in names.value.get_values_for_type(x509.IPAddress)] == ALL_NAMES["ip_addresses"]
    (upn,) = names.value.get_values_for_type(x509.OtherName)
    assert upn.type_id.dotted_string == "1.3.6.1.4.1.311.20.2.3"
    assert upn.value == b"\x0c" + bytes([len(ALL_NAMES["upns"][0])]) + ALL_NAMES["upns"][0].encode()
    text = openssl("x509", "-inform", "DER", "-noout", "-text", "-nameopt", "RFC2253", stdin=bundle.cer).decode()
    assert "Subject: CN=contoso.com,O=Contoso,C=US" in text
    assert "X509v3 Key Usage: critical\n                Digital Signature, Key Agreement\n" in text
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in text
    assert "CA:FALSE" in text


@pytest.mark.parity("extension-order")
def test_the_extensions_stand_in_the_services_order(vault):
    extensions = parsed(finish(vault, policy=ec_policy(dns_names=["contoso.com"]))).extensions

    assert oids(extensions) == [
        OID.KEY_USAGE, OID.BASIC_CONSTRAINTS, OID.EXTENDED_KEY_USAGE, OID.SUBJECT_ALTERNATIVE_NAME,
        OID.AUTHORITY_KEY_IDENTIFIER, OID.SUBJECT_KEY_IDENTIFIER,
    ]  # fmt: skip
    assert [extension.critical for extension in extensions] == [True, False, False, False, False, False]


@pytest.mark.parity("csr")
def test_the_request_carries_what_the_certificate_will(vault, openssl):
    operation = vault.create_certificate("web", ec_policy("CN=contoso.com", **ALL_NAMES))
    vault.process_due()

    request = x509.load_der_x509_csr(operation.csr)
    certificate = parsed(vault.get_certificate("web"))
    assert oids(request.extensions) == [
        OID.KEY_USAGE, OID.EXTENDED_KEY_USAGE, OID.SUBJECT_ALTERNATIVE_NAME, OID.BASIC_CONSTRAINTS,
    ]  # fmt: skip
    for extension in request.extensions:
        assert certificate.extensions.get_extension_for_oid(extension.oid).value == extension.value
    assert request.subject == certificate.subject
    assert request.public_key() == certificate.public_key()
    openssl("req", "-inform", "DER", "-verify", "-noout", stdin=operation.csr)


@pytest.mark.parity("key-identifiers")
def test_key_identifiers_are_the_sha1_of_the_public_key_bits(vault):
    certificate = parsed(finish(vault))

    bits = certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    expected = hashlib.sha1(bits).digest()
    subject_key = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    authority_key = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert subject_key.digest == authority_key.key_identifier == expected
    assert (authority_key.authority_cert_issuer, authority_key.authority_cert_serial_number) == (None, None)


@pytest.mark.parity("serial")
def test_serial_numbers_are_positive_and_long_and_never_the_same(vault):
    serials = {parsed(finish(vault)).serial_number for _ in range(5)}

    assert len(serials) == 5
    assert all(0 < serial < 1 << 159 and serial.bit_length() > 64 for serial in serials)


@pytest.mark.parity("validity")
@pytest.mark.parametrize(
    ("now", "months", "end"),
    [
        ("2026-06-01T09:00:00Z", 12, "2027-06-01T09:00:00Z"),
        ("2027-01-31T10:00:00Z", 1, "2027-02-28T10:00:00Z"),
        ("2028-01-31T10:00:00Z", 1, "2028-02-29T10:00:00Z"),
        ("2028-02-29T00:05:00Z", 12, "2029-02-28T00:05:00Z"),
        ("2026-12-31T23:59:59Z", 2, "2027-02-28T23:59:59Z"),
        ("2049-12-31T23:59:59Z", 120, "2059-12-31T23:59:59Z"),
    ],
)
def test_validity_is_calendar_months_and_begins_ten_minutes_early(now, months, end):
    with Vault(clock=SimulatedClock(now)) as vault:
        certificate = parsed(finish(vault, policy=ec_policy(validity_months=months)))

    moment = datetime.fromisoformat(now)
    assert (moment - certificate.not_valid_before_utc).total_seconds() == 600
    assert certificate.not_valid_after_utc == datetime.fromisoformat(end)


@pytest.mark.parity("dates")
def test_the_answers_dates_are_the_certificates(vault, clock):
    bundle = finish(vault)

    assert bundle.attributes.nbf == int(parsed(bundle).not_valid_before_utc.timestamp())
    assert bundle.attributes.exp == int(parsed(bundle).not_valid_after_utc.timestamp())
    assert bundle.attributes.created == int(clock.now().timestamp())
    assert (
        base64.urlsafe_b64encode(hashlib.sha1(bundle.cer).digest()).rstrip(b"=").decode()
        == bundle.model_dump(mode="json")["x5t"]
    )


@pytest.mark.parity("key-types")
@pytest.mark.parametrize(
    ("properties", "size"),
    [
        ({"kty": "RSA"}, 2048),
        ({"kty": "RSA", "key_size": 3072}, 3072),
        ({"kty": "RSA", "key_size": 4096}, 4096),
        ({"kty": "RSA-HSM", "exportable": False}, 2048),
        ({"kty": "EC"}, "secp256r1"),
        ({"kty": "EC", "crv": "P-384"}, "secp384r1"),
        ({"kty": "EC", "key_size": 521}, "secp521r1"),
        ({"kty": "EC", "crv": "P-256K"}, "secp256k1"),
        ({"kty": "EC-HSM", "crv": "P-384"}, "secp384r1"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)
def test_every_key_type_is_made_and_its_request_verifies(vault, openssl, properties, size):
    operation = vault.create_certificate("web", CertificatePolicy.self_signed("CN=contoso.com", **properties))
    openssl("req", "-inform", "DER", "-verify", "-noout", stdin=operation.csr)
    vault.process_due()

    bundle = vault.get_certificate("web")
    key = parsed(bundle).public_key()
    if isinstance(size, int):
        assert isinstance(key, rsa.RSAPublicKey)
        assert (key.key_size, key.public_numbers().e) == (size, 65537)
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == size
    assert vault.get_key("web").key.kty == properties["kty"]
    assert bundle.policy.key_props.kty == properties["kty"]
    assert bundle.policy.key_props.key_size == (size if isinstance(size, int) else key.curve.key_size)


def test_openssl_verifies_a_self_signed_certificate_as_its_own_anchor(vault, openssl, tmp_path):
    file = tmp_path / "web.pem"
    file.write_text(
        parsed(finish(vault, policy=ec_policy(dns_names=["contoso.com"]))).public_bytes(Encoding.PEM).decode()
    )

    moment = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())
    openssl("verify", "-attime", moment, "-check_ss_sig", "-CAfile", file, file)
    assert "does match" in openssl("x509", "-in", file, "-noout", "-checkhost", "contoso.com").decode()


@pytest.mark.parity("key-usage-bits")
@pytest.mark.parametrize(
    ("usages", "bits"),
    [
        (["digitalSignature"], "030780"),
        (["keyCertSign", "cRLSign"], "030106"),
        (["decipherOnly"], "03070080"),
        (["encipherOnly"], "030001"),
        (["keyAgreement", "decipherOnly"], "03070880"),
        (["DigitalSignature", "crlSign"], "030182"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else value,
)
def test_key_usage_bits(vault, usages, bits):
    certificate = parsed(finish(vault, policy=ec_policy(key_usage=usages)))

    # Key usage is an OCTET STRING around a BIT STRING: 03, length, unused bits, octets.
    der = certificate.public_bytes(Encoding.DER)
    expected = bytes([0x04, len(bytes.fromhex(bits)) + 1, 0x03, len(bytes.fromhex(bits)) - 1, *bytes.fromhex(bits)[1:]])
    assert bytes.fromhex("0603551d0f0101ff") + expected in der


@pytest.mark.parity("empty-ekus")
def test_an_empty_list_leaves_the_extension_out(vault):
    bundle = finish(vault, policy=ec_policy(ekus=[], key_usage=[]))

    assert OID.EXTENDED_KEY_USAGE not in oids(parsed(bundle).extensions)
    assert OID.KEY_USAGE not in oids(parsed(bundle).extensions)
    assert bundle.policy.x509_props.ekus == bundle.policy.x509_props.key_usage == []


@pytest.mark.parity("ec-default-usage")
def test_an_ec_key_gets_no_key_encipherment_by_default(vault):
    usage = parsed(finish(vault)).extensions.get_extension_for_class(x509.KeyUsage).value

    assert (usage.digital_signature, usage.key_encipherment) == (True, False)


@pytest.mark.parity("san-critical")
def test_with_an_empty_subject_the_alternative_name_is_critical(vault):
    certificate = parsed(finish(vault, policy={
        "issuer": {"name": "Self"}, "key_props": {"kty": "EC"}, "x509_props": {"sans": {"ipAddresses": ["192.0.2.1"]}},
    }))  # fmt: skip

    assert list(certificate.subject) == []
    assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


@pytest.mark.parity("as-written")
@pytest.mark.parametrize(
    ("subject", "printed"),
    [
        ('CN=contoso.com, O="Contoso, Ltd", C=US', "CN=contoso.com,O=Contoso\\, Ltd,C=US"),
        ("CN=a+OU=b, O=c", "OU=b+CN=a,O=c"),
        ("cn=MyCert", "CN=MyCert"),
        ("1.2.840.113549.1.9.1=ada@contoso.com, CN=x", "emailAddress=ada@contoso.com,CN=x"),
        ("CN=Zürich", "CN=Z\\C3\\BCrich"),
    ],
)
def test_subjects_are_encoded_as_openssl_reads_them(vault, openssl, subject, printed):
    bundle = finish(vault, policy=ec_policy(subject))

    shown = openssl("x509", "-inform", "DER", "-noout", "-subject", "-nameopt", "RFC2253", stdin=bundle.cer).decode()
    assert shown.strip() == f"subject={printed}"
    assert bundle.policy.x509_props.subject == subject


@pytest.mark.parity("string-types")
def test_strings_are_printable_when_they_fit_and_utf8_else(vault):
    printable, starred = (
        parsed(finish(vault, policy=ec_policy(s))).public_bytes(Encoding.DER) for s in ("CN=abc", "CN=*.c")
    )

    assert bytes.fromhex("0603550403") + b"\x13\x03abc" in printable
    assert bytes.fromhex("0603550403") + b"\x0c\x03*.c" in starred


BAD = [
    ({"key_props": {"kty": "EC", "key_size": 2048}}, "policy.key_props.key_size"),
    ({"key_props": {"kty": "EC", "key_size": 256, "crv": "P-384"}}, "policy.key_props.key_size"),
    ({"key_props": {"kty": "RSA", "crv": "P-256"}}, "policy.key_props.crv"),
    ({"key_props": {"kty": "RSA", "key_size": 1024}}, "policy.key_props.key_size"),
    ({"key_props": {"kty": "oct"}}, "policy.key_props.kty"),
    ({"key_props": {"kty": "DSA"}}, "policy.key_props.kty"),
    ({"key_props": {"kty": "RSA-HSM", "exportable": True}}, "policy.key_props.exportable"),
    ({"key_props": {"key_size": "2048"}}, "policy.key_props.key_size"),
    ({"secret_props": {"contentType": "text/plain"}}, "policy.secret_props.contentType"),
    ({"x509_props": {"subject": "CN=a", "validity_months": 0}}, "policy.x509_props.validity_months"),
    ({"x509_props": {"subject": "CN=a", "validity_months": -1}}, "policy.x509_props.validity_months"),
    ({"x509_props": {"subject": "CN=a", "validity_months": 121}}, "policy.x509_props.validity_months"),
    ({"x509_props": {"subject": "CN=a", "validity_months": 10**30}}, "policy.x509_props.validity_months"),
    ({"x509_props": {"subject": "CN=a", "ekus": ["server"]}}, "policy.x509_props.ekus[0]"),
    ({"x509_props": {"subject": "CN=a", "key_usage": ["digitalSignature", "fly"]}}, "policy.x509_props.key_usage[1]"),
    ({"x509_props": {"subject": "CN=" + "a" * 198}}, "policy.x509_props.subject"),
    ({"x509_props": {}}, "policy.x509_props"),
    ({"x509_props": {"sans": {"dns_names": []}}}, "policy.x509_props"),
    ({"x509_props": {"sans": {"dns_names": ["a b"]}}}, "policy.x509_props.sans.dns_names[0]"),
    ({"x509_props": {"sans": {"ipAddresses": ["1.2.3.4", "1.2.3"]}}}, "policy.x509_props.sans.ipAddresses[1]"),
    ({"x509_props": {"sans": {"uris": ["no scheme"]}}}, "policy.x509_props.sans.uris[0]"),
    ({"x509_props": {"sans": {"emails": ["ada"]}}}, "policy.x509_props.sans.emails[0]"),
    ({"x509_props": {"sans": {"upns": [""]}}}, "policy.x509_props.sans.upns[0]"),
    ({"lifetime_actions": [{"trigger": {"lifetime_percentage": 0}, "action": {"action_type": "AutoRenew"}}]},
     "policy.lifetime_actions[0].trigger.lifetime_percentage"),
    ({"lifetime_actions": [{"trigger": {"lifetime_percentage": 100}, "action": {"action_type": "AutoRenew"}}]},
     "policy.lifetime_actions[0].trigger.lifetime_percentage"),
    ({"lifetime_actions": [{"trigger": {"days_before_expiry": 325}, "action": {"action_type": "AutoRenew"}}]},
     "policy.lifetime_actions[0].trigger.days_before_expiry"),
    ({"lifetime_actions": [{"trigger": {}, "action": {"action_type": "AutoRenew"}}]},
     "policy.lifetime_actions[0].trigger"),
    ({"lifetime_actions": [{"trigger": {"lifetime_percentage": 50}, "action": {"action_type": "Renew"}}]},
     "policy.lifetime_actions[0].action.action_type"),
    ({"lifetime_actions": [{"trigger": {"lifetime_percentage": 50}, "action": {"action_type": "AutoRenew"}}],
      "issuer": {"name": "Unknown"}}, "policy.lifetime_actions[0].action.action_type"),
    ({"issuer": {"name": "NoSuchCA"}}, "policy.issuer.name"),
    ({"issuer": {"name": 5}}, "policy.issuer.name"),
]  # fmt: skip


@pytest.mark.parity("policy-refusal-text", "validity-limit", "policy-limits")
@pytest.mark.parametrize(("change", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_a_policy_that_can_not_be_is_refused_and_nothing_is_left(vault, change, field):
    policy = {"issuer": {"name": "Self"}, "x509_props": {"subject": "CN=contoso.com"}} | change

    with pytest.raises(InvalidProperty) as refusal:
        vault.create_certificate("web", policy)

    assert (refusal.value.status, refusal.value.code, refusal.value.field) == (400, "BadParameter", field)
    assert field in refusal.value.message
    assert vault.get_certificates(include_pending=True) == []
    assert [event.kind for event in vault.events] == ["refused"]


@pytest.mark.parity("bad-subject")
@pytest.mark.parametrize("subject", ["contoso.com", "CN=a,,O=b", "CN=a, FOO=b", 'CN="a', "CN=a\\", "C=USA"])
def test_a_bad_subject_gets_the_services_words_and_a_pointer_to_the_character(vault, subject):
    with pytest.raises(InvalidSubject) as refusal:
        vault.create_certificate("web", ec_policy(subject))

    expected = "Property policy.x509_props has invalid value. Invalid X.500 distinguished name\r\n"
    assert refusal.value.message == expected
    assert 0 <= refusal.value.position <= len(subject)


@pytest.mark.parity("unknown-members")
def test_a_policy_pasted_as_json_text_works_and_unknown_members_are_noted(vault):
    text = (
        '{"issuer":{"name":"Self"},"key_props":{"kty":"EC"},"x509_props":{"subject":"CN=a","basic":1},"colour":"red"}'
    )

    vault.create_certificate("text", text)
    vault.create_certificate("dict", {**CertificatePolicy.model_validate_json(text).model_dump(), "colour": "red"})

    noted = [event.detail.get("ignored") for event in vault.events if event.kind == "create_certificate"]
    assert noted == [["policy.x509_props.basic", "policy.colour"], ["policy.colour"]]


def test_a_model_that_was_changed_after_it_was_made_is_checked_again_and_copied(vault):
    policy = ec_policy(dns_names=["contoso.com"])
    vault.create_certificate("web", policy)
    policy.x509_props.sans.dns_names.append("evil.example")
    assert vault.get_certificate_policy("web").x509_props.sans.dns_names == ["contoso.com"]

    policy.x509_props.validity_months = "12"
    with pytest.raises(InvalidProperty, match=r"policy\.x509_props\.validity_months"):
        vault.create_certificate("other", policy)


def test_text_that_is_not_unicode_is_refused(vault):
    """JSON can spell half of a surrogate pair, and Python's reader lets it through; no answer could hold it."""
    policy = {"issuer": {"name": "Self", "cty": "\ud800"}, "x509_props": {"subject": "CN=a"}}

    with pytest.raises(InvalidProperty, match="policy"):
        vault.create_certificate("web", policy)
    with pytest.raises(InvalidProperty, match="contacts"):
        vault.set_certificate_contacts([{"email": "a@b.c", "name": "\udfff"}])


@pytest.mark.parity("reserved-names", "names")
def test_no_name_or_a_bad_name_is_refused(vault):
    for name in ("", "a.b", "a b", "a/b", "ü", "a" * 128, "contacts", "issuers", "restore", None, 5):
        with pytest.raises(VaultError, match="invalid name"):
            vault.create_certificate(name, ec_policy())
