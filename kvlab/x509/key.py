"""Private and public keys: from numbers, from files, and whether they belong together."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from kvlab.errors import (
    ExcessiveWork,
    InvalidKey,
    KeyMismatch,
    LegacyKeyFormat,
    MalformedElement,
    UnreadableContainer,
    UnsupportedKey,
    WrongPassword,
)
from kvlab.x509.der import INTEGER, OCTET_STRING, SEQUENCE
from kvlab.x509.derivation import read_derivation
from kvlab.x509.element import outermost, refuse_long_file

if TYPE_CHECKING:
    from collections.abc import Callable

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

RSA_KEY_SIZES = (2048, 3072, 4096)
"""Bits of the moduli that the vault takes."""


class Curve(NamedTuple):
    """A curve that the vault takes; ``key_size`` is the size of its field in bits."""

    curve: ec.EllipticCurve
    key_size: int


CURVES = {
    "P-256": Curve(ec.SECP256R1(), 256),
    "P-384": Curve(ec.SECP384R1(), 384),
    "P-521": Curve(ec.SECP521R1(), 521),
    "P-256K": Curve(ec.SECP256K1(), 256),
}
"""The curves by their names on the wire (``crv``)."""

# A PKCS#8 RSA key of 4096 bits has 2.4 kB. The bound is so near because a DSA key of 20 kB, which nobody has but an
# attacker, takes cryptography minutes to load: its public half is computed then.
_MAX_KEY_OCTETS = 4096

ALLOWED = "Allowed are RSA of 2048, 3072 or 4096 bits and EC on P-256, P-384, P-521 or P-256K."
"""The sentence for who brings another key."""

CRYPTOGRAPHY_REFUSES = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)
"""All that cryptography raises for octets and numbers that it does not take."""

_KEY_BEGINS = re.compile(rb"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----")


@dataclass(frozen=True, slots=True)
class KeySpec:
    """
    What kind of key it is.

    Attributes:
        kty: ``RSA`` or ``EC``.
        key_size: bits of the modulus or of the curve's field.
        crv: name out of ``CURVES``; None for RSA.
    """

    kty: Literal["RSA", "EC"]
    key_size: int
    crv: str | None = None


def key_spec(public_key: object) -> KeySpec:
    """
    Say what kind of key it is.

    Args:
        public_key: a public key of any of cryptography's types.

    Raises:
        UnsupportedKey: the vault does not take keys of this type, size or curve.
    """
    if isinstance(public_key, rsa.RSAPublicKey):
        if public_key.key_size in RSA_KEY_SIZES:
            return KeySpec("RSA", public_key.key_size)
        raise UnsupportedKey(f"An RSA key of {public_key.key_size} bits is not supported. {ALLOWED}")
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        for crv, (curve, key_size) in CURVES.items():
            if curve.name == public_key.curve.name:
                return KeySpec("EC", key_size, crv)
        raise UnsupportedKey(f"An EC key on the curve {public_key.curve.name} is not supported. {ALLOWED}")
    kind = type(public_key).__name__.removesuffix("PublicKey")
    raise UnsupportedKey(f"A key of the type {kind} is not supported. {ALLOWED}")


def curve_named(crv: object) -> ec.EllipticCurve:
    """
    Return a curve by its name on the wire.

    Raises:
        UnsupportedKey: there is none of this name in ``CURVES``.
    """
    if not isinstance(crv, str) or crv not in CURVES:
        raise UnsupportedKey(f"The curve is not supported. {ALLOWED}")
    return CURVES[crv].curve


def private_key_from_scalar(crv: str, scalar: int) -> ec.EllipticCurvePrivateKey:
    """
    Make the EC key whose private value is ``scalar``.

    Args:
        crv: name out of ``CURVES``.
        scalar: 1 to the order of the curve's base point, less one (SEC 1 section 3.2.1).

    Raises:
        UnsupportedKey: another curve.
        InvalidKey: the scalar is out of range.
    """
    curve = curve_named(crv)
    if scalar.bit_length() <= curve.key_size:
        try:
            return ec.derive_private_key(scalar, curve)
        except CRYPTOGRAPHY_REFUSES:
            pass
    raise InvalidKey(f"The private value is not between 1 and the order of {crv}, less one.")


def private_key_from_rsa_numbers(p: int, q: int, e: int, d: int, *, trusted: bool = False) -> rsa.RSAPrivateKey:
    """
    Make the RSA key of two primes and its exponents (RFC 8017 section 3.2); the modulus is their product.

    Args:
        p: a prime.
        q: another one.
        e: public exponent.
        d: private exponent, the inverse of ``e``.
        trusted: leave out the test whether the numbers are primes and fit (40 ms for 2048 bits).

    Raises:
        UnsupportedKey: the modulus has another size than ``RSA_KEY_SIZES``.
        InvalidKey: the numbers make no key.
    """
    key_size = (p * q).bit_length()
    if key_size not in RSA_KEY_SIZES:
        raise UnsupportedKey(f"An RSA key of {key_size} bits is not supported. {ALLOWED}")
    # Primes of about the same size (FIPS 186-5 section 5.1): to test a much larger one takes seconds.
    if min(p, q, e, d) < 2 or max(e, d).bit_length() > key_size or 2 * max(p, q).bit_length() > key_size + 64:
        raise InvalidKey("The numbers make no RSA key.")
    try:
        remainders = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
        numbers = rsa.RSAPrivateNumbers(p, q, d, *remainders, rsa.RSAPublicNumbers(e, p * q))
        return numbers.private_key(unsafe_skip_rsa_key_validation=trusted)
    except CRYPTOGRAPHY_REFUSES:
        raise InvalidKey("The numbers make no RSA key.") from None


def load_private_key(data: bytes, password: bytes | None = None) -> PrivateKey:
    """
    Read one private key.

    Args:
        data: PKCS#8, encrypted PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1.2) or SEC 1 (RFC 5915); PEM, where text may
            stand around it and a ``Proc-Type`` header may say that it is encrypted, or DER.
        password: for an encrypted key; ignored for another.

    Raises:
        WrongPassword: the key is encrypted, and the password, or its absence, does not open it.
        UnsupportedKey: of a type, size or curve that the vault does not take.
        LegacyKeyFormat: OpenSSH's own format.
        UnreadableContainer: no key, several keys, or broken.
        ExcessiveWork: so long, or with so many rounds of key derivation, that it is refused.
    """
    refuse_long_file(data)
    if b"-----BEGIN " in data:
        return _load_pem(data, password)
    return _load_der(data, password)


def load_pkcs8_der(der: bytes, *, trusted: bool = False) -> PrivateKey:
    """
    Read a key that kvlab itself wrote, with no checks but cryptography's own.

    Args:
        der: unencrypted PKCS#8.
        trusted: leave out the test of RSA's primes: 0.004 ms in place of 40 ms for 2048 bits. Only for bytes whose
            integrity is known, such as those of the vault's own seal.

    Raises:
        UnreadableContainer: it is no such key.
        UnsupportedKey: it is neither RSA nor EC.
    """
    try:
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=trusted)
    except CRYPTOGRAPHY_REFUSES:
        raise UnreadableContainer("The bytes are no unencrypted PKCS#8 private key.") from None
    if not isinstance(key, PrivateKey):
        raise UnsupportedKey(f"A key that is neither RSA nor EC is not supported. {ALLOWED}")
    return key


def private_key_pkcs8_der(key: PrivateKey) -> bytes:
    """Write a key as unencrypted PKCS#8 (RFC 5958), DER."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def private_key_pem(key: PrivateKey) -> str:
    """Write a key as unencrypted PKCS#8, PEM: ``-----BEGIN PRIVATE KEY-----``, 64 columns, LF, also at the end."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def public_key_der(source: object) -> bytes:
    """
    Write the public key of anything that has one.

    Args:
        source: a private key, public key, certificate or request, as a cryptography object.

    Returns:
        SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), DER; an EC point is always uncompressed, so that equal keys
        give equal bytes.

    Raises:
        UnsupportedKey: it has no public key that can be read.
    """
    try:
        key = source.public_key() if hasattr(source, "public_key") else source
        if hasattr(key, "public_bytes"):
            encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return encoded
    except CRYPTOGRAPHY_REFUSES:
        pass
    raise UnsupportedKey(f"The public key can not be read. {ALLOWED}")


def keys_match(*sources: object) -> bool:
    """
    Say whether private keys, public keys, certificates and requests all have the same public key.

    Raises:
        UnsupportedKey: one has no public key that can be read.
    """
    return len({public_key_der(source) for source in sources}) <= 1


def require_match(*sources: object) -> None:
    """
    Refuse private keys, public keys, certificates and requests that do not all have the same public key.

    Raises:
        KeyMismatch: they have not.
        UnsupportedKey: one has no public key that can be read.
    """
    if not keys_match(*sources):
        raise KeyMismatch


def key_format(der: bytes) -> str | None:
    """
    Say in which structure a private key stands, by its outer shape.

    Returns:
        ``PrivateKeyInfo``, ``EncryptedPrivateKeyInfo`` (PKCS#8), ``RSAPrivateKey`` (PKCS#1), ``ECPrivateKey`` (SEC 1),
        ``DSAPrivateKey``, or None for anything else.
    """
    try:
        reader, element = outermost(der)
        shape = [member[0] for member in reader.members(element)]
    except (UnreadableContainer, MalformedElement, ExcessiveWork):
        return None
    if shape == [SEQUENCE, OCTET_STRING]:
        return "EncryptedPrivateKeyInfo"
    if shape[:3] == [INTEGER, SEQUENCE, OCTET_STRING]:
        return "PrivateKeyInfo"
    if shape[:2] == [INTEGER, OCTET_STRING]:
        return "ECPrivateKey"
    return {9: "RSAPrivateKey", 6: "DSAPrivateKey"}.get(len(shape)) if set(shape) == {INTEGER} else None


def _load_pem(data: bytes, password: bytes | None) -> PrivateKey:
    begins = list(_KEY_BEGINS.finditer(data))
    if len(begins) != 1:
        raise UnreadableContainer(f"The text holds {len(begins) or 'no'} private keys; there must be one.")
    label = begins[0][1]
    end = data.find(b"-----END " + label + b"-----", begins[0].end())
    if end < 0:
        raise UnreadableContainer(f"The line '-----END {label.decode()}-----' is missing.")
    if label == b"OPENSSH PRIVATE KEY":
        raise LegacyKeyFormat(label.decode())
    body = data[begins[0].end() : end]
    if label in (b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY"):
        return _load_der(_base64_body(body), password)
    return _load_legacy_pem(label, body, password)


def _load_legacy_pem(label: bytes, body: bytes, password: bytes | None) -> PrivateKey:
    if len(body) > 2 * _MAX_KEY_OCTETS:
        raise UnsupportedKey(f"The private key is too long. {ALLOWED}")
    encrypted = b",ENCRYPTED" in body
    if encrypted and not password:
        raise WrongPassword("The private key is encrypted; it needs a password.")
    text = b"-----BEGIN %b-----%b-----END %b-----\n" % (label, body, label)
    return _opened(load_pem_private_key, text, password if encrypted else None)


def _base64_body(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
    except binascii.Error:
        raise UnreadableContainer("The private key is no base64 text.") from None


def _load_der(der: bytes, password: bytes | None) -> PrivateKey:
    kind = key_format(der)
    if kind is None:
        raise UnreadableContainer("The bytes are no private key of a known format.")
    encrypted = kind == "EncryptedPrivateKeyInfo"
    if encrypted:
        _check_work(der)
        if not password:
            raise WrongPassword("The private key is encrypted; it needs a password.")
    if len(der) > _MAX_KEY_OCTETS:
        raise UnsupportedKey(f"The private key is too long. {ALLOWED}")
    return _opened(load_der_private_key, der, password if encrypted else None)


def _check_work(encrypted_der: bytes) -> None:
    reader, element = outermost(encrypted_der)
    try:
        read_derivation(reader, reader.members(element)[0])
    except MalformedElement:
        raise UnreadableContainer("The encryption of the private key can not be read.") from None


def _opened(load: Callable[..., object], octets: bytes, password: bytes | None) -> PrivateKey:
    """Load a key with a function of cryptography; without a password if the key is not encrypted."""
    try:
        key = load(octets, password, unsafe_skip_rsa_key_validation=True)
    except CRYPTOGRAPHY_REFUSES as error:
        raise _refusal(error, encrypted=password is not None) from None
    return _accepted(key)


def _refusal(error: Exception, *, encrypted: bool) -> Exception:
    if isinstance(error, UnsupportedAlgorithm):
        return UnsupportedKey(f"The private key, or its encryption, is of a kind that is not supported. {ALLOWED}")
    if encrypted:
        return WrongPassword("The password does not open the private key, or its encryption is of an unknown kind.")
    return UnreadableContainer("The private key can not be read: its bytes are damaged, or of an unknown format.")


def _accepted(key: object) -> PrivateKey:
    if not isinstance(key, PrivateKey):
        kind = type(key).__name__.removesuffix("PrivateKey")
        raise UnsupportedKey(f"A key of the type {kind} is not supported. {ALLOWED}")
    key_spec(key.public_key())
    if isinstance(key, rsa.RSAPrivateKey):
        # Only now, with the size known, are the primes tested: for this size the test is known to end.
        numbers = key.private_numbers()
        if numbers.p * numbers.q != numbers.public_numbers.n:
            raise InvalidKey("The numbers in the file make no RSA key.")
        return private_key_from_rsa_numbers(numbers.p, numbers.q, numbers.public_numbers.e, numbers.d)
    return key
