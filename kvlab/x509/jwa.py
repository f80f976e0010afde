"""
What a key can do: the JSON Web Algorithms (RFC 7518) that Key Vault knows for RSA and EC keys.

Source: https://learn.microsoft.com/azure/key-vault/keys/about-keys-details#algorithms
"""

from __future__ import annotations

from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    NoDigestInfo,
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)

from kvlab.errors import X509Error
from kvlab.x509.key import PrivateKey, PublicKey


class BadOperand(X509Error):
    """
    An algorithm or a value does not fit the key.

    Attributes:
        field: ``alg``, ``value`` or ``digest``, as the request names it.
    """

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(reason)


class _EcAlgorithm(NamedTuple):
    curve: type[ec.EllipticCurve]
    hash: hashes.HashAlgorithm
    octets: int


_EC = {
    "ES256": _EcAlgorithm(ec.SECP256R1, hashes.SHA256(), 32),
    "ES256K": _EcAlgorithm(ec.SECP256K1, hashes.SHA256(), 32),
    "ES384": _EcAlgorithm(ec.SECP384R1, hashes.SHA384(), 48),
    "ES512": _EcAlgorithm(ec.SECP521R1, hashes.SHA512(), 66),
}
_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_RSA_SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "RSNULL")
_RSA_ENCRYPTION: dict[str, padding.AsymmetricPadding] = {
    "RSA1_5": padding.PKCS1v15(),
    "RSA-OAEP": padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),  # noqa: S303  RFC 7518 4.3 says so
    "RSA-OAEP-256": padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None),
}


def sign(key: PrivateKey, alg: str, digest: bytes, *, deterministic: bool = False) -> bytes:
    """
    Sign a digest.

    Args:
        key: the private key.
        alg: RS, PS or ES with 256, 384 or 512, ES256K, or RSNULL.
        digest: of the algorithm's hash; with ``RSNULL`` any octets that fit.
        deterministic: RFC 6979 nonces for EC.

    Returns:
        For RSA the signature; for EC r and s, each as long as the curve's order (RFC 7518 section 3.4).

    Raises:
        BadOperand: the algorithm does not fit the key, or the digest not the algorithm.
    """
    if isinstance(key, ec.EllipticCurvePrivateKey):
        chosen = _ec_algorithm(key.curve, alg, digest)
        signed = key.sign(digest, ec.ECDSA(Prehashed(chosen.hash), deterministic_signing=deterministic))
        r, s = decode_dss_signature(signed)
        return r.to_bytes(chosen.octets, "big") + s.to_bytes(chosen.octets, "big")
    scheme, hashed = _rsa_algorithm(alg, digest)
    try:
        return key.sign(digest, scheme, hashed)
    except ValueError:
        raise BadOperand("value", f"It is too long to be signed with {alg} and this key.") from None


def verify(key: PublicKey, alg: str, digest: bytes, signature: bytes) -> bool:
    """
    Tell whether a signature over a digest is the key's.

    Raises:
        BadOperand: the algorithm does not fit the key, or the digest not the algorithm.
    """
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            chosen = _ec_algorithm(key.curve, alg, digest, "digest")
            if len(signature) != 2 * chosen.octets:
                return False
            r, s = (int.from_bytes(half, "big") for half in (signature[: chosen.octets], signature[chosen.octets :]))
            key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(chosen.hash)))
        else:
            scheme, hashed = _rsa_algorithm(alg, digest, "digest")
            key.verify(signature, digest, scheme, hashed)  # type: ignore[arg-type]  # the stub forgets RSNULL's NoDigestInfo
    except InvalidSignature:
        return False
    return True


def encrypt(key: PublicKey, alg: str, value: bytes) -> bytes:
    """
    Encrypt (or wrap) octets for the holder of a key.

    Raises:
        BadOperand: the algorithm does not fit the key, or the value is too long.
    """
    scheme = _encryption(key, alg)
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        return key.encrypt(value, scheme)
    except ValueError:
        raise BadOperand("value", f"It is too long to be encrypted with {alg} and this key.") from None


def decrypt(key: PrivateKey, alg: str, value: bytes) -> bytes:
    """
    Decrypt (or unwrap) octets.

    Raises:
        BadOperand: the algorithm does not fit the key, or the value was not encrypted for it.
    """
    scheme = _encryption(key, alg)
    assert isinstance(key, rsa.RSAPrivateKey)
    try:
        return key.decrypt(value, scheme)
    except ValueError:
        raise BadOperand("value", f"It does not decrypt with {alg} and this key.") from None


def _ec_algorithm(curve: ec.EllipticCurve, alg: str, digest: bytes, field: str = "value") -> _EcAlgorithm:
    fitting = next((name for name, known in _EC.items() if isinstance(curve, known.curve)), "none")
    if alg != fitting:
        raise BadOperand("alg", f"'{alg}' does not fit this key; {fitting} does.")
    _check_digest(alg, _EC[alg].hash, digest, field)
    return _EC[alg]


def _rsa_algorithm(
    alg: str, digest: bytes, field: str = "value"
) -> tuple[padding.AsymmetricPadding, Prehashed | NoDigestInfo]:
    if alg not in _RSA_SIGNATURES:
        raise BadOperand("alg", f"'{alg}' does not fit this key; {', '.join(_RSA_SIGNATURES)} do.")
    if alg == "RSNULL":
        return padding.PKCS1v15(), NoDigestInfo()
    chosen = _HASHES[alg[2:]]
    _check_digest(alg, chosen, digest, field)
    if alg.startswith("PS"):
        return padding.PSS(padding.MGF1(chosen), chosen.digest_size), Prehashed(chosen)
    return padding.PKCS1v15(), Prehashed(chosen)


def _check_digest(alg: str, chosen: hashes.HashAlgorithm, digest: bytes, field: str) -> None:
    if len(digest) != chosen.digest_size:
        raise BadOperand(field, f"A digest for {alg} has {chosen.digest_size} octets, not {len(digest)}.")


def _encryption(key: PublicKey | PrivateKey, alg: str) -> padding.AsymmetricPadding:
    if isinstance(key, (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey)):
        raise BadOperand("alg", f"'{alg}' does not fit this key: an EC key signs, it does not encrypt.")
    if alg not in _RSA_ENCRYPTION:
        raise BadOperand("alg", f"'{alg}' does not fit this key; {', '.join(_RSA_ENCRYPTION)} do.")
    return _RSA_ENCRYPTION[alg]
