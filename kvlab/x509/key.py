"""Private and public keys: from numbers, from files, as JSON Web Keys, and whether they belong together."""

from __future__ import annotations

import base64
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
from kvlab.x509.der import INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kvlab.x509.der import Element

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

MAX_FILE_OCTETS = 5_000_000
"""A longer file is refused unread; the largest chain with its key is a hundredth of this."""

MAX_ROUNDS = 1_000_000
"""Rounds of one key derivation; the most careful tools of today write 600,000."""

MAX_SCRYPT_OCTETS = 64 * 2**20
"""Memory of one scrypt derivation (RFC 7914 section 2: 128 N r octets); OpenSSL writes 16 MiB."""

# A PKCS#8 RSA key of 4096 bits has 2.4 kB. The bound is so near because a DSA key of 20 kB, which nobody has but an
# attacker, takes cryptography minutes to load: its public half is computed then.
_MAX_KEY_OCTETS = 4096

_ALLOWED = "Allowed are RSA of 2048, 3072 or 4096 bits and EC on P-256, P-384, P-521 or P-256K."
_CRYPTOGRAPHY_REFUSES = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)
_KEY_BEGINS = re.compile(rb"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----")

_CONSTRUCTED = 0x20
_OCTET_TAGS = (OCTET_STRING, OCTET_STRING | _CONSTRUCTED, 0x80, 0xA0)

# Content octets of object identifiers, RFC 8018 appendix C and RFC 7914 section 7.
PBES2 = bytes.fromhex("2a864886f70d01050d")  # 1.2.840.113549.1.5.13
PBMAC1 = bytes.fromhex("2a864886f70d01050e")  # 1.2.840.113549.1.5.14
PBKDF2 = bytes.fromhex("2a864886f70d01050c")  # 1.2.840.113549.1.5.12
SCRYPT = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
HMAC_SHA1 = bytes.fromhex("2a864886f70d0207")  # 1.2.840.113549.2.7


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
        raise UnsupportedKey(f"An RSA key of {public_key.key_size} bits is not supported. {_ALLOWED}")
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        for crv, (curve, key_size) in CURVES.items():
            if curve.name == public_key.curve.name:
                return KeySpec("EC", key_size, crv)
        raise UnsupportedKey(f"An EC key on the curve {public_key.curve.name} is not supported. {_ALLOWED}")
    kind = type(public_key).__name__.removesuffix("PublicKey")
    raise UnsupportedKey(f"A key of the type {kind} is not supported. {_ALLOWED}")


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
    curve = _curve(crv)
    if scalar.bit_length() <= curve.key_size:
        try:
            return ec.derive_private_key(scalar, curve)
        except _CRYPTOGRAPHY_REFUSES:
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
        raise UnsupportedKey(f"An RSA key of {key_size} bits is not supported. {_ALLOWED}")
    # Primes of about the same size (FIPS 186-5 section 5.1): to test a much larger one takes seconds.
    if min(p, q, e, d) < 2 or max(e, d).bit_length() > key_size or 2 * max(p, q).bit_length() > key_size + 64:
        raise InvalidKey("The numbers make no RSA key.")
    try:
        remainders = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
        numbers = rsa.RSAPrivateNumbers(p, q, d, *remainders, rsa.RSAPublicNumbers(e, p * q))
        return numbers.private_key(unsafe_skip_rsa_key_validation=trusted)
    except _CRYPTOGRAPHY_REFUSES:
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
    except _CRYPTOGRAPHY_REFUSES:
        raise UnreadableContainer("The bytes are no unencrypted PKCS#8 private key.") from None
    if not isinstance(key, PrivateKey):
        raise UnsupportedKey(f"A key that is neither RSA nor EC is not supported. {_ALLOWED}")
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
    except _CRYPTOGRAPHY_REFUSES:
        pass
    raise UnsupportedKey(f"The public key can not be read. {_ALLOWED}")


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


