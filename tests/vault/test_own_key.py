"""Certificates and requests from a key of one's own: what the vault would make, and what is refused."""

from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from kvlab import CertificatePolicy, SimulatedClock, Vault
from kvlab.errors import InvalidProperty, InvalidSubject, UnreadableContainer, UnsupportedKey, VaultError, WrongPassword
from kvlab.vault.own_key import certificate_from_key, policy_for_key, request_from_key
from kvlab.x509.key import keys_match, private_key_from_scalar, private_key_pem

NOW = SimulatedClock("2026-08-31T09:00Z").now()
SUBJECT = "CN=contoso.com, O=Contoso"
KEYS = {
    "RSA 2048": rsa.generate_private_key(65537, 2048),
    "P-256": private_key_from_scalar("P-256", 5),
    "P-384": private_key_from_scalar("P-384", 5),
    "P-521": private_key_from_scalar("P-521", 5),
    "P-256K": private_key_from_scalar("P-256K", 5),
}
KEY = KEYS["P-256"]
POLICY = CertificatePolicy.self_signed(SUBJECT, dns_names=["contoso.com"], ip_addresses=["::1"], validity_months=6)


def extensions(thing):
    return [(entry.oid, entry.critical, entry.value) for entry in thing.extensions]


def make(key=KEY, policy=POLICY, **options):
    der = certificate_from_key(key, policy, **{"now": NOW, "serial_number": 42, **options})
    return x509.load_der_x509_certificate(der)


@pytest.mark.parametrize("name", KEYS)
def test_the_certificate_is_the_one_the_vault_makes(name):
    key = KEYS[name]
    certificate = make(key)
    props = policy_for_key(key, POLICY).policy.key_props
    with Vault(clock=SimulatedClock(NOW)) as vault:
        policy = POLICY.model_copy(update={"key_props": props})
        vault.create_certificate("web", policy)
        vault.process_due()
        theirs = x509.load_der_x509_certificate(vault.get_certificate("web").cer)

    assert keys_match(certificate, key)
    certificate.verify_directly_issued_by(certificate)
    ours = [certificate.subject, certificate.issuer, certificate.not_valid_before_utc, certificate.not_valid_after_utc]
    assert ours == [theirs.subject, theirs.issuer, theirs.not_valid_before_utc, theirs.not_valid_after_utc]
    without_keys = [x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier]
    assert [entry for entry in extensions(certificate) if type(entry[2]) not in without_keys] == [
        entry for entry in extensions(theirs) if type(entry[2]) not in without_keys
    ]


def test_validity_is_in_calendar_months_and_begins_ten_minutes_back():
    certificate = make()

    assert certificate.not_valid_before_utc == NOW - timedelta(minutes=10)
    assert certificate.not_valid_after_utc == NOW.replace(year=2027, month=2, day=28)
    assert certificate.serial_number == 42


def test_now_may_be_in_any_zone_and_have_microseconds():
    there = NOW.astimezone(timezone(timedelta(hours=5))).replace(microsecond=9)

    assert make(now=there).not_valid_after_utc == make().not_valid_after_utc


def test_the_request_carries_what_the_policy_asks_for():
    request = x509.load_der_x509_csr(request_from_key(KEY, POLICY))

    assert request.is_signature_valid
    assert keys_match(request, KEY)
    assert request.subject == make().subject
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["contoso.com"]
    assert request.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(False, None)


def test_deterministic_repeats_to_the_octet():
    again = [certificate_from_key(KEY, POLICY, now=NOW, serial_number=1, deterministic=True) for _ in "ab"]

    assert again[0] == again[1]
    assert request_from_key(KEY, POLICY, deterministic=True) == request_from_key(KEY, POLICY, deterministic=True)


