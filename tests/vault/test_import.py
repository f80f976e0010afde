"""Importing: what the service takes, what it infers, what it refuses; a refusal leaves nothing behind."""

import base64
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kvlab.errors import (
    ExpiredCertificate,
    InvalidProperty,
    PublicKeyMismatch,
    UnreadablePem,
    UnreadablePfx,
    VaultError,
)
from tests.vault.make import (
    OutsideCA,
    ec_key,
    ec_policy,
    finish,
    opened_pfx,
    pem_file,
    pem_of,
    pfx_file,
    pkcs8_der,
    pkcs8_pem,
    rsa_key,
    self_signed,
    spki,
)

PEM = {"secret_props": {"contentType": "application/x-pem-file"}}
PFX = {"secret_props": {"contentType": "application/x-pkcs12"}}
START = datetime(2026, 6, 1, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture
def key():
    return ec_key()


@pytest.fixture
def leaf(key):
    return self_signed(key)


def of_key(der):
    return spki(x509.load_der_x509_certificate(der).public_key())


def test_openssl_makes_a_pfx_and_gets_the_same_key_and_chain_back(vault, openssl, tmp_path):
    key, crt, pfx = (tmp_path / name for name in ("web.key", "web.crt", "web.pfx"))
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", crt, "-days", "3650",
            "-subj", "/C=AU/ST=Some-State/O=Internet Widgits Pty Ltd")  # fmt: skip
    openssl("pkcs12", "-export", "-inkey", key, "-in", crt, "-out", pfx, "-passout", f"pass:{PASSWORD}")

    bundle = vault.import_certificate("web", base64.b64encode(pfx.read_bytes()).decode(), pwd=PASSWORD)

    assert bundle.policy.x509_props.subject == "O=Internet Widgits Pty Ltd, S=Some-State, C=AU"
    assert bundle.pending is None
    out = tmp_path / "out.pfx"
    out.write_bytes(base64.b64decode(vault.get_secret("web").value))
    shown = openssl("pkcs12", "-in", out, "-passin", "pass:", "-nodes")
    assert openssl("pkey", "-pubout", stdin=shown) == openssl("pkey", "-in", key, "-pubout")
    assert openssl("x509", stdin=shown) == openssl("x509", "-in", crt)


@pytest.mark.parametrize("arguments", [
    ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"),
    ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-RC2-40", "-macalg", "sha1", "-legacy"),
    ("-keypbe", "AES-256-CBC", "-certpbe", "AES-256-CBC", "-macalg", "sha256"),
    ("-keypbe", "NONE", "-certpbe", "NONE"),
], ids=["3DES", "RC2", "AES", "none"])  # fmt: skip
def test_modern_and_legacy_pfx_are_read(vault, openssl, tmp_path, key, leaf, arguments):
    source, pfx = tmp_path / "all.pem", tmp_path / "web.pfx"
    source.write_text(pem_file(key, leaf))
    openssl("pkcs12", "-export", "-in", source, "-out", pfx, "-passout", "pass:pw", *arguments)

    assert vault.import_certificate("web", pfx.read_bytes(), pwd="pw").cer == leaf


@pytest.mark.parametrize("password", [None, ""], ids=["absent", "empty"])
def test_a_pfx_without_password_needs_none(vault, key, leaf, password):
    assert vault.import_certificate("web", pfx_file(key, leaf), pwd=password).cer == leaf


@pytest.mark.parametrize("form", ["text", "octets", "base64", "CRLF", "certificate first", "encrypted"])
def test_pem_is_read_in_every_form_of_the_clients(vault, key, leaf, form):
    text = pem_file(key, leaf)
    value = {
        "text": text,
        "octets": text.encode(),
        "base64": base64.b64encode(text.encode()).decode(),
        "CRLF": None,
        "certificate first": pem_of(leaf) + pkcs8_pem(key),
        "encrypted": pkcs8_pem(key, PASSWORD.encode()) + pem_of(leaf),
    }[form]
    if form == "CRLF":
        with pytest.raises(UnreadablePem):
            vault.import_certificate("web", text.replace("\n", "\r\n"), policy=PEM)
        return

    bundle = vault.import_certificate("web", value, pwd=PASSWORD if form == "encrypted" else None, policy=PEM)

    assert bundle.cer == leaf
    assert vault.get_secret("web").value == text