def jwk(public_key: PublicKey) -> dict[str, str]:
    """
    Write a public key as a JSON Web Key (RFC 7518 section 6).

    Returns:
        ``kty``, ``n``, ``e``, or ``kty``, ``crv``, ``x``, ``y``: base64url without padding; coordinates have the full
        length of the curve's field.

    Raises:
        UnsupportedKey: the vault does not take such a key.
    """
    spec = key_spec(public_key)
    if isinstance(public_key, rsa.RSAPublicKey):
        modulus = public_key.public_numbers()
        return {"kty": "RSA", "n": _b64url(modulus.n), "e": _b64url(modulus.e)}
    point = public_key.public_numbers()
    length = (spec.key_size + 7) // 8
    return {"kty": "EC", "crv": f"{spec.crv}", "x": _b64url(point.x, length), "y": _b64url(point.y, length)}


def public_key_from_jwk(members: Mapping[str, object]) -> PublicKey:
    """
    Read the public half of a JSON Web Key; private members and unknown ones are ignored.

    Raises:
        UnsupportedKey: of a type, size or curve that the vault does not take.
        InvalidKey: a member is missing or malformed, or they make no key.
    """
    try:
        if _kty(members) == "EC":
            x, y = _number(members, "x"), _number(members, "y")
            return ec.EllipticCurvePublicNumbers(x, y, _curve(members.get("crv"))).public_key()
        n, e = _number(members, "n"), _number(members, "e")
        key = rsa.RSAPublicNumbers(e, n).public_key()
    except (*_CRYPTOGRAPHY_REFUSES,) as error:
        if isinstance(error, (InvalidKey, UnsupportedKey)):
            raise
        raise InvalidKey("The members of the JSON Web Key make no public key.") from None
    key_spec(key)
    return key


def private_key_from_jwk(members: Mapping[str, object]) -> PrivateKey:
    """
    Read a private JSON Web Key (RFC 7518 sections 6.2.2 and 6.3.2).

    RSA needs ``n``, ``e``, ``d``, ``p`` and ``q``: to find the primes from ``d`` alone can be made to take for ever.
    ``dp``, ``dq`` and ``qi`` follow from the others and are not read. EC needs ``d``; ``x`` and ``y`` must fit.

    Raises:
        UnsupportedKey: of a type, size or curve that the vault does not take.
        InvalidKey: a member is missing or malformed, or they do not fit together.
    """
    if _kty(members) == "RSA":
        n, e, d, p, q = (_number(members, name) for name in ("n", "e", "d", "p", "q"))
        if n != p * q:
            raise InvalidKey("n of the JSON Web Key is not the product of p and q.")
        return private_key_from_rsa_numbers(p, q, e, d)
    key = private_key_from_scalar(f"{members.get('crv')}", _number(members, "d"))
    if ("x" in members or "y" in members) and not keys_match(key, public_key_from_jwk(members)):
        raise InvalidKey("x and y of the JSON Web Key are not those of d.")
    return key


@dataclass(frozen=True, slots=True)
class Derivation:
    """
    How a password becomes the key of a cipher or a MAC; object identifiers are their DER content octets.

    Attributes:
        scheme: ``PBKDF2``, ``SCRYPT``, or the scheme itself where it fixes key derivation and cipher together.
        salt: at most 1024 octets.
        rounds: at most ``MAX_ROUNDS``; 1 for scrypt.
        length: octets of the key if they are stated, at most 64; else 0.
        costs: N, r and p of scrypt.
        prf: the pseudorandom function of PBKDF2.
        cipher: what the key is for; the scheme itself where that says it.
        iv: initialisation vector of the cipher; empty where the scheme derives it.
    """

    scheme: bytes
    salt: bytes
    rounds: int
    length: int
    costs: tuple[int, int, int] | None
    prf: bytes
    cipher: bytes
    iv: bytes


