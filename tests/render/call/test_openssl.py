"""The openssl commands that are shown are run, and what they make is compared with what the vault makes."""

import os
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from kvlab import Vault
from kvlab.render.call.call import Call
from kvlab.render.call.openssl import openssl_text
from kvlab.x509.key import key_spec
from tests.render.call.scenario import FULL, HOSTILE
from tests.tool import tool
from tests.vault.make import ec_policy, finish, opened_pfx, parsed

POLICIES = {
    "EC": ec_policy().model_dump(mode="json"),
    "RSA": {"issuer": {"name": "Self"}, "key_props": {"kty": "RSA", "key_size": 3072}, "x509_props": {"subject": "CN=x"}},
    "P-521": {"issuer": {"name": "Self"}, "key_props": {"kty": "EC", "crv": "P-521"}, "x509_props": {"subject": "CN=x"}},
    "all names": FULL,
    "a hostile subject": HOSTILE,
    "no subject": {"issuer": {"name": "Self"}, "key_props": {"kty": "EC"}, "x509_props": {"sans": {"dns_names": ["a.b"]}}},
}  # fmt: skip


@pytest.fixture
def run(tmp_path):
    """Run a text with sh in a folder of its own; a secret is in the environment, where the text looks for it."""
    tool("openssl")

    def run(text):
        done = subprocess.run(
            ["sh", "-e", "-c", text], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
            env=os.environ | {"PFX_PASSWORD": "hush"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.folder = tmp_path
    return run


def extensions(certificate):
    """By OID; what must differ (identifiers of the other key) by its form only."""
    hidden = (x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier)
    return {
        extension.oid.dotted_string: (
            extension.critical,
            type(extension.value) if isinstance(extension.value, hidden) else extension.value,
        )
        for extension in certificate.extensions
    }


@pytest.mark.parametrize("case", POLICIES)
def test_a_self_signed_certificate_is_the_same_but_for_its_key(case, run):
    policy = POLICIES[case]
    vault = Vault(clock="simulated")
    ours = parsed(finish(vault, "web", policy))

    run(openssl_text(Call.of("create_certificate", "web", policy=policy)))

    theirs = x509.load_pem_x509_certificate((run.folder / "web.pem").read_bytes())
    key = load_pem_private_key((run.folder / "web.key").read_bytes(), None)
    assert theirs.subject == ours.subject == theirs.issuer
    assert extensions(theirs) == extensions(ours)
    assert key_spec(theirs.public_key()) == key_spec(ours.public_key())
    assert key.public_key() == theirs.public_key()
    months = (policy["x509_props"].get("validity_months") or 12) / 12
    assert abs((theirs.not_valid_after_utc - theirs.not_valid_before_utc).days - 365 * months) <= 1


def test_a_request_asks_for_the_same_and_is_signed_verified_and_merged(run):
    policy = {**FULL, "issuer": {"name": "Unknown"}, "lifetime_actions": None}
    vault = Vault()
    ours = x509.load_der_x509_csr(vault.create_certificate("web", policy).csr)

    run(openssl_text(Call.of("create_certificate", "web", policy=policy)))

    theirs = x509.load_pem_x509_csr((run.folder / "web.csr").read_bytes())
    assert theirs.subject == ours.subject
    assert extensions(theirs) == extensions(ours)
    assert key_spec(theirs.public_key()) == key_spec(ours.public_key())

    (run.folder / "web.csr").write_bytes(ours.public_bytes(Encoding.PEM))
    run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout ca.key -out ca.pem -subj /CN=CA -days 9"
    )
    run(openssl_text(Call.of("merge_certificate", "web", x5c=[b""])))
    merged = vault.merge_certificate("web", (run.folder / "web.pem").read_bytes())
    got = parsed(merged)
    wanted = x509.SubjectAlternativeName
    assert got.extensions.get_extension_for_class(wanted) == ours.extensions.get_extension_for_class(wanted)
    assert got.issuer.rfc4514_string() == "CN=CA"


@pytest.mark.parametrize("kind", ["pfx", "pem"])
def test_a_file_to_import_is_made_and_looked_into(kind, run):
    run(openssl_text(Call.of("create_certificate", "web", policy=POLICIES["EC"])))
    (run.folder / "web.cer").write_bytes((run.folder / "web.pem").read_bytes())
    options = (
        {"pwd": "hush"} if kind == "pfx" else {"policy": {"secret_props": {"contentType": "application/x-pem-file"}}}
    )

    shown = run(openssl_text(Call.of("import_certificate", "web", value=b"", **options)))

    assert "Subject: CN = contoso.com" in shown
    bundle = Vault().import_certificate("web", (run.folder / f"web.{kind}").read_bytes(), **options)
    assert parsed(bundle) == x509.load_pem_x509_certificate((run.folder / "web.cer").read_bytes())


def test_what_the_vault_answers_is_looked_into(run):
    vault = Vault(clock="simulated")
    bundle = finish(vault, "web")
    (run.folder / "web.cer").write_bytes(bundle.cer)
    (run.folder / "web.csr").write_bytes(vault.get_certificate_operation("web").csr)
    import base64

    (run.folder / "web.pfx").write_bytes(base64.b64decode(vault.get_secret("web").value))

    for operation in ("get_certificate", "get_certificate_operation", "get_secret"):
        assert "Subject: CN = contoso.com" in run(openssl_text(Call.of(operation, "web")))
    assert opened_pfx(vault.get_secret("web"))[1] == parsed(bundle)


@pytest.mark.parametrize("alg", ["RS256", "PS384", "ES256"])
def test_a_key_is_made_and_signs_and_verifies(alg, run):
    given = {"kty": "EC", "crv": "P-256"} if alg.startswith("ES") else {"kty": "RSA", "key_size": 2048}
    size = int(alg[2:]) // 8
    digest = bytes(range(size))

    run(openssl_text(Call.of("create_key", "web", **given)))
    run(openssl_text(Call.of("sign", "web", alg=alg, value=digest)))

    key = load_pem_private_key((run.folder / "web.key").read_bytes(), None)
    signature = (run.folder / "signature.bin").read_bytes()
    if alg.startswith("ES"):
        key.public_key().verify(signature, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        assert openssl_text(Call.of("verify", "web", alg=alg, digest=digest, value=signature)) == ""
        return
    (run.folder / "web.pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert "Verified Successfully" in run(
        openssl_text(Call.of("verify", "web", alg=alg, digest=digest, value=signature))
    )


@pytest.mark.parametrize("alg", ["RSA1_5", "RSA-OAEP", "RSA-OAEP-256"])
def test_what_is_encrypted_with_a_key_of_the_vault_is_decrypted_by_it(alg, run):
    vault = Vault()
    vault.create_key("web", "RSA", key_size=2048)
    from kvlab.x509.jwk import public_key_from_jwk

    public = public_key_from_jwk(vault.get_key("web").key.model_dump(mode="json"))
    (run.folder / "web.pub").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (run.folder / "plaintext.bin").write_bytes(b"what nobody may read")

    run(openssl_text(Call.of("encrypt", "web", alg=alg, value=b"")))

    assert vault.decrypt("web", alg, (run.folder / "ciphertext.bin").read_bytes()).value == b"what nobody may read"