def test_with_no_policy_anywhere_the_content_decides(vault, key, leaf):
    assert vault.import_certificate("pem", pem_file(key, leaf)).policy.secret_props.content_type == PEM["secret_props"]["contentType"]
    assert vault.import_certificate("pfx", pfx_file(key, leaf)).policy.secret_props.content_type == PFX["secret_props"]["contentType"]


def test_the_stored_policy_decides_how_the_next_import_is_read(vault, key, leaf):
    vault.import_certificate("pem", pem_file(key, leaf))
    vault.import_certificate("pfx", pfx_file(key, leaf))

    with pytest.raises(UnreadablePem):
        vault.import_certificate("pem", pfx_file(key, leaf))
    with pytest.raises(UnreadablePfx):
        vault.import_certificate("pfx", pem_file(key, leaf))
    assert vault.import_certificate("pfx", pem_file(key, leaf), policy=PEM).cer == leaf


@pytest.mark.parametrize(
    ("make", "form", "label"),
    [
        (rsa_key, PrivateFormat.TraditionalOpenSSL, "RSA PRIVATE KEY"),
        (ec_key, PrivateFormat.TraditionalOpenSSL, "EC PRIVATE KEY"),
    ],
    ids=["PKCS#1", "SEC1"],
)
def test_old_key_formats_are_refused_and_the_hint_converts_them(vault, openssl, tmp_path, make, form, label):
    key = make()
    leaf = self_signed(key)
    old = tmp_path / "OLD.pem"
    old.write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))

    with pytest.raises(UnreadablePem) as refusal:
        vault.import_certificate("web", old.read_text() + pem_of(leaf), policy=PEM)

    assert label in refusal.value.hint
    command = refusal.value.hint.partition("openssl ")[2].replace("OLD.pem", str(old)).replace("NEW.pem", str(tmp_path / "new"))
    openssl(*command.split())
    assert vault.import_certificate("web", (tmp_path / "new").read_text() + pem_of(leaf), policy=PEM).cer == leaf


def test_the_policy_inferred_when_none_is_given(vault, clock, key):
    names = [x509.DNSName("a.example")]
    leaf = self_signed(key, extensions=[(x509.SubjectAlternativeName(names), False)])

    policy = vault.import_certificate("web", pfx_file(key, leaf)).policy.model_dump(mode="json")

    now = int(clock.now().timestamp())
    assert policy == {
        "id": "https://kvlab.vault.azure.net/certificates/web/policy",
        "key_props": {"exportable": True, "kty": "EC", "key_size": 256, "reuse_key": False, "crv": "P-256"},
        "secret_props": {"contentType": "application/x-pkcs12"},
        "x509_props": {
            "subject": "CN=import.contoso.com",
            "sans": {"emails": [], "dns_names": ["a.example"], "upns": []},
            "ekus": [],
            "key_usage": [],
            "validity_months": 12,
            "basic_constraints": {"ca": False},
        },
        "lifetime_actions": [
            {"trigger": {"lifetime_percentage": 80}, "action": {"action_type": "EmailContacts"}},
        ],
        "issuer": {"name": "Unknown"},
        "attributes": {"enabled": True, "created": now, "updated": now},
    }


