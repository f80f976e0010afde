"""How a password becomes a key, as files state it, and the refusal of what would take too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvlab.errors import ExcessiveWork, UnreadableContainer
from kvlab.x509.der import INTEGER, SEQUENCE
from kvlab.x509.element import OCTET_TAGS, at_least, identifier, octets

if TYPE_CHECKING:
    from kvlab.x509.der import Element, Reader

MAX_ROUNDS = 1_000_000
"""Rounds of one key derivation; the most careful tools of today write 600,000."""

MAX_SCRYPT_OCTETS = 64 * 2**20
"""Memory of one scrypt derivation (RFC 7914 section 2: 128 N r octets); OpenSSL writes 16 MiB."""

# Content octets of object identifiers, RFC 8018 appendix C and RFC 7914 section 7.
PBES2 = bytes.fromhex("2a864886f70d01050d")  # 1.2.840.113549.1.5.13
PBMAC1 = bytes.fromhex("2a864886f70d01050e")  # 1.2.840.113549.1.5.14
PBKDF2 = bytes.fromhex("2a864886f70d01050c")  # 1.2.840.113549.1.5.12
SCRYPT = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
HMAC_SHA1 = bytes.fromhex("2a864886f70d0207")  # 1.2.840.113549.2.7


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


def read_derivation(reader: Reader, algorithm: Element) -> Derivation:
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
        iv = octets(reader, setting) if setting[0] in OCTET_TAGS else b""
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


def _scrypt_costs(numbers: list[int]) -> tuple[int, int, int]:
    if len(numbers) < 3 or min(numbers) < 1:
        raise UnreadableContainer("The parameters of scrypt are not three positive numbers.")
    n, r, p = numbers[:3]
    if 128 * n * r * p > MAX_SCRYPT_OCTETS:
        raise ExcessiveWork(f"scrypt is to use more than {MAX_SCRYPT_OCTETS:,} octets.")
    return n, r, p
