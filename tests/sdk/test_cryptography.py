"""`CryptographyClient` on the keys of certificates; what it does itself, and what the vault does for it."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.keyvault.certificates import KeyUsageType
from azure.keyvault.keys.crypto import EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from tests.sdk.policy import created, ec_policy, leaf_of, rsa_policy
from tests.vault.make import digest

USES = ("sign", "verify", "encrypt", "decrypt", "wrapKey", "unwrapKey")
TEXT = b"what is to be kept"
CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "P-256K": "ES256K"}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


@pytest.fixture(scope="module")
def rsa(way):
    """A certificate whose key does all there is."""
    usage = [KeyUsageType.digital_signature, KeyUsageType.key_encipherment, KeyUsageType.data_encipherment]
    return created(way, "cryptography-rsa", rsa_policy(key_usage=usage))


@pytest.fixture(scope="module")
def blind(way):
    """A principal who may use keys and not see them, so that the vault has to do everything."""
    return way.principal(keys=["sign", "verify", "encrypt", "decrypt", "wrapKey", "unwrapKey"])


@pytest.mark.parity("sign", "verify")
@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_rsa_signatures(way, rsa, blind, algorithm):
    name = f"sha{algorithm[2:]}"
    hashed = digest(TEXT, name)

    signature = way.cryptography(rsa.key_id).sign(SignatureAlgorithm(algorithm), hashed).signature

    method = HASHES[algorithm[2:]]
    pad = padding.PKCS1v15() if algorithm[0] == "R" else padding.PSS(padding.MGF1(method), method.digest_size)
    leaf_of(rsa).public_key().verify(signature, hashed, pad, utils.Prehashed(method))
    for client in (way.cryptography(rsa.key_id), blind.cryptography(rsa.key_id)):
        assert client.verify(SignatureAlgorithm(algorithm), hashed, signature).is_valid
        assert not client.verify(SignatureAlgorithm(algorithm), digest(b"other", name), signature).is_valid


@pytest.mark.parity("sign", "verify", "ec-signature")
@pytest.mark.parametrize("curve", CURVES)
def test_ec_signatures(way, name, blind, curve):
    algorithm = SignatureAlgorithm(CURVES[curve])
    bits = {"ES256K": "256"}.get(CURVES[curve], CURVES[curve][2:])
    hashed = digest(TEXT, f"sha{bits}")
    made = created(way, name, ec_policy(key_curve_name=curve))

    signature = way.cryptography(made.key_id).sign(algorithm, hashed).signature

    half = len(signature) // 2
    der = utils.encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    leaf_of(made).public_key().verify(der, hashed, ec.ECDSA(utils.Prehashed(HASHES[bits])))
    for client in (way.cryptography(made.key_id), blind.cryptography(made.key_id)):
        assert client.verify(algorithm, hashed, signature).is_valid


@pytest.mark.parity("encrypt", "decrypt")
@pytest.mark.parametrize("algorithm", ["RSA1_5", "RSA-OAEP", "RSA-OAEP-256"])
def test_encrypt_and_decrypt(way, rsa, blind, algorithm):
    algorithm = EncryptionAlgorithm(algorithm)

    for client in (way.cryptography(rsa.key_id), blind.cryptography(rsa.key_id)):
        ciphertext = client.encrypt(algorithm, TEXT).ciphertext
        assert ciphertext != TEXT
        decrypted = client.decrypt(algorithm, ciphertext)
        assert (decrypted.plaintext, decrypted.algorithm) == (TEXT, algorithm)


@pytest.mark.parity("wrap_key", "unwrap_key")
@pytest.mark.parametrize("algorithm", ["RSA1_5", "RSA-OAEP", "RSA-OAEP-256"])
def test_wrap_and_unwrap(way, rsa, blind, algorithm):
    algorithm = KeyWrapAlgorithm(algorithm)

    for client in (way.cryptography(rsa.key_id), blind.cryptography(rsa.key_id)):
        wrapped = client.wrap_key(algorithm, b"\x01" * 32)
        assert wrapped.key_id.startswith(f"{way.vault_url}/keys/")
        assert client.unwrap_key(algorithm, wrapped.encrypted_key).key == b"\x01" * 32


@pytest.mark.parity("sign", "inoperable")
def test_a_client_made_by_the_key_client_knows_its_key_by_name(way, name):
    made = created(way, name)
    client = way.keys.get_cryptography_client(name)

    assert client.sign(SignatureAlgorithm.es256, digest()).key_id == made.key_id
    way.certificates.update_certificate_properties(name, enabled=False)
    with pytest.raises(HttpResponseError, match="disabled") as disabled:
        client.sign(SignatureAlgorithm.es256, digest())
    assert disabled.value.error.innererror["code"] == "KeyDisabled"


@pytest.mark.parity("sign", "key-ops", "operand-text")
def test_refusals_of_the_key_carry_their_codes(way, name):
    made = created(way, name, rsa_policy(key_usage=[KeyUsageType.key_encipherment]))
    signer = created(way, f"{name}-ec")

    with pytest.raises(HttpResponseError, match="not permitted") as forbidden:
        way.principal(keys=["sign"]).cryptography(made.key_id).sign(SignatureAlgorithm.rs256, digest())
    with pytest.raises(HttpResponseError) as unfit:
        way.principal(keys=["sign"]).cryptography(signer.key_id).sign(SignatureAlgorithm.rs256, digest())

    assert forbidden.value.error.innererror["code"] == "KeyOperationForbidden"
    assert (unfit.value.status_code, unfit.value.error.code) == (400, "BadParameter")