@pytest.mark.parametrize(
    ("span", "months"),
    [
        (timedelta(days=365), 12), (timedelta(days=365, minutes=10), 13), (timedelta(days=265), 9),
        (timedelta(days=1825), 60), (timedelta(days=3650), 120), (timedelta(days=36500), 1200), (timedelta(hours=12), 1),
    ],
    ids=str,
)  # fmt: skip
def test_a_begun_month_of_validity_counts(vault, key, span, months):
    begin = datetime(2022, 3, 7, 11, 0, tzinfo=UTC) if span.days > 2000 else START
    leaf = self_signed(key, start=begin, days=span / timedelta(days=1))

    assert vault.import_certificate("web", pfx_file(key, leaf)).policy.x509_props.validity_months == months


def test_a_certificate_without_expiration_date_can_be_imported(vault, key):
    """RFC 5280 section 4.1.2.5: 99991231235959Z says that there is no well-defined expiration date."""
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    leaf = self_signed(key, days=(end - START) / timedelta(days=1))

    assert vault.import_certificate("web", pfx_file(key, leaf)).attributes.exp == int(end.timestamp())


def test_x509_props_come_from_the_certificate_and_the_rest_from_the_given_policy(vault, key, leaf):
    wish = {
        "key_props": {"exportable": False, "reuse_key": True},
        "issuer": {"name": "Self"},
        "x509_props": {"subject": "not even a name", "validity_months": 7, "key_usage": ["cRLSign"]},
    }

    policy = vault.import_certificate("web", pfx_file(key, leaf), policy=wish).policy

    assert (policy.key_props.exportable, policy.key_props.reuse_key, policy.issuer.name) == (False, True, "Self")
    assert (policy.x509_props.subject, policy.x509_props.validity_months) == ("CN=import.contoso.com", 12)
    assert policy.lifetime_actions[0].action.action_type == "AutoRenew"
    assert opened_pfx(vault.get_secret("web"))[0] is None


def test_the_policy_of_an_imported_long_lived_certificate_can_still_be_changed(vault, key):
    vault.import_certificate("web", pfx_file(key, self_signed(key, days=36500)))

    policy = vault.update_certificate_policy("web", {"key_props": {"reuse_key": True}})

    assert (policy.key_props.reuse_key, policy.x509_props.validity_months) == (True, 1200)
    with pytest.raises(InvalidProperty, match="validity_months"):
        vault.update_certificate_policy("web", {"x509_props": {"validity_months": 1201}})


def test_an_imported_certificate_is_renewed_by_its_inferred_policy(vault, key):
    extensions = [
        (x509.SubjectAlternativeName([x509.DNSName("a.example"), x509.RFC822Name("a@a.example")]), False),
        (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING]), False),
    ]
    vault.import_certificate("web", pfx_file(key, self_signed(key, extensions=extensions)), policy={"issuer": {"name": "self"}})

    vault.create_certificate("web")
    vault.process_due()

    renewed = x509.load_der_x509_certificate(vault.get_certificate("web").cer)
    assert renewed.public_key() != key.public_key()
    for extension, _ in extensions:
        assert set(renewed.extensions.get_extension_for_class(type(extension)).value) == set(extension)
    assert len(vault.get_certificate_versions("web")) == 2


@pytest.mark.parametrize("preserve", [False, True])
def test_the_chain_is_kept_leaf_first_unless_the_order_is_to_be_preserved(vault, preserve):
    ca, key = OutsideCA(), ec_key()
    leaf = ca.leaf(key.public_key())
    mixed = pkcs8_pem(key) + pem_of(ca.root) + pem_of(ca.intermediate) + pem_of(leaf)

    bundle = vault.import_certificate("web", mixed, policy=PEM, preserve_cert_order=preserve)

    order = (ca.root, ca.intermediate, leaf) if preserve else (leaf, ca.intermediate, ca.root)
    assert bundle.cer == leaf
    assert vault.get_secret("web").value == pkcs8_pem(key) + "".join(map(pem_of, order))


