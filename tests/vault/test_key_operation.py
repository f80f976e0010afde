"""What a certificate's key can do, with `cryptography` on the other side."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature

from kvlab import CertificatePolicy, Vault, VaultError
from kvlab.errors import InvalidProperty, KeyOperationForbidden, KeyParameterInvalid
from tests.vault.make import digest, ec_policy, finish, parsed

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
ENCRYPTION = {
    "RSA1_5": padding.PKCS1v15(),
    "RSA-OAEP": padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),
    "RSA-OAEP-256": padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None),
}


@pytest.fixture(scope="module")
def rsa_vault():
    """A vault with an RSA certificate `web` whose key may do everything."""
    usages = ["digitalSignature", "keyEncipherment", "dataEncipherment"]
    with Vault(clock="simulated") as vault:
        finish(vault, policy=CertificatePolicy.self_signed("CN=contoso.com", key_usage=usages))
        yield vault


@pytest.mark.parity("key-ops", "key-ops-none")
@pytest.mark.parametrize(
    ("usages", "rsa_ops", "ec_ops"),
    [
        (None, ["sign", "verify", "wrapKey", "unwrapKey"], ["sign", "verify"]),
        (["digitalSignature"], ["sign", "verify"], ["sign", "verify"]),
        (["keyCertSign"], ["sign", "verify"], ["sign", "verify"]),
        (["keyEncipherment"], ["wrapKey", "unwrapKey"], []),
        (["dataEncipherment"], ["encrypt", "decrypt"], []),
        (["encipherOnly"], ["encrypt"], []),
        (["decipherOnly"], ["decrypt"], []),
        (["keyAgreement"], [], []),
        ([], ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"], ["sign", "verify"]),
    ],
    ids=str,
)
def test_key_ops_follow_from_key_usage(vault, usages, rsa_ops, ec_ops):
    finish(vault, "rsa", CertificatePolicy.self_signed("CN=a", key_usage=usages))
    finish(vault, "ec", ec_policy(key_usage=usages))

    assert vault.get_key("rsa").key.key_ops == rsa_ops
    assert vault.get_key("ec").key.key_ops == ec_ops


@pytest.mark.parity("sign", "verify", "rsa-signature", "bad-signature", "pss-salt")
@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_rsa_signatures_are_verified_outside_and_the_other_way_round(rsa_vault, alg):
    hashed, algorithm = digest(name=f"sha{alg[2:]}"), HASHES[alg[2:]]
    public = parsed(rsa_vault.get_certificate("web")).public_key()

    signature = rsa_vault.sign("web", alg, hashed).value

    scheme = padding.PKCS1v15() if alg.startswith("RS") else padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
    public.verify(signature, hashed, scheme, Prehashed(algorithm))
    assert rsa_vault.verify("web", alg, hashed, signature).value is True
    assert rsa_vault.verify("web", alg, hashed, _tampered(signature)).value is False
    assert rsa_vault.verify("web", alg, _tampered(hashed), signature).value is False
    assert rsa_vault.verify("web", alg, hashed, b"").value is False


@pytest.mark.parity("rsnull")
def test_rsnull_signs_the_octets_as_they_are(rsa_vault):
    signature = rsa_vault.sign("web", "RSNULL", b"anything").value

    numbers = parsed(rsa_vault.get_certificate("web")).public_key().public_numbers()
    opened = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(256, "big")
    assert opened == b"\x00\x01" + b"\xff" * (256 - 3 - 8) + b"\x00anything"
    assert rsa_vault.verify("web", "RSNULL", b"anything", signature).value


@pytest.mark.parity("ec-signature", "sign", "verify", "bad-signature")
@pytest.mark.parametrize(
    ("alg", "crv", "name", "size"),
    [("ES256", "P-256", "sha256", 64), ("ES256K", "P-256K", "sha256", 64), ("ES384", "P-384", "sha384", 96),
     ("ES512", "P-521", "sha512", 132)],
)  # fmt: skip
def test_ec_signatures_are_r_and_s_of_fixed_length(vault, alg, crv, name, size):
    public = parsed(finish(vault, policy=ec_policy(crv=crv))).public_key()
    hashed, algorithm = digest(name=name), Prehashed(HASHES[name[3:]])

    signature = vault.sign("web", alg, hashed).value

    assert len(signature) == size
    r, s = (int.from_bytes(half, "big") for half in (signature[: size // 2], signature[size // 2 :]))
    public.verify(encode_dss_signature(r, s), hashed, ec.ECDSA(algorithm))
    assert vault.verify("web", alg, hashed, signature).value is True
    for wrong in (_tampered(signature), signature[:-1], b"", bytes(size), b"\xff" * size):
        assert vault.verify("web", alg, hashed, wrong).value is False
    with pytest.raises(KeyParameterInvalid, match="alg"):
        vault.sign("web", "ES384" if alg != "ES384" else "ES256", hashed)


@pytest.mark.parity("encrypt", "decrypt", "wrap_key", "unwrap_key", "rsa-encryption", "rsa-damaged")
@pytest.mark.parametrize("alg", ENCRYPTION)
@pytest.mark.parametrize(("forth", "back"), [("encrypt", "decrypt"), ("wrap_key", "unwrap_key")])
def test_rsa_encryption_both_ways(rsa_vault, alg, forth, back):
    public = parsed(rsa_vault.get_certificate("web")).public_key()

    sealed = getattr(rsa_vault, forth)("web", alg, b"a key").value
    from_outside = public.encrypt(b"from outside", ENCRYPTION[alg])

    assert getattr(rsa_vault, back)("web", alg, sealed).value == b"a key"
    assert getattr(rsa_vault, back)("web", alg, from_outside).value == b"from outside"
    assert "a key" not in repr(getattr(rsa_vault, back)("web", alg, sealed))
    if alg == "RSA1_5":
        # OpenSSL answers a broken RSA1_5 with random octets on purpose (implicit rejection).
        assert getattr(rsa_vault, back)("web", alg, _tampered(sealed)).value != b"a key"
    else:
        with pytest.raises(KeyParameterInvalid, match="value"):
            getattr(rsa_vault, back)("web", alg, _tampered(sealed))


BAD = [
    ("sign", ("XX256", bytes(32)), KeyParameterInvalid, "alg"),
    ("sign", (None, bytes(32)), KeyParameterInvalid, "alg"),
    ("sign", ("ES256", bytes(32)), KeyParameterInvalid, "alg"),
    ("sign", ("RS256", bytes(31)), KeyParameterInvalid, "value"),
    ("sign", ("RS512", bytes(32)), KeyParameterInvalid, "value"),
    ("sign", ("RSNULL", bytes(300)), KeyParameterInvalid, "value"),
    ("sign", ("RS256", "***"), InvalidProperty, "value"),
    ("sign", ("RS256", 5), InvalidProperty, "value"),
    ("verify", ("RS256", bytes(31), b""), KeyParameterInvalid, "digest"),
    ("verify", ("RS256", None, b""), InvalidProperty, "digest"),
    ("encrypt", ("RSA-OAEP", bytes(300)), KeyParameterInvalid, "value"),
    ("encrypt", ("A256GCM", b"x"), KeyParameterInvalid, "alg"),
    ("decrypt", ("RSA-OAEP", b"short"), KeyParameterInvalid, "value"),
    ("unwrap_key", ("RSA-OAEP-256", b""), KeyParameterInvalid, "value"),
]


@pytest.mark.parity("operand-text")
@pytest.mark.parametrize(
    ("call", "arguments", "error", "field"), BAD, ids=[f"{n}-{row[0]}" for n, row in enumerate(BAD)]
)
def test_what_does_not_fit_the_key_names_the_member(rsa_vault, call, arguments, error, field):
    with pytest.raises(error) as refusal:
        getattr(rsa_vault, call)("web", *arguments)

    assert (refusal.value.status, refusal.value.code, refusal.value.field) == (400, "BadParameter", field)


@pytest.mark.parity("key-op-words")
def test_an_operation_outside_key_ops_gets_the_services_words(vault):
    finish(vault)

    with pytest.raises(KeyOperationForbidden) as refusal:
        vault.decrypt("web", "RSA-OAEP", b"x")
    assert (refusal.value.status, refusal.value.inner_code) == (403, "KeyOperationForbidden")
    assert refusal.value.message == "Operation decrypt is not permitted on this key."


def test_values_may_be_base64url_text(vault):
    finish(vault)
    import base64

    text = base64.urlsafe_b64encode(hashlib.sha256(b"x").digest()).rstrip(b"=").decode()

    signature = vault.sign("web", "ES256", text).model_dump(mode="json")["value"]
    assert vault.verify("web", "ES256", hashlib.sha256(b"x").digest(), signature).value


@pytest.mark.parity("create_key", "get_key", "get_key_versions", "update_key")
def test_a_plain_key_lives_its_own_life(vault):
    first = vault.create_key(
        "k", "EC", crv="P-384", key_ops=["sign"], tags={"a": "b"}, attributes={"exp": 2_000_000_000}
    )
    second = vault.create_key("K", "RSA-HSM", key_size=3072)

    assert (first.key.kty, first.key.crv, first.key.key_ops, first.tags) == ("EC", "P-384", ["sign"], {"a": "b"})
    assert (second.key.kty, len(second.key.n), second.managed) == ("RSA-HSM", 384, None)
    assert len(vault.get_key_versions("k")) == 2
    version = first.key.kid.rsplit("/", 1)[1]
    assert vault.get_key("k", version) == first
    hashed = digest(name="sha384")
    r_s = vault.sign("k", "ES384", hashed, version=version).value
    with pytest.raises(KeyOperationForbidden):
        vault.verify("k", "ES384", hashed, r_s, version=version)
    assert vault.update_key("k", version, key_ops=["verify"], attributes={"enabled": False}).key.key_ops == ["verify"]
    with pytest.raises(VaultError):
        vault.sign("k", "ES384", hashed, version=version)


BAD_KEYS = [
    (("oct",), {}, "kty"), (("DSA",), {}, "kty"), ((5,), {}, "kty"), (("RSA",), {"key_size": 1024}, "key_size"),
    (("EC",), {"crv": "P-999"}, "crv"), (("EC",), {"key_size": 2048}, "key_size"),
    (("EC",), {"key_ops": ["fly"]}, "key_ops[0]"), (("EC",), {"key_ops": "sign"}, "key_ops"), (("EC",), {"key_ops": 5}, "key_ops"),
    (("EC",), {"attributes": {"nbf": 9, "exp": 8}}, "attributes.exp"), (("EC",), {"attributes": {"exp": 10**30}}, "attributes.exp"),
    (("EC",), {"attributes": {"nbf": -1}}, "attributes.nbf"), (("EC",), {"attributes": {"exp": "soon"}}, "attributes.exp"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "options", "field"), BAD_KEYS, ids=[f"{n}-{row[2]}" for n, row in enumerate(BAD_KEYS)]
)
def test_a_plain_key_that_can_not_be_is_refused(vault, arguments, options, field):
    with pytest.raises(InvalidProperty) as refusal:
        vault.create_key("k", *arguments, **options)

    assert refusal.value.field == field
    assert vault.get_keys() == []


@pytest.mark.parity("secret-limits")
@pytest.mark.parametrize(("value", "options", "field"), [
    ("x" * 25601, {}, "value"), (5, {}, "value"), ("\ud800", {}, "value"), ("x", {"content_type": "c" * 256}, "contentType"),
    ("x", {"content_type": "\ud800"}, "contentType"), ("x", {"attributes": {"exp": 10**20}}, "attributes.exp"),
], ids=range(6))  # fmt: skip
def test_a_plain_secret_that_can_not_be_is_refused(vault, value, options, field):
    with pytest.raises(InvalidProperty) as refusal:
        vault.set_secret("s", value, **options)

    assert refusal.value.field == field
    assert vault.get_secrets() == []


@pytest.mark.parity("set_secret", "get_secret", "get_secret_versions", "update_secret", "secret-update")
def test_a_plain_secret_lives_its_own_life(vault):
    vault.set_secret("s", "one", content_type="text/plain", tags={"a": "b"})
    second = vault.set_secret("s", "two")

    assert vault.get_secret("s").value == "two"
    assert "two" not in repr(second)
    assert len(vault.get_secret_versions("s")) == 2
    changed = vault.update_secret("s", attributes={"enabled": False}, content_type="x")
    assert (changed.value, changed.content_type, changed.attributes.enabled) == (None, "x", False)


def _tampered(octets):
    return octets[:-1] + bytes([octets[-1] ^ 1])


def test_a_signature_in_der_is_not_what_the_service_takes(vault):
    public = parsed(finish(vault)).public_key()
    signature = vault.sign("web", "ES256", digest()).value
    der = encode_dss_signature(*(int.from_bytes(half, "big") for half in (signature[:32], signature[32:])))

    assert decode_dss_signature(der)
    public.verify(der, digest(), ec.ECDSA(Prehashed(hashes.SHA256())))
    with pytest.raises(InvalidSignature):
        public.verify(signature, digest(), ec.ECDSA(Prehashed(hashes.SHA256())))
    assert vault.verify("web", "ES256", digest(), der).value is False
