"""Keys and secrets that no certificate manages: imported, backed up, restored."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from kvlab import Vault
from kvlab.errors import (
    CorruptBackup,
    InvalidName,
    InvalidProperty,
    KeyNotFound,
    ManagedKey,
    ManagedSecret,
    NameDeleted,
    RestoreConflict,
    SecretNotFound,
    VaultError,
)
from tests.vault.make import digest, ec_key, finish, rsa_key


def b64url(number):
    octets = number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def jwk_of(key):
    """A private key as a client sends it."""
    numbers = key.private_numbers()
    public = numbers.public_numbers
    if isinstance(key, ec.EllipticCurvePrivateKey):
        crv = {"secp256r1": "P-256", "secp256k1": "P-256K"}[key.curve.name]
        return {
            "kty": "EC",
            "crv": crv,
            "x": b64url(public.x),
            "y": b64url(public.y),
            "d": b64url(numbers.private_value),
        }
    names = {"d": numbers.d, "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp, "p": numbers.p, "q": numbers.q}
    return {"kty": "RSA", **{name: b64url(value) for name, value in {"n": public.n, "e": public.e, **names}.items()}}


@pytest.fixture(scope="module")
def rsa():
    return rsa_key()


@pytest.mark.parity("import-key", "import_key")
def test_an_imported_rsa_key_signs_as_the_key_it_is(vault, rsa):
    members = {**jwk_of(rsa), "key_ops": ["sign", "verify"]}

    bundle = vault.import_key("k", members, tags={"a": "b"}, attributes={"exp": 2_000_000_000})

    shown = bundle.model_dump(mode="json")
    assert list(shown) == ["key", "attributes", "tags"]
    assert shown["key"] == {
        "kid": bundle.key.kid, "kty": "RSA", "key_ops": ["sign", "verify"], "n": members["n"], "e": "AQAB",
    }  # fmt: skip
    assert (shown["tags"], shown["attributes"]["exp"]) == ({"a": "b"}, 2_000_000_000)
    signature = vault.sign("k", "RS256", digest()).value
    rsa.public_key().verify(signature, b"what is signed", padding.PKCS1v15(), SHA256())
    event = next(iter(vault.events))
    assert (event.kind, event.detail["key_type"], event.detail["request"]["hidden"]) == ("import_key", "RSA", ["key"])


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP256K1()], ids=["P-256", "P-256K"])
def test_an_imported_ec_key_verifies_what_its_holder_signed(vault, curve):
    key = ec.generate_private_key(curve)
    vault.import_key("k", json.dumps(jwk_of(key)))

    alg = "ES256" if curve.name == "secp256r1" else "ES256K"
    assert vault.verify("k", alg, digest(), vault.sign("k", alg, digest()).value).value
    assert vault.get_key("k").key.key_ops == ["sign", "verify"]


def test_a_key_given_as_octets_is_taken_too(vault):
    members = jwk_of(ec_key())
    as_octets = {
        name: base64.urlsafe_b64decode(text + "==") if name in "xyd" else text for name, text in members.items()
    }

    assert vault.import_key("k", as_octets).key.model_dump(mode="json")["x"] == members["x"]


def test_a_second_import_is_a_new_version(vault):
    first = vault.import_key("k", jwk_of(ec_key()))
    second = vault.import_key("k", jwk_of(ec_key()))

    assert first.key.kid != second.key.kid
    assert vault.get_key("k") == second
    assert {item.kid for item in vault.get_key_versions("k")} == {first.key.kid, second.key.kid}


@pytest.mark.parity("hsm-platform")
@pytest.mark.parametrize(("change", "hsm"), [({}, True), ({"kty": "EC-HSM"}, None)], ids=["flag", "type"])
def test_a_key_for_an_hsm_is_called_one(vault, change, hsm):
    bundle = vault.import_key("k", {**jwk_of(ec_key()), **change}, hsm=hsm)

    assert bundle.key.kty == "EC-HSM"
    assert (bundle.attributes.exportable, bundle.attributes.hsm_platform) == (False, "2")
    assert vault.get_keys()[0].attributes.hsm_platform == "2"
    assert vault.sign("k", "ES256", digest()).value


def test_what_makes_no_private_key_is_refused_and_no_member_of_it_is_repeated(vault, rsa):
    good_rsa, good_ec = jwk_of(rsa), jwk_of(ec_key())
    secret = good_ec["d"]
    for bad in (
        {name: value for name, value in good_ec.items() if name != "d"}, {**good_ec, "x": good_ec["y"]},
        {**good_ec, "crv": "P-224"}, {**good_ec, "crv": None}, {**good_ec, "d": "!"}, {**good_ec, "kty": "oct"},
        {**good_rsa, "n": good_rsa["d"]}, {**good_rsa, "p": "AQ"}, {**good_rsa, "kty": "EC"}, {**good_ec, "kty": 5},
        {"kty": "RSA"}, {}, "no JSON", None, {**good_ec, "d": "A" * 2000}, {**good_ec, "key_ops": ["fly"]},
    ):  # fmt: skip
        with pytest.raises(InvalidProperty) as refusal:
            vault.import_key("k", bad)
        assert refusal.value.field.startswith("key"), bad
        assert secret not in str(refusal.value)
        assert good_rsa["d"] not in str(refusal.value)
    assert vault.get_keys() == []
    assert not any(secret in str(event) for event in vault.events)


@pytest.mark.parity("key-release")
def test_keys_can_not_be_released(vault):
    policy = {"contentType": "application/json; charset=utf-8", "data": "e30"}
    for arguments in ({"attributes": {"exportable": True}}, {"release_policy": policy}):
        for call in (
            lambda arguments=arguments: vault.create_key("k", "EC", **arguments),
            lambda arguments=arguments: vault.import_key("k", jwk_of(ec_key()), **arguments),
        ):
            with pytest.raises(InvalidProperty, match="release"):
                call()
    vault.create_key("k", "EC", attributes={"exportable": False})
    with pytest.raises(InvalidProperty, match="release"):
        vault.update_key("k", attributes={"exportable": True})


def test_a_name_that_a_certificate_holds_or_that_is_deleted_takes_no_import(vault):
    finish(vault)
    vault.create_key("gone", "EC")
    vault.delete_key("gone")

    with pytest.raises(ManagedKey, match='"import"'):
        vault.import_key("web", jwk_of(ec_key()))
    with pytest.raises(NameDeleted):
        vault.import_key("gone", jwk_of(ec_key()))
    with pytest.raises(InvalidName):
        vault.import_key("a.b", jwk_of(ec_key()))


def key_and_secret(vault):
    """Two versions of a plain key and of a plain secret."""
    vault.create_key("k", "EC", tags={"a": "b"})
    vault.update_key("k", attributes={"enabled": False})
    vault.create_key("k", "EC", key_ops=["sign", "verify"])
    vault.set_secret("s", "first", content_type="text/plain")
    vault.set_secret("s", "second €", tags={"octets": "x"}, attributes={"nbf": 1})


def everything(vault):
    keys = [vault.get_key("k", item.kid.rsplit("/", 1)[1]) for item in vault.get_key_versions("k")]
    secrets = [vault.get_secret("s", item.id.rsplit("/", 1)[1]) for item in vault.get_secret_versions("s")]
    return keys, secrets, vault.get_key("k"), vault.get_secret("s")


def remove(vault):
    vault.delete_key("k")
    vault.purge_deleted_key("k")
    vault.delete_secret("s")
    vault.purge_deleted_secret("s")


@pytest.mark.parity("backup_key", "restore_key", "backup_secret", "restore_secret")
def test_backup_and_restore_bring_back_all_versions_and_what_they_can_do(vault):
    key_and_secret(vault)
    before, signature = everything(vault), vault.sign("k", "ES256", digest()).value
    key, secret = vault.backup_key("k"), vault.backup_secret("s")
    remove(vault)

    restored = vault.restore_key(key.model_dump(mode="json")["value"]), vault.restore_secret(secret)

    assert everything(vault) == before
    assert restored[0] == vault.get_key("k")
    assert restored[1].model_dump(mode="json") == {
        name: value for name, value in vault.get_secret("s").model_dump(mode="json").items() if name != "value"
    }
    newest = restored[0].key
    point = ec.EllipticCurvePublicNumbers(
        int.from_bytes(newest.x, "big"), int.from_bytes(newest.y, "big"), ec.SECP256R1()
    ).public_key()
    der = encode_dss_signature(*(int.from_bytes(half, "big") for half in (signature[:32], signature[32:])))
    point.verify(der, b"what is signed", ec.ECDSA(SHA256()))
    assert [event.kind for event in vault.events][-2:] == ["restore_key", "restore_secret"]


@pytest.mark.parity("key-restore-conflict")
def test_a_name_in_use_live_or_deleted_or_a_certificates_is_a_conflict(vault):
    key_and_secret(vault)
    blobs = {"key": vault.backup_key("k"), "secret": vault.backup_secret("s")}
    kid, sid = vault.get_key("k").key.kid, vault.get_secret("s").id

    def refused():
        for area, identifier, restore in (("key", kid, vault.restore_key), ("secret", sid, vault.restore_secret)):
            with pytest.raises(RestoreConflict, match=f"Restoring the {area} '{identifier}' conflicts") as refusal:
                restore(blobs[area])
            assert (refusal.value.status, refusal.value.code, refusal.value.inner_code) == (409, "Conflict", None)

    refused()
    vault.delete_key("k")
    vault.delete_secret("s")
    refused()
    vault.purge_deleted_key("k")
    vault.purge_deleted_secret("s")
    finish(vault, "k")
    finish(vault, "s")
    refused()


def test_a_key_does_not_hold_a_secrets_name_and_the_reverse(vault):
    vault.create_key("x", "EC")
    vault.set_secret("x", "value")
    key, secret = vault.backup_key("x"), vault.backup_secret("x")
    vault.delete_key("x")
    vault.purge_deleted_key("x")

    assert vault.restore_key(key).key.kid
    vault.delete_secret("x")
    vault.purge_deleted_secret("x")
    vault.restore_secret(secret)
    assert vault.get_secret("x").value == "value"


@pytest.mark.parity("key-backup-corrupt")
def test_blobs_of_another_kind_or_altered_are_corrupt(vault):
    key_and_secret(vault)
    finish(vault)
    blobs = {
        "key": vault.backup_key("k").value, "secret": vault.backup_secret("s").value,
        "certificate": vault.backup_certificate("web").value,
    }  # fmt: skip
    restores = {"key": vault.restore_key, "secret": vault.restore_secret, "certificate": vault.restore_certificate}
    for kind, restore in restores.items():
        others = [blob for other, blob in blobs.items() if other != kind]
        for bad in (*others, blobs[kind][:-1], b"", "***", "half", None, 5):
            with pytest.raises(CorruptBackup, match=r"Backup blob is corrupt\.") as refusal:
                restore(bad)
            assert (refusal.value.status, refusal.value.code) == (400, "Malformed backup blob")
    assert list(vault.events)[-1].object == "certificates/restore"


def test_a_blob_opens_in_another_vault_of_the_same_master_key_and_shows_nothing(tmp_path):
    with Vault.open(tmp_path / "a.db", clock="simulated") as one, Vault() as elsewhere:
        key_and_secret(one)
        key, secret = one.backup_key("k"), one.backup_secret("s")
        assert b"second" not in secret.value
        assert "second" not in repr(secret)
        with Vault.open(tmp_path / "a.db", name="two", clock="simulated") as two:
            two.restore_key(key)
            two.restore_secret(secret)
            assert two.get_secret("s").value == "second €"
            assert two.verify("k", "ES256", digest(), one.sign("k", "ES256", digest()).value).value
        for restore, blob in ((elsewhere.restore_key, key), (elsewhere.restore_secret, secret)):
            with pytest.raises(CorruptBackup):
                restore(blob)


@pytest.mark.parity("managed-backup")
def test_what_a_certificate_manages_is_backed_up_with_it_only(vault):
    finish(vault)

    for call, kind in ((vault.backup_key, ManagedKey), (vault.backup_secret, ManagedSecret)):
        with pytest.raises(kind, match='Operation "backup" is not allowed'):
            call("web")
    for call, code in ((vault.backup_key, "KeyNotFound"), (vault.backup_secret, "SecretNotFound")):
        with pytest.raises(VaultError) as refusal:
            call("unknown")
        assert (refusal.value.status, refusal.value.code) == (404, code)


def test_what_is_no_version_id_finds_nothing(vault):
    """Some version for a mistyped one would be the wrong key in use, and a secret told under another's id."""
    vault.create_key("k", "EC")
    vault.set_secret("s", "value")

    for version in ("rotationpolicy", "0" * 31, "0" * 32, "latest"):
        for call in (
            lambda version=version: vault.get_key("k", version),
            lambda version=version: vault.update_key("k", version, tags={"a": "b"}),
            lambda version=version: vault.sign("k", "ES256", digest(), version=version),
            lambda version=version: vault.get_secret("s", version),
            lambda version=version: vault.update_secret("s", version, tags={"a": "b"}),
        ):
            with pytest.raises((KeyNotFound, SecretNotFound), match=f"[ks]/{version} "):
                call()
    assert vault.get_key("k").tags is vault.get_secret("s").tags is None
    assert vault.get_key("k", "").key == vault.get_key("k").key
