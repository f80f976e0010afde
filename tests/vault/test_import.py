"""Importing: what the service takes, what it infers, what it refuses; a refusal leaves nothing behind."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kvlab.errors import (
    InvalidProperty,
    UnreadablePem,
    UnreadablePfx,
    VaultError,
)
from kvlab.x509.pfx import write_pfx
from tests.vault.make import (
    OutsideCA,
    ec_key,
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


@pytest.mark.parity("import_certificate", "import-subject")
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


@pytest.mark.parity("import-pfx")
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


@pytest.mark.parity("import-password", "import-no-password")
@pytest.mark.parametrize("password", [None, ""], ids=["absent", "empty"])
def test_a_pfx_without_password_needs_none(vault, key, leaf, password):
    assert vault.import_certificate("web", pfx_file(key, leaf), pwd=password).cer == leaf


@pytest.mark.parity("import-encodings", "import-encrypted-pem")
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


@pytest.mark.parity("pem-no-policy")
def test_with_no_policy_anywhere_the_content_decides(vault, key, leaf):
    assert (
        vault.import_certificate("pem", pem_file(key, leaf)).policy.secret_props.content_type
        == PEM["secret_props"]["contentType"]
    )
    assert (
        vault.import_certificate("pfx", pfx_file(key, leaf)).policy.secret_props.content_type
        == PFX["secret_props"]["contentType"]
    )


@pytest.mark.parity("import-stored-policy")
def test_the_stored_policy_decides_how_the_next_import_is_read(vault, key, leaf):
    vault.import_certificate("pem", pem_file(key, leaf))
    vault.import_certificate("pfx", pfx_file(key, leaf))

    with pytest.raises(UnreadablePem):
        vault.import_certificate("pem", pfx_file(key, leaf))
    with pytest.raises(UnreadablePfx):
        vault.import_certificate("pfx", pem_file(key, leaf))
    assert vault.import_certificate("pfx", pem_file(key, leaf), policy=PEM).cer == leaf


@pytest.mark.parity("import-pem", "import-pem-words")
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
    command = (
        refusal.value.hint.partition("openssl ")[2]
        .replace("OLD.pem", str(old))
        .replace("NEW.pem", str(tmp_path / "new"))
    )
    openssl(*command.split())
    assert vault.import_certificate("web", (tmp_path / "new").read_text() + pem_of(leaf), policy=PEM).cer == leaf


@pytest.mark.parity("import-policy", "import-names")
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


@pytest.mark.parity("import-months")
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


@pytest.mark.parity("import-given-policy")
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
    vault.import_certificate(
        "web", pfx_file(key, self_signed(key, extensions=extensions)), policy={"issuer": {"name": "self"}}
    )

    vault.create_certificate("web")
    vault.process_due()

    renewed = x509.load_der_x509_certificate(vault.get_certificate("web").cer)
    assert renewed.public_key() != key.public_key()
    for extension, _ in extensions:
        assert set(renewed.extensions.get_extension_for_class(type(extension)).value) == set(extension)
    assert len(vault.get_certificate_versions("web")) == 2


@pytest.mark.parity("import-chain")
@pytest.mark.parametrize("form", ["PEM", "PFX"])
@pytest.mark.parametrize("preserve", [False, True])
def test_the_chain_is_kept_leaf_first_unless_the_order_is_to_be_preserved(vault, preserve, form):
    ca, key = OutsideCA(), ec_key()
    leaf = ca.leaf(key.public_key())
    mixed = [ca.root, ca.intermediate, leaf]
    file = write_pfx(key, mixed, salt=bytes(16)) if form == "PFX" else pem_file(key, *mixed)

    bundle = vault.import_certificate("web", file, preserve_cert_order=preserve)

    assert bundle.cer == leaf
    shown = vault.get_secret("web", out_content_type="application/x-pem-file" if form == "PFX" else None).value
    assert shown == pem_file(key, *(mixed if preserve else reversed(mixed)))


@pytest.mark.parity("import-replaces", "import-version")
def test_an_import_adds_a_version_and_takes_an_old_operation_away(vault, key, leaf):
    finish(vault, "web")

    bundle = vault.import_certificate("web", pfx_file(key, leaf), tags={"a": "b"}, attributes={"enabled": False})

    assert (bundle.tags, bundle.attributes.enabled, bundle.pending) == ({"a": "b"}, False, None)
    assert len(vault.get_certificate_versions("web")) == 2
    with pytest.raises(VaultError) as refusal:
        vault.get_certificate_operation("web")
    assert refusal.value.code == "PendingCertificateNotFound"


def test_no_plaintext_key_and_no_password_stay_in_memory_of_the_store(vault, key, leaf):
    vault.import_certificate("web", pfx_file(key, leaf, password=PASSWORD.encode()), pwd=PASSWORD)

    with vault._core.store.read() as connection:
        dump = "".join(connection.connection.dbapi_connection.iterdump()).lower()
    assert pkcs8_der(key).hex() not in dump
    assert PASSWORD.encode().hex() not in dump
    assert PASSWORD not in dump