FORMATS = {
    "PKCS#8 PEM": (Encoding.PEM, PrivateFormat.PKCS8, None),
    "PKCS#8 DER": (Encoding.DER, PrivateFormat.PKCS8, None),
    "PKCS#1 PEM": (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, None),
    "PKCS#1 DER": (Encoding.DER, PrivateFormat.TraditionalOpenSSL, None),
    "encrypted PKCS#8 PEM": (Encoding.PEM, PrivateFormat.PKCS8, "geheim"),
    "encrypted PKCS#8 DER": (Encoding.DER, PrivateFormat.PKCS8, "geheim"),
    "encrypted PKCS#1 PEM": (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, "geheim"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_key_may_be_a_file_in_any_format(name):
    encoding, form, password = FORMATS[name]
    protection = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    octets = KEYS["RSA 2048"].private_bytes(encoding, form, protection)

    assert keys_match(make(octets, password=password), KEYS["RSA 2048"])
    assert keys_match(x509.load_der_x509_csr(request_from_key(octets, POLICY, password=password)), KEYS["RSA 2048"])


@pytest.mark.parametrize(
    "policy",
    [
        {"x509_props": {"subject": SUBJECT}},
        '{"x509_props": {"subject": "CN=contoso.com, O=Contoso"}}',
        {"x509_props": {"subject": SUBJECT}, "issuer": {"name": "Unknown"}},
        {
            "x509_props": {"subject": SUBJECT},
            "issuer": {"name": "NoSuchIssuer"},
            "key_props": {"kty": "EC", "crv": "P-256"},
        },
        {"x509_props": {"subject": SUBJECT}, "key_props": {"kty": "EC-HSM", "key_size": 256}},
    ],
    ids=["mapping", "JSON", "manual", "an issuer", "HSM"],
)
def test_a_policy_may_come_in_any_form_and_its_issuer_does_not_count(policy):
    assert make(policy=policy).subject == make().subject


@pytest.mark.parametrize(
    ("key", "key_props", "field", "reason"),
    [
        ("P-256", {"kty": "RSA"}, "kty", "The key has kty EC, not RSA."),
        ("P-256", {"key_size": 384}, "key_size", "The key has key_size 256, not 384."),
        ("P-256", {"crv": "P-256K"}, "crv", "The key has crv P-256, not P-256K."),
        ("RSA 2048", {"kty": "EC"}, "kty", "The key has kty RSA, not EC."),
        ("RSA 2048", {"key_size": 4096}, "key_size", "The key has key_size 2048, not 4096."),
        ("RSA 2048", {"crv": "P-256"}, "crv", "The key has no crv, not P-256."),
    ],
)
def test_a_policy_that_contradicts_the_key_is_refused(key, key_props, field, reason):
    policy = {"key_props": key_props, "x509_props": {"subject": SUBJECT}}
    with pytest.raises(InvalidProperty) as refusal:
        make(KEYS[key], policy)
    with pytest.raises(InvalidProperty):
        request_from_key(KEYS[key], policy)

    assert refusal.value.field == f"policy.key_props.{field}"
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("props", "error", "field"),
    [
        ({"subject": "contoso.com"}, InvalidSubject, "policy.x509_props.subject"),
        ({}, InvalidProperty, "policy.x509_props"),
        ({"subject": "CN=x", "validity_months": 0}, InvalidProperty, "policy.x509_props.validity_months"),
        ({"subject": "CN=x", "validity_months": "12"}, InvalidProperty, "policy.x509_props.validity_months"),
        ({"subject": "CN=x", "sans": {"dns_names": ["a b"]}}, InvalidProperty, "policy.x509_props.sans.dns_names[0]"),
        ({"subject": "CN=x", "key_usage": ["sign"]}, InvalidProperty, "policy.x509_props.key_usage[0]"),
    ],
)
def test_a_policy_that_can_not_be_carried_out_is_refused(props, error, field):
    with pytest.raises(error) as refusal:
        make(policy={"x509_props": props})

    assert refusal.value.field == field


@pytest.mark.parametrize("serial_number", [0, -1, 1 << 159])
def test_a_serial_number_is_positive_and_has_at_most_20_octets(serial_number):
    with pytest.raises(InvalidProperty, match="serial_number"):
        make(serial_number=serial_number)


def test_a_year_after_9999_is_refused():
    with pytest.raises(VaultError, match="9999"):
        make(now=datetime.fromisoformat("9999-10-01T00:00Z"))


def test_keys_that_can_not_be_used_are_refused():
    encrypted = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim"))
    for password in (None, b"wrong"):
        with pytest.raises(WrongPassword) as refusal:
            make(encrypted, password=password)
        assert "wrong" not in str(refusal.value)
    with pytest.raises(UnreadableContainer):
        make(b"no key")
    with pytest.raises(UnsupportedKey):
        make(private_key_pem(ec.generate_private_key(ec.BrainpoolP256R1())).encode())
    with pytest.raises(UnsupportedKey):
        policy_for_key(rsa.generate_private_key(65537, 1024), POLICY)


def test_what_comes_out_can_be_imported():
    certificate = make()
    pem = private_key_pem(KEY) + certificate.public_bytes(Encoding.PEM).decode()
    with Vault(clock=SimulatedClock(NOW)) as vault:
        imported = vault.import_certificate("mine", pem)

    assert imported.cer == certificate.public_bytes(Encoding.DER)
