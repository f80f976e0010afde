"""
Encryption under a password: PBES2 (RFC 8018), and the older schemes of PKCS#12 (RFC 7292 appendix C).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from kvlab.errors import UnreadableContainer, WrongPassword
from kvlab.x509.der import NULL, OCTET_STRING, SEQUENCE
from kvlab.x509.derivation import HMAC_SHA1, PBES2, PBKDF2
from kvlab.x509.element import encode, encode_identifier, encode_integer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kvlab.x509.derivation import Derivation

CLOSED = "The password does not open the PKCS#12 file."
"""What is said of a wrong password, wherever it shows."""

_UNKNOWN = "The PKCS#12 file is encrypted, or authenticated, in a way that is not supported."

# Content octets of object identifiers.
_HMAC_SHA256 = bytes.fromhex("2a864886f70d0209")  # 1.2.840.113549.2.9
_AES256_CBC = bytes.fromhex("60864801650304012a")  # 2.16.840.1.101.3.4.1.42
_PKCS12_PBE = bytes.fromhex("2a864886f70d010c01")  # 1.2.840.113549.1.12.1, RFC 7292 appendix C

PRFS = {
    HMAC_SHA1: "sha1",
    bytes.fromhex("2a864886f70d0208"): "sha224",
    _HMAC_SHA256: "sha256",
    bytes.fromhex("2a864886f70d020a"): "sha384",
    bytes.fromhex("2a864886f70d020b"): "sha512",
}
"""The hashes of HMAC, by its object identifier."""


class _Scheme(NamedTuple):
    """A cipher in CBC mode or RC4: octets of its key, and of the IV that is derived with it."""

    cipher: str
    key_length: int
    iv_length: int = 0


_SCHEMES = {
    bytes.fromhex("608648016503040102"): _Scheme("AES", 16),
    bytes.fromhex("608648016503040116"): _Scheme("AES", 24),
    _AES256_CBC: _Scheme("AES", 32),
    bytes.fromhex("2a864886f70d0307"): _Scheme("3DES", 24),
    _PKCS12_PBE + b"\x01": _Scheme("RC4", 16),
    _PKCS12_PBE + b"\x02": _Scheme("RC4", 5),
    _PKCS12_PBE + b"\x03": _Scheme("3DES", 24, 8),
    _PKCS12_PBE + b"\x04": _Scheme("3DES", 16, 8),
    _PKCS12_PBE + b"\x05": _Scheme("RC2", 16, 8),
    _PKCS12_PBE + b"\x06": _Scheme("RC2", 5, 8),
}


class Password(NamedTuple):
    """
    A password as PBES2 takes it, and as the schemes of PKCS#12 do: UTF-16 with two zero octets behind.

    Of an empty password tools have two opinions: two zero octets (RFC 7292 appendix B.1), or none at all.
    """

    octets: bytes
    bmp: bytes


def password_forms(password: bytes) -> list[Password]:
    """Return the forms in which a password (UTF-8) is to be tried, one after the other."""
    if not password:
        return [Password(b"", b"\0\0"), Password(b"", b"")]
    try:
        text = password.decode("utf-8")
    except UnicodeDecodeError:
        text = password.decode("latin-1")
    return [Password(password, text.encode("utf-16-be") + b"\0\0")]


def decrypt(how: Derivation, ciphertext: bytes, password: Password) -> bytes:
    """
    Decrypt what must be one SEQUENCE.

    Raises:
        WrongPassword: the password does not open it.
        UnreadableContainer: it is encrypted in an unknown way, or damaged.
    """
    scheme = _SCHEMES.get(how.cipher)
    own = how.cipher.startswith(_PKCS12_PBE)
    if scheme is None or own != (how.scheme == how.cipher):
        raise UnreadableContainer(_UNKNOWN)
    if own:
        key = pkcs12_key(1, how.salt, how.rounds, password, length=scheme.key_length)
        iv = pkcs12_key(2, how.salt, how.rounds, password, length=scheme.iv_length)
    else:
        key, iv = stretch(how, password, scheme.key_length), how.iv
    try:
        plain = _deciphered(scheme.cipher, key, iv, ciphertext)
    except ValueError:
        raise UnreadableContainer("What is encrypted in the PKCS#12 file is damaged.") from None
    padding = 0 if scheme.cipher == "RC4" else plain[-1]
    # Without a MAC, this is all that tells a wrong password: every plaintext is a SEQUENCE and padded.
    if plain[0] != SEQUENCE or plain[len(plain) - padding :] != bytes([padding]) * padding:
        raise WrongPassword(CLOSED)
    return plain[: len(plain) - padding]


def encrypt(plain: bytes, password: bytes, *, salt: bytes, iv: bytes, rounds: int) -> bytes:
    """
    Encrypt by PBES2 (RFC 8018 section 6.2): PBKDF2 with HMAC-SHA256, AES-256-CBC.

    Args:
        plain: octets of any length.
        password: octets, which may be none.
        salt: of the key derivation.
        iv: 16 octets.
        rounds: of the key derivation.

    Returns:
        DER of an AlgorithmIdentifier and the ciphertext, as an EncryptedPrivateKeyInfo (RFC 5958 section 3) has them.
    """
    prf = encode_identifier(_HMAC_SHA256, encode(NULL))
    kdf = encode_identifier(PBKDF2, encode(SEQUENCE, encode(OCTET_STRING, salt), encode_integer(rounds), prf))
    cipher = encode_identifier(_AES256_CBC, encode(OCTET_STRING, iv))
    how = encode_identifier(PBES2, encode(SEQUENCE, kdf, cipher))
    key = hashlib.pbkdf2_hmac("sha256", password, salt, rounds, 32)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    padding = 16 - len(plain) % 16
    ciphertext = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
    return encode(SEQUENCE, how, encode(OCTET_STRING, ciphertext))


def hash_name(table: Mapping[bytes, str], kind: bytes) -> str:
    """
    Look up the name of a hash for ``hashlib``.

    Raises:
        UnreadableContainer: the table has no such object identifier.
    """
    if kind not in table:
        raise UnreadableContainer(_UNKNOWN)
    return table[kind]


def stretch(how: Derivation, password: Password, length: int) -> bytes:
    """
    Derive a key of ``length`` octets by PBKDF2 (RFC 8018 section 5.2) or scrypt (RFC 7914).

    Raises:
        UnreadableContainer: another derivation, or parameters that do not fit together.
    """
    if how.costs:
        n, r, p = how.costs
        try:
            return Scrypt(how.salt, length, n, r, p).derive(password.octets)
        except ValueError:
            raise UnreadableContainer("The parameters of scrypt do not fit together.") from None
    if how.scheme != PBKDF2 or not length:
        raise UnreadableContainer(_UNKNOWN)
    return hashlib.pbkdf2_hmac(hash_name(PRFS, how.prf), password.octets, how.salt, how.rounds, length)


def pkcs12_key(
    purpose: int, salt: bytes, rounds: int, password: Password, *, name: str = "sha1", length: int | None = None
) -> bytes:
    """
    Derive a key by the function of RFC 7292 appendix B.2.

    Args:
        purpose: 1 for a key, 2 for an IV, 3 for a MAC.
        salt: octets.
        rounds: how often to hash.
        password: its UTF-16 form is used.
        name: the hash.
        length: octets wanted; None for those of one hash.
    """
    make = getattr(hashlib, name)
    block = make().block_size
    wanted = make().digest_size if length is None else length
    mixed = _filled(salt, block) + _filled(password.bmp, block)
    key = b""
    while len(key) < wanted:
        digest = bytes([purpose]) * block + mixed
        for _ in range(rounds):
            digest = make(digest).digest()
        key += digest
        addend = int.from_bytes(_filled(digest, block), "big") + 1
        parts = [int.from_bytes(mixed[at : at + block], "big") + addend for at in range(0, len(mixed), block)]
        mixed = b"".join((part % (1 << 8 * block)).to_bytes(block, "big") for part in parts)
    return key[:wanted]


def _filled(pattern: bytes, block: int) -> bytes:
    """Repeat octets up to a multiple of the block; none stay none."""
    wanted = -(-len(pattern) // block) * block
    return (pattern * (block if len(pattern) < block else 2))[:wanted]


def _deciphered(cipher: str, key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    if not ciphertext:
        raise ValueError("empty")
    if cipher in ("RC2", "RC4"):
        from Crypto.Cipher import ARC2, ARC4  # noqa: PLC0415  only old files need it

        if cipher == "RC4":
            return bytes(ARC4.new(key).decrypt(ciphertext))
        return bytes(ARC2.new(key, ARC2.MODE_CBC, iv, effective_keylen=8 * len(key)).decrypt(ciphertext))  # noqa: S304
    # Two-key 3DES uses its first key again as the third.
    algorithm = algorithms.AES(key) if cipher == "AES" else TripleDES((key + key)[:24])
    decryptor = Cipher(algorithm, modes.CBC(iv)).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()
