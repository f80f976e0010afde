"""
PKCS#12 files (RFC 7292), which Windows calls PFX.

They are read here and not by cryptography, which does not tell in what order the certificates stand, how many keys
there are, or how long opening the file will take before it is too late. They are written here because cryptography
refuses the empty password of a managed secret, and Java does not see a key that is not encrypted at all.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from kvlab.errors import ExcessiveWork, MalformedElement, UnreadableContainer, UnsupportedKey, WrongPassword
from kvlab.x509.container import DATA, MOST_BLOCKS, Contents, check_certificate
from kvlab.x509.der import NULL, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET
from kvlab.x509.derivation import PBMAC1, check_rounds, read_derivation, small_integer
from kvlab.x509.element import (
    CONTEXT_0,
    at_least,
    encode,
    encode_identifier,
    encode_integer,
    identifier,
    octets,
    outermost,
    refuse_long_file,
    require_sound,
)
from kvlab.x509.key import key_format, load_private_key, private_key_pkcs8_der, public_key_der, require_match
from kvlab.x509.pbe import CLOSED, PRFS, decrypt, encrypt, hash_name, password_forms, pkcs12_key, stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kvlab.x509.der import Element, Reader
    from kvlab.x509.derivation import Derivation
    from kvlab.x509.key import PrivateKey
    from kvlab.x509.pbe import Password

MAX_TOTAL_ROUNDS = 2_000_000
"""Rounds of all key derivations of one file together."""

_ROUNDS = 2048
"""Rounds written: with an empty password they protect nothing, and other programs write no fewer."""

_PROTECTED_ROUNDS = 100_000
"""Rounds of a PFX under a password, which make each guess at it take 30 ms."""

_BMP_STRING = 0x1E
_MOST_ATTRIBUTES = 32
_DEEPEST = 4

# Content octets of object identifiers.
_ENCRYPTED_DATA = bytes.fromhex("2a864886f70d010706")  # 1.2.840.113549.1.7.6
_BAG = bytes.fromhex("2a864886f70d010c0a01")  # 1.2.840.113549.1.12.10.1, and one octet more
_KEY_BAG, _SHROUDED_BAG, _CERTIFICATE_BAG, _SAFE_BAG = (_BAG + bytes([number]) for number in (1, 2, 3, 6))
_X509_CERTIFICATE = bytes.fromhex("2a864886f70d01091601")  # 1.2.840.113549.1.9.22.1
_FRIENDLY_NAME = bytes.fromhex("2a864886f70d010914")  # 1.2.840.113549.1.9.20
_LOCAL_KEY_ID = bytes.fromhex("2a864886f70d010915")  # 1.2.840.113549.1.9.21
_SHA256 = bytes.fromhex("608648016503040201")  # 2.16.840.1.101.3.4.2.1

_DIGESTS = {
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040204"): "sha224",
    _SHA256: "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}


class _Sealed(NamedTuple):
    """Octets that are encrypted under the password."""

    how: Derivation
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class _Bag:
    """A SafeBag that matters; with ``how``, its content is still encrypted."""

    kind: bytes
    content: bytes
    friendly_name: str
    local_key_id: bytes
    how: Derivation | None = None


class _Work:
    """What has been promised to be done for one file; more than the limits is refused beforehand."""

    def __init__(self) -> None:
        self._rounds = self._bags = 0

    def derive(self, how: Derivation) -> Derivation:
        self.hash(how.rounds)
        return how

    def hash(self, rounds: int) -> int:
        self._rounds += check_rounds(rounds)
        if self._rounds > MAX_TOTAL_ROUNDS:
            raise ExcessiveWork(f"The password is to be hashed more than {MAX_TOTAL_ROUNDS:,} times in all.")
        return rounds

    def count_bag(self) -> None:
        self._bags += 1
        if self._bags > MOST_BLOCKS:
            raise ExcessiveWork(f"The PKCS#12 file holds more than {MOST_BLOCKS} items.")


def read_pfx(data: bytes, password: bytes | None = None) -> Contents:
    """
    Read a PKCS#12 file.

    Args:
        data: DER or BER; integrity by password (HMAC or PBMAC1, RFC 9579) or none; encrypted by PBES2 with AES or 3DES,
            by the PKCS#12 schemes with 3DES, RC2 or RC4, or not at all.
        password: UTF-8; None and empty are the same, and open what was written with either idea of "no password".

    Returns:
        The key, None if there is none, and the certificates: the one of the key first, the others as in the file.

    Raises:
        WrongPassword: it, or its absence, does not open the file; or the file is damaged where only that shows.
        UnsupportedKey: of a type, size or curve that the vault does not take.
        UnreadableContainer: not PKCS#12, damaged, empty, with several keys, or encrypted in an unknown way.
        ExcessiveWork: longer than 5 MB, more than 1,000,000 rounds of one key derivation or 2,000,000 of all, or more
            than 1,000 items. It is raised before the first round of what is refused.
    """
    refuse_long_file(data)
    try:
        return _contents(_bags(data, password or b""))
    except MalformedElement:
        raise UnreadableContainer("The PKCS#12 file is damaged.") from None


def write_pfx(
    key: PrivateKey | None, certificates_der: Sequence[bytes], *, salt: bytes, friendly_name: str = ""
) -> bytes:
    """
    Write a managed secret of the type ``application/x-pkcs12``: a PFX with an empty password.

    The key is encrypted (PBES2 with AES-256) under the empty password all the same, since Java lists no other one; the
    certificates are not. OpenSSL, Java and cryptography open it with the password ``""``, cryptography also with None.

    Args:
        key: None for a certificate whose key is not exportable; the file then holds certificates only.
        certificates_der: leaf first.
        salt: at least 16 octets, other ones for each key; equal arguments give equal bytes.
        friendly_name: shown by other programs; empty leaves it out.

    Returns:
        DER.
    """
    name = [_attribute(_FRIENDLY_NAME, encode(_BMP_STRING, friendly_name.encode("utf-16-be", "replace")))]
    attributes = name if friendly_name else []
    if key:
        key_id = hashlib.sha1(public_key_der(key), usedforsecurity=False).digest()
        attributes = [*attributes, _attribute(_LOCAL_KEY_ID, encode(OCTET_STRING, key_id))]
    bags = [
        _bag(_CERTIFICATE_BAG, _certificate_bag(der), [] if index else attributes)
        for index, der in enumerate(certificates_der)
    ]
    safes = [_plain_content(encode(SEQUENCE, *bags))]
    if key:
        shrouded = _shrouded(private_key_pkcs8_der(key), salt)
        safes.append(_plain_content(encode(SEQUENCE, _bag(_SHROUDED_BAG, shrouded, attributes))))
    authenticated = encode(SEQUENCE, *safes)
    return encode(SEQUENCE, b"\x02\x01\x03", _plain_content(authenticated), _mac_data(authenticated, salt))


def write_protected_pfx(
    key: PrivateKey | None, certificates_der: Sequence[bytes], password: bytes, *, legacy: bool = False
) -> bytes:
    """
    Write a PFX under a password, with random salts: never the same bytes twice.

    Args:
        key: None for certificates only.
        certificates_der: leaf first; it must be the key's.
        password: UTF-8, not empty.
        legacy: encrypt with 3DES and SHA-1 for old programs, in place of AES-256 and SHA-256.

    Raises:
        WrongPassword: it is empty.
        KeyMismatch: the leaf is for another key.
        UnreadableContainer: a certificate does not load.
    """
    if not password:
        raise WrongPassword("A protected PKCS#12 file needs a password that is not empty.")
    for der in certificates_der:
        check_certificate(der)
    certificates = [x509.load_der_x509_certificate(der) for der in certificates_der]
    leaf = certificates.pop(0) if key and certificates else None
    if leaf:
        require_match(key, leaf)
    encryption = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(_PROTECTED_ROUNDS).hmac_hash(hashes.SHA256())
    encryption = encryption.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
    if legacy:
        encryption = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(_ROUNDS).hmac_hash(hashes.SHA1())  # noqa: S303
        encryption = encryption.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
    return pkcs12.serialize_key_and_certificates(None, key, leaf, certificates, encryption.build(password))


def _contents(bags: Sequence[_Bag]) -> Contents:
    keys = [bag for bag in bags if bag.kind != _CERTIFICATE_BAG]
    certificates = [bag for bag in bags if bag.kind == _CERTIFICATE_BAG]
    if len(keys) > 1:
        raise UnreadableContainer(f"The PKCS#12 file holds {len(keys)} private keys; there must be one at most.")
    if not bags:
        raise UnreadableContainer("The PKCS#12 file holds neither a certificate nor a private key.")
    for bag in certificates:
        check_certificate(bag.content)
    key = _private_key(keys[0].content) if keys else None
    leaf = _leaf(certificates, keys[0].local_key_id, public_key_der(key)) if key else None
    ordered = sorted(certificates, key=lambda bag: bag is not leaf)
    names = [bag.friendly_name for bag in ([leaf] if leaf else []) + (keys or certificates) if bag.friendly_name]
    return Contents(
        key, [bag.content for bag in ordered], [bag.content for bag in certificates], names[0] if names else ""
    )


def _private_key(der: bytes) -> PrivateKey:
    if key_format(der) != "PrivateKeyInfo":
        raise UnreadableContainer("The private key in the PKCS#12 file is damaged.")
    return load_private_key(der)


def _leaf(certificates: Sequence[_Bag], local_key_id: bytes, key_der: bytes) -> _Bag | None:
    """Find the certificate of the key; of several, such as a renewed one beside the old, the one that is marked."""
    candidates = [bag for bag in certificates if _public_key_der(bag.content) == key_der]
    marked = [bag for bag in candidates if local_key_id and bag.local_key_id == local_key_id]
    return next(iter(marked + candidates), None)


def _public_key_der(certificate_der: bytes) -> bytes | None:
    try:
        return public_key_der(x509.load_der_x509_certificate(certificate_der))
    except UnsupportedKey:
        return None


def _bags(data: bytes, password: bytes) -> list[_Bag]:
    """Find out what opening the file takes, check its integrity, and decrypt it."""
    work = _Work()
    reader, root = outermost(data)
    _, content, *mac = at_least(2, reader.members(root))
    authenticated = _data(reader, content)
    safes = _safes(authenticated, work)
    verify = _verifier(reader, mac[0], authenticated, work) if mac else None
    require_sound(reader)
    for attempt in password_forms(password):
        if verify and not verify(attempt):
            continue
        with suppress(WrongPassword):
            return _decrypted(safes, attempt, work)
    raise WrongPassword(CLOSED)


def _data(reader: Reader, content_info: Element) -> bytes:
    kind, content = at_least(2, reader.members(content_info))[:2]
    if reader.content(kind, OBJECT_IDENTIFIER) != DATA:
        raise UnreadableContainer("The PKCS#12 file is protected by a public key, or is of an unknown kind.")
    return octets(reader, reader.only_child(content[2], content[3]))


def _safes(authenticated: bytes, work: _Work) -> list[list[_Bag] | _Sealed]:
    """Read an AuthenticatedSafe (RFC 7292 section 4.1)."""
    reader, root = outermost(authenticated)
    safes: list[list[_Bag] | _Sealed] = []
    for content_info in reader.members(root):
        kind, content = at_least(2, reader.members(content_info))[:2]
        if reader.content(kind, OBJECT_IDENTIFIER) != _ENCRYPTED_DATA:
            safes.append(list(_safe_bags(_data(reader, content_info), work)))
            continue
        encrypted = reader.members(reader.only_child(content[2], content[3]))
        _, algorithm, ciphertext = at_least(3, reader.members(at_least(2, encrypted)[1]))[:3]
        safes.append(_Sealed(work.derive(read_derivation(reader, algorithm)), octets(reader, ciphertext)))
    require_sound(reader)
    return safes


def _safe_bags(contents: bytes, work: _Work, depth: int = 0) -> Iterator[_Bag]:
    """Read a SafeContents (RFC 7292 section 4.2); what is neither key nor certificate is skipped."""
    if depth > _DEEPEST:
        raise ExcessiveWork(f"The PKCS#12 file nests its contents more than {_DEEPEST} deep.")
    reader, root = outermost(contents)
    for safe_bag in reader.members(root):
        work.count_bag()
        kind, value, *attributes = at_least(2, reader.members(safe_bag))
        oid, inner = reader.content(kind, OBJECT_IDENTIFIER), reader.only_child(value[2], value[3])
        if oid == _SAFE_BAG:
            yield from _safe_bags(contents[inner[1] : inner[4]], work, depth + 1)
            continue
        content, how = _bag_content(reader, oid, inner, work)
        if content:
            yield _Bag(oid, content, *_names(reader, attributes), how)
    require_sound(reader)


def _bag_content(reader: Reader, kind: bytes, inner: Element, work: _Work) -> tuple[bytes, Derivation | None]:
    if kind == _KEY_BAG:
        return reader.der[inner[1] : inner[4]], None
    if kind == _SHROUDED_BAG:
        algorithm, ciphertext = at_least(2, reader.members(inner))[:2]
        return octets(reader, ciphertext), work.derive(read_derivation(reader, algorithm))
    if kind == _CERTIFICATE_BAG:
        form, value = at_least(2, reader.members(inner))[:2]
        if reader.content(form, OBJECT_IDENTIFIER) == _X509_CERTIFICATE:
            return octets(reader, reader.only_child(value[2], value[3])), None
    return b"", None


def _names(reader: Reader, attributes: Sequence[Element]) -> tuple[str, bytes]:
    """Return the friendly name and the local key id among the attributes of a bag; either may be empty."""
    found: dict[bytes, bytes] = {}
    for attribute in reader.members(attributes[0], SET)[:_MOST_ATTRIBUTES] if attributes else ():
        kind, values = at_least(2, reader.members(attribute))[:2]
        for value in reader.members(values, SET)[:1]:
            found[reader.content(kind, OBJECT_IDENTIFIER)] = reader.der[value[2] : value[3]]
    return found.get(_FRIENDLY_NAME, b"").decode("utf-16-be", "replace"), found.get(_LOCAL_KEY_ID, b"")


def _verifier(reader: Reader, mac_data: Element, authenticated: bytes, work: _Work) -> Callable[[Password], bool]:
    """Read a MacData (RFC 7292 section 4), and return what checks a password against it."""
    digest_info, *rest = at_least(1, reader.members(mac_data))
    algorithm, digest = at_least(2, reader.members(digest_info))[:2]
    expected = octets(reader, digest)
    kind, _ = identifier(reader, algorithm)
    if kind == PBMAC1:
        how = work.derive(read_derivation(reader, algorithm))
        name = hash_name(PRFS, how.cipher)
        make_key = partial(stretch, how, length=how.length)
    else:
        name = hash_name(_DIGESTS, kind)
        salt = octets(reader, at_least(1, rest)[0])
        rounds = work.hash(small_integer(reader, rest[1]) if rest[1:] else 1)
        make_key = partial(pkcs12_key, 3, salt, rounds, name=name)

    return lambda password: hmac.compare_digest(hmac.digest(make_key(password), authenticated, name), expected)


def _decrypted(safes: Sequence[list[_Bag] | _Sealed], password: Password, work: _Work) -> list[_Bag]:
    bags: list[_Bag] = []
    for safe in safes:
        bags += _safe_bags(decrypt(*safe, password), work) if isinstance(safe, _Sealed) else safe
    return [replace(bag, content=decrypt(bag.how, bag.content, password), how=None) if bag.how else bag for bag in bags]


def _plain_content(content: bytes) -> bytes:
    return encode(SEQUENCE, encode(OBJECT_IDENTIFIER, DATA), encode(CONTEXT_0, encode(OCTET_STRING, content)))


def _bag(kind: bytes, content: bytes, attributes: Sequence[bytes]) -> bytes:
    # The elements of a SET stand in the order of their octets (X.690 section 11.6).
    tail = [encode(SET, *sorted(attributes))] if attributes else []
    return encode(SEQUENCE, encode(OBJECT_IDENTIFIER, kind), encode(CONTEXT_0, content), *tail)


def _attribute(kind: bytes, value: bytes) -> bytes:
    return encode(SEQUENCE, encode(OBJECT_IDENTIFIER, kind), encode(SET, value))


def _certificate_bag(der: bytes) -> bytes:
    form = encode(OBJECT_IDENTIFIER, _X509_CERTIFICATE)
    return encode(SEQUENCE, form, encode(CONTEXT_0, encode(OCTET_STRING, der)))


def _shrouded(plain: bytes, salt: bytes) -> bytes:
    """Encrypt a PKCS#8 key under the empty password."""
    return encrypt(plain, b"", salt=_derived(salt, b"key salt"), iv=_derived(salt, b"key iv"), rounds=_ROUNDS)


def _mac_data(authenticated: bytes, salt: bytes) -> bytes:
    mac_salt = _derived(salt, b"mac salt")
    digest = encode(OCTET_STRING, hmac.digest(_mac_key(mac_salt, password_forms(b"")[0]), authenticated, "sha256"))
    info = encode(SEQUENCE, encode_identifier(_SHA256, encode(NULL)), digest)
    return encode(SEQUENCE, info, encode(OCTET_STRING, mac_salt), encode_integer(_ROUNDS))


@lru_cache(maxsize=128)
def _mac_key(salt: bytes, password: Password) -> bytes:
    """Derive a MAC's key; kept, since under the empty password it is no secret, and half the time of writing a PFX."""
    return pkcs12_key(3, salt, _ROUNDS, password, name="sha256")


def _derived(salt: bytes, label: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 16, salt=None, info=b"kvlab pfx " + label).derive(salt)