def test_an_import_adds_a_version_and_takes_an_old_operation_away(vault, key, leaf):
    finish(vault, "web")

    bundle = vault.import_certificate("web", pfx_file(key, leaf), tags={"a": "b"}, attributes={"enabled": False})

    assert (bundle.tags, bundle.attributes.enabled, bundle.pending) == ({"a": "b"}, False, None)
    assert len(vault.get_certificate_versions("web")) == 2
    with pytest.raises(VaultError) as refusal:
        vault.get_certificate_operation("web")
    assert refusal.value.code == "PendingCertificateNotFound"


def ed25519_file():
    key = ed25519.Ed25519PrivateKey.generate()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ed")])
    leaf = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(START).not_valid_after(START + timedelta(days=9)).sign(key, None)
    )  # fmt: skip
    return pem_file(key, leaf.public_bytes(Encoding.DER))


def weak_rsa_file():
    key = rsa_key(1024)
    return pem_file(key, self_signed(key))


def p224_file():
    key = ec.generate_private_key(ec.SECP224R1())
    return pem_file(key, self_signed(key))


def dsa_file():
    key = dsa.generate_private_key(1024)
    return pkcs8_pem(key) + pem_of(self_signed(ec_key()))


def refusals():
    """(id, expected error, keyword arguments) of imports that must fail."""
    key, other = ec_key(), ec_key()
    leaf = self_signed(key)
    pfx = pfx_file(key, leaf, password=PASSWORD.encode())
    expired = self_signed(key, start=START - timedelta(days=9), days=8)
    return [
        ("wrong password", UnreadablePfx, {"value": pfx, "pwd": "wrong " + PASSWORD}),
        ("missing password", UnreadablePfx, {"value": pfx}),
        ("truncated PFX", UnreadablePfx, {"value": pfx[:-20], "pwd": PASSWORD}),
        ("half a PFX", UnreadablePfx, {"value": pfx[: len(pfx) // 2], "pwd": PASSWORD}),
        ("altered PFX", UnreadablePfx, {"value": pfx[:200] + b"\x55" + pfx[201:], "pwd": PASSWORD}),
        ("empty", UnreadablePfx, {"value": b""}),
        ("PFX without key", UnreadablePfx, {"value": pfx_file(None, leaf)}),
        ("PEM without key", UnreadablePem, {"value": pem_of(leaf)}),
        ("PEM without certificate", UnreadablePem, {"value": pkcs8_pem(key)}),
        ("several keys", UnreadablePem, {"value": pkcs8_pem(other) + pem_file(key, leaf)}),
        ("mixed PEM", PublicKeyMismatch, {"value": pem_file(other, leaf)}),
        ("encrypted PEM, no pwd", UnreadablePem, {"value": pkcs8_pem(key, PASSWORD.encode()) + pem_of(leaf)}),
        ("encrypted PEM, wrong pwd", UnreadablePem,
         {"value": pkcs8_pem(key, PASSWORD.encode()) + pem_of(leaf), "pwd": "wrong " + PASSWORD}),
        ("expired", ExpiredCertificate, {"value": pfx_file(key, expired)}),
        ("expired PEM", ExpiredCertificate, {"value": pem_file(key, expired)}),
        ("Ed25519", InvalidProperty, {"value": ed25519_file()}),
        ("RSA 1024", InvalidProperty, {"value": weak_rsa_file()}),
        ("P-224", InvalidProperty, {"value": p224_file()}),
        ("DSA", InvalidProperty, {"value": dsa_file()}),
        ("bad base64", InvalidProperty, {"value": "***"}),
        ("base64 of noise", UnreadablePfx, {"value": base64.b64encode(bytes(range(256))).decode()}),
        ("5 MB of zeros", UnreadablePfx, {"value": bytes(5_000_000)}),
        ("5 MB of nesting", UnreadablePfx, {"value": b"\x30\x80" * 2_500_000}),
        ("5 MB of PEM", UnreadablePem, {"value": "-----BEGIN CERTIFICATE-----\n" * 170_000}),
        ("10 MB", InvalidProperty, {"value": bytes(10_000_000)}),
        ("wrong type", InvalidProperty, {"value": 5}),
        ("lone surrogate", InvalidProperty, {"value": "-----BEGIN \ud800"}),
        ("surrogate password", InvalidProperty, {"value": pfx, "pwd": "\ud800"}),
        ("long password", InvalidProperty, {"value": pfx, "pwd": "p" * 201}),
        ("password of a wrong type", InvalidProperty, {"value": pfx, "pwd": 5}),
        ("other key type", InvalidProperty, {"value": pem_file(key, leaf), "policy": {"key_props": {"kty": "RSA"}}}),
        ("other key size", InvalidProperty, {"value": pem_file(key, leaf), "policy": {"key_props": {"key_size": 384}}}),
        ("other curve", InvalidProperty, {"value": pem_file(key, leaf), "policy": {"key_props": {"crv": "P-384"}}}),
        ("unknown issuer", InvalidProperty, {"value": pem_file(key, leaf), "policy": {"issuer": {"name": "NoCA"}}}),
        ("AutoRenew of Unknown", InvalidProperty, {"value": pem_file(key, leaf), "policy": {"lifetime_actions": [
            {"trigger": {"lifetime_percentage": 50}, "action": {"action_type": "AutoRenew"}}]}}),
        ("bad tags", InvalidProperty, {"value": pem_file(key, leaf), "tags": {"a": 5}}),
        ("a bad name", VaultError, {"value": pem_file(key, leaf), "name": "a.b"}),
    ]  # fmt: skip


REFUSALS = refusals()


@pytest.mark.parametrize(("expected", "arguments"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
def test_a_refused_import_changes_nothing_and_tells_no_secret(vault, expected, arguments):
    finish(vault, "before")
    store = vault._core.store

    def state():
        with store.read() as connection:
            keys = connection.exec_driver_sql("SELECT count(*) FROM key").scalar()
        return keys, vault.get_certificates(include_pending=True), vault.get_keys(), vault.get_secrets()

    before, events = state(), len(vault.events)

    with pytest.raises(expected) as refusal:
        vault.import_certificate(arguments.get("name", "web"), **{k: v for k, v in arguments.items() if k != "name"})

    assert refusal.value.status == 400
    assert state() == before
    assert [event.kind for event in vault.events][events:] == ["refused"]
    told = f"{refusal.value!r}{refusal.value}{refusal.value.facts}{list(vault.events)[-1]}"
    assert PASSWORD not in told
    assert "PRIVATE KEY-----" not in told


def test_a_pfx_with_a_huge_iteration_count_is_refused_at_once(vault, openssl, tmp_path, key, leaf):
    source, pfx = tmp_path / "all.pem", tmp_path / "web.pfx"
    source.write_text(pem_file(key, leaf))
    # 70 000 is an INTEGER of three octets, as 8 388 607 is.
    openssl("pkcs12", "-export", "-in", source, "-out", pfx, "-passout", "pass:pw", "-iter", "70000")
    many = bytes.fromhex("0203011170")
    assert pfx.read_bytes().count(many) >= 2
    assert vault.import_certificate("fine", pfx.read_bytes(), pwd="pw").cer == leaf
    bomb = pfx.read_bytes().replace(many, bytes.fromhex("02037fffff"))

    started = time.perf_counter()
    with pytest.raises(UnreadablePfx, match="hashed"):
        vault.import_certificate("web", bomb, pwd="pw")
    assert time.perf_counter() - started < 1


def test_no_plaintext_key_and_no_password_stay_in_memory_of_the_store(vault, key, leaf):
    vault.import_certificate("web", pfx_file(key, leaf, password=PASSWORD.encode()), pwd=PASSWORD)

    with vault._core.store.read() as connection:
        dump = "".join(connection.connection.dbapi_connection.iterdump()).lower()
    assert pkcs8_der(key).hex() not in dump
    assert PASSWORD.encode().hex() not in dump
    assert PASSWORD not in dump