def derivation(reader: Reader, algorithm: Element) -> Derivation:
    """
    Read how a key is derived from a password, and refuse before anything is derived what would take too long.

    Args:
        reader: of the octets that ``algorithm`` stands in.
        algorithm: AlgorithmIdentifier of PBES2, PBMAC1 (RFC 8018), PBES1 or a PKCS#12 scheme (RFC 7292 appendix C).

    Raises:
        ExcessiveWork: more than ``MAX_ROUNDS`` rounds or ``MAX_SCRYPT_OCTETS``.
        UnreadableContainer, MalformedElement: it is none of these.
    """
    scheme, parameters = identifier(reader, algorithm)
    cipher, iv = scheme, b""
    if scheme in (PBES2, PBMAC1):
        kdf, use = at_least(2, reader.members(parameters))[:2]
        scheme, parameters = identifier(reader, kdf)
        cipher, setting = identifier(reader, use)
        iv = octets(reader, setting) if setting[0] in _OCTET_TAGS else b""
    first, *further = at_least(2, reader.members(parameters))
    numbers = [small_integer(reader, element) for element in further if element[0] == INTEGER]
    prfs = [identifier(reader, element)[0] for element in further if element[0] == SEQUENCE]
    costs = _scrypt_costs(numbers) if scheme == SCRYPT else None
    rounds = 1 if costs else check_rounds(numbers[0] if numbers else 0)
    length = max(numbers[3 if costs else 1 :], default=0)
    salt = octets(reader, first)
    # The longest key of a cipher is 32 octets, of a MAC 64.
    if length > 64 or len(salt) > 1024:
        raise ExcessiveWork("The salt of the key derivation, or the key, is too long.")
    return Derivation(scheme, salt, rounds, length, costs, prfs[0] if prfs else HMAC_SHA1, cipher, iv)


def check_rounds(rounds: int) -> int:
    """
    Return a count of key derivation rounds that is fit to be carried out.

    Raises:
        ExcessiveWork: more than ``MAX_ROUNDS``.
        UnreadableContainer: less than one.
    """
    if rounds > MAX_ROUNDS:
        raise ExcessiveWork(f"The password is to be hashed more than {MAX_ROUNDS:,} times.")
    if rounds < 1:
        raise UnreadableContainer("The count of key derivation rounds is not positive.")
    return rounds


def refuse_long_file(data: bytes) -> None:
    """
    Refuse what no key or chain needs.

    Raises:
        ExcessiveWork: longer than ``MAX_FILE_OCTETS``.
    """
    if len(data) > MAX_FILE_OCTETS:
        raise ExcessiveWork(f"The file has more than {MAX_FILE_OCTETS:,} octets.")


def outermost(der: bytes) -> tuple[Reader, Element]:
    """
    Read the one element that fills some octets, to look inside.

    Raises:
        UnreadableContainer: no element, several, or a cut off one.
    """
    reader = Reader(der)
    try:
        element = reader.only_child(0, len(der))
    except MalformedElement:
        element = None
    if element is None:
        raise UnreadableContainer("The bytes are no DER, or are cut off.")
    require_sound(reader)
    return reader, element


def require_sound(reader: Reader) -> None:
    """
    Refuse octets in which what was read so far is cut off or broken; BER is no fault.

    Raises:
        UnreadableContainer: they are.
    """
    if not all(length for _, length in reader.faults.values()):
        raise UnreadableContainer("The bytes are no DER, or are cut off.")


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


def identifier(reader: Reader, algorithm: Element) -> tuple[bytes, Element]:
    """
    Take an AlgorithmIdentifier apart: content octets of its object identifier, and its parameters.

    Without parameters, the object identifier's element stands for them.

    Raises:
        UnreadableContainer, MalformedElement: it is none.
    """
    members = at_least(1, reader.members(algorithm))
    return reader.content(members[0], OBJECT_IDENTIFIER), members[min(1, len(members) - 1)]


def at_least(count: int, members: list[Element]) -> list[Element]:
    """
    Return members of a structure, if there are enough.

    Raises:
        UnreadableContainer: there are not.
    """
    if len(members) < count:
        raise UnreadableContainer("A structure in the file lacks members.")
    return members


def octets(reader: Reader, element: Element) -> bytes:
    """
    Return the octets of an OCTET STRING, also one under the implicit tag [0], and in BER also one in pieces.

    Raises:
        UnreadableContainer, MalformedElement: it is none.
    """
    if element[0] not in _OCTET_TAGS:
        raise UnreadableContainer("A structure in the file has another type in place of octets.")
    if not element[0] & _CONSTRUCTED:
        return reader.der[element[2] : element[3]]
    pieces = reader.children(element[2], element[3])
    return b"".join(reader.content(piece, OCTET_STRING) for piece in pieces)


