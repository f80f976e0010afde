"""Imports that are refused: nothing changes, nothing secret is told."""

import base64
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.errors import (
    ExpiredCertificate,
    InvalidProperty,
    PublicKeyMismatch,
    UnreadablePem,
    UnreadablePfx,
    VaultError,
)
from tests.tool import tool
from tests.vault.make import (
    ec_key,
    finish,
    pem_file,
    pem_of,
    pfx_file,
    pkcs8_pem,
    rsa_key,
    self_signed,
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


@pytest.mark.parity(
    "import-pfx-words",
    "import-mismatch-words",
    "import-expired",
    "import-key-types",
    "import-contradiction",
    "import-password",
    "import-size",
)
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


def test_a_key_for_rsassa_pss_alone_is_refused(vault, tmp_path):
    """Kept as an ordinary RSA key it no longer fits its certificate, and no server can load the secret."""
    key, leaf = tmp_path / "key.pem", tmp_path / "leaf.pem"
    subprocess.run(
        [tool("openssl"), "req", "-x509", "-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048", "-nodes",
         "-keyout", key, "-out", leaf, "-subj", "/CN=pss"], check=True, capture_output=True,
    )  # fmt: skip

    with pytest.raises(PublicKeyMismatch):
        vault.import_certificate("web", key.read_text() + leaf.read_text())
    assert vault.get_certificates(include_pending=True) == []