def small_integer(reader: Reader, element: Element) -> int:
    """
    Read an INTEGER of at most 8 octets.

    Raises:
        ExcessiveWork: it is longer; nothing that is counted in it can be done.
        MalformedElement: it is no INTEGER.
    """
    octets = reader.content(element, INTEGER)
    if len(octets) > 8:
        raise ExcessiveWork("A parameter of the key derivation is too large.")
    return int.from_bytes(octets, "big", signed=True)


def _scrypt_costs(numbers: list[int]) -> tuple[int, int, int]:
    if len(numbers) < 3 or min(numbers) < 1:
        raise UnreadableContainer("The parameters of scrypt are not three positive numbers.")
    n, r, p = numbers[:3]
    if 128 * n * r * p > MAX_SCRYPT_OCTETS:
        raise ExcessiveWork(f"scrypt is to use more than {MAX_SCRYPT_OCTETS:,} octets.")
    return n, r, p


def _kty(members: Mapping[str, object]) -> object:
    kty = members.get("kty")
    if kty not in ("RSA", "EC"):
        raise UnsupportedKey(f"The JSON Web Key's kty is neither RSA nor EC. {_ALLOWED}")
    return kty


def _curve(crv: object) -> ec.EllipticCurve:
    if not isinstance(crv, str) or crv not in CURVES:
        raise UnsupportedKey(f"The curve is not supported. {_ALLOWED}")
    return CURVES[crv].curve


def _b64url(number: int, length: int = 0) -> str:
    octets = number.to_bytes(length or (number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _number(members: Mapping[str, object], name: str) -> int:
    text = members.get(name)
    # 1024 characters are 6144 bits: more than any number of an RSA key of 4096.
    if not isinstance(text, str) or not 0 < len(text) <= 1024:
        raise InvalidKey(f"{name} of the JSON Web Key is missing, or is no base64url text of 1 to 1024 characters.")
    try:
        octets = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise InvalidKey(f"{name} of the JSON Web Key is no base64url text.") from None
    return int.from_bytes(octets, "big")


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
        raise UnsupportedKey(f"The private key is too long. {_ALLOWED}")
    encrypted = b",ENCRYPTED" in body
    if encrypted and not password:
        raise WrongPassword("The private key is encrypted; it needs a password.")
    text = b"-----BEGIN %b-----%b-----END %b-----\n" % (label, body, label)
    try:
        key = load_pem_private_key(text, password if encrypted else None, unsafe_skip_rsa_key_validation=True)
    except _CRYPTOGRAPHY_REFUSES as error:
        raise _refusal(error, encrypted=encrypted) from None
    return _accepted(key)


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
        raise UnsupportedKey(f"The private key is too long. {_ALLOWED}")
    try:
        key = load_der_private_key(der, password if encrypted else None, unsafe_skip_rsa_key_validation=True)
    except _CRYPTOGRAPHY_REFUSES as error:
        raise _refusal(error, encrypted=encrypted) from None
    return _accepted(key)


def _check_work(encrypted_der: bytes) -> None:
    reader, element = outermost(encrypted_der)
    try:
        derivation(reader, reader.members(element)[0])
    except MalformedElement:
        raise UnreadableContainer("The encryption of the private key can not be read.") from None


def _refusal(error: Exception, *, encrypted: bool) -> Exception:
    if isinstance(error, UnsupportedAlgorithm):
        return UnsupportedKey(f"The private key, or its encryption, is of a kind that is not supported. {_ALLOWED}")
    if encrypted:
        return WrongPassword("The password does not open the private key, or its encryption is of an unknown kind.")
    return UnreadableContainer("The private key can not be read: its bytes are damaged, or of an unknown format.")


def _accepted(key: object) -> PrivateKey:
    if not isinstance(key, PrivateKey):
        kind = type(key).__name__.removesuffix("PrivateKey")
        raise UnsupportedKey(f"A key of the type {kind} is not supported. {_ALLOWED}")
    key_spec(key.public_key())
    if isinstance(key, rsa.RSAPrivateKey):
        # Only now, with the size known, are the primes tested: for this size the test is known to end.
        numbers = key.private_numbers()
        if numbers.p * numbers.q != numbers.public_numbers.n:
            raise InvalidKey("The numbers in the file make no RSA key.")
        return private_key_from_rsa_numbers(numbers.p, numbers.q, numbers.public_numbers.e, numbers.d)
    return key
