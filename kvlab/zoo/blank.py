"""
A certificate as its parts, each DER already, so that any of them can be wrong: no library refuses to write it.

Source: RFC 5280 section 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kvlab.x509.der import INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE
from kvlab.x509.element import CONTEXT_0, encode, encode_integer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kvlab.x509.key import PrivateKey

BIT_STRING, BOOLEAN, UTC_TIME, GENERALIZED_TIME, EXTENSIONS = 0x03, 0x01, 0x17, 0x18, 0xA3

TRUE = encode(BOOLEAN, b"\xff")
FALSE = encode(BOOLEAN, b"\x00")
ODD_TRUE = encode(BOOLEAN, b"\x01")
"""BER allows it, DER does not (X.690 11.1)."""

V3 = encode(CONTEXT_0, encode_integer(2))
V1 = b""
"""Version 1 is the default, which DER leaves out."""

ECDSA_SHA256 = encode(SEQUENCE, bytes.fromhex("06082a8648ce3d040302"))
ECDSA_SHA384 = encode(SEQUENCE, bytes.fromhex("06082a8648ce3d040303"))
ECDSA_SHA1 = encode(SEQUENCE, bytes.fromhex("06072a8648ce3d0401"))


@dataclass(frozen=True)
class Blank:
    """
    A certificate that nobody has signed yet.

    Attributes:
        serial_number, issuer, not_before, not_after, subject, public_key: DER elements.
        extensions: whole Extension elements, in order; the names are only for those who change one.
        version: DER, with its tag; empty for version 1.
        algorithm: inside the signed part.
        outer_algorithm: beside the signature; None for the same.
    """

    serial_number: bytes
    issuer: bytes
    not_before: bytes
    not_after: bytes
    subject: bytes
    public_key: bytes
    extensions: Mapping[str, bytes]
    version: bytes = V3
    algorithm: bytes = ECDSA_SHA256
    outer_algorithm: bytes | None = None

    def having(self, **changes: Any) -> Blank:
        """Return the same with other parts; a part named as an extension is one, and None takes it out."""
        parts = {name: value for name, value in changes.items() if name in self.__dataclass_fields__}
        changed = {name: value for name, value in changes.items() if name not in parts}
        extensions = {**parts.pop("extensions", self.extensions), **changed}
        kept = {name: value for name, value in extensions.items() if value is not None}
        return replace(self, extensions=kept, **parts)

    def signed(self, key: PrivateKey) -> bytes:
        """Sign it, with repeatable nonces: DER."""
        extensions = encode(EXTENSIONS, encode(SEQUENCE, *self.extensions.values())) if self.extensions else b""
        to_be_signed = encode(
            SEQUENCE,
            self.version,
            self.serial_number,
            self.algorithm,
            self.issuer,
            encode(SEQUENCE, self.not_before, self.not_after),
            self.subject,
            self.public_key,
            extensions,
        )
        return with_signature(to_be_signed, self.outer_algorithm or self.algorithm, _sign(to_be_signed, self, key))


def with_signature(to_be_signed: bytes, algorithm: bytes, signature: bytes) -> bytes:
    """Put a signed part, an algorithm and a signature together: DER."""
    return encode(SEQUENCE, to_be_signed, algorithm, encode(BIT_STRING, b"\x00", signature))


def extension(value: x509.ExtensionType, *, critical: bool = False) -> bytes:
    """Write an extension as it should be."""
    return raw_extension(value.oid.dotted_string, value.public_bytes(), TRUE if critical else b"")


def raw_extension(oid: str, value: bytes, critical: bytes = b"") -> bytes:
    """
    Write an extension of any content.

    Args:
        oid: dotted.
        value: octets inside the OCTET STRING.
        critical: the BOOLEAN element; empty leaves it out.
    """
    return encode(SEQUENCE, object_identifier(oid), critical, encode(OCTET_STRING, value))


def object_identifier(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER (X.690 section 8.19)."""
    first, second, *others = map(int, dotted.split("."))
    return encode(OBJECT_IDENTIFIER, *map(_base_128, (40 * first + second, *others)))


def utc_time(instant: datetime) -> bytes:
    """Write a UTCTime, as RFC 5280 wants it until 2049."""
    return encode(UTC_TIME, f"{instant:%y%m%d%H%M%S}Z".encode())


def generalized_time(instant: datetime) -> bytes:
    """Write a GeneralizedTime, as RFC 5280 wants it from 2050 on."""
    return encode(GENERALIZED_TIME, f"{instant:%Y%m%d%H%M%S}Z".encode())


def integer(octets: bytes) -> bytes:
    """Write an INTEGER of these very octets, negative or not."""
    return encode(INTEGER, octets)


def name(text: str) -> bytes:
    """Write a Name from RFC 4514 text, most significant part first; empty for an empty one."""
    parts = [x509.RelativeDistinguishedName(list(rdn)) for rdn in x509.Name.from_rfc4514_string(text).rdns]
    return x509.Name(parts).public_bytes()


def spki(key: PrivateKey) -> bytes:
    """Write a SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _sign(to_be_signed: bytes, blank: Blank, key: PrivateKey) -> bytes:
    digest = {ECDSA_SHA1: hashes.SHA1(), ECDSA_SHA384: hashes.SHA384()}.get(blank.algorithm, hashes.SHA256())  # noqa: S303  one specimen is about it
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(to_be_signed, padding.PKCS1v15(), digest)
    return key.sign(to_be_signed, ec.ECDSA(digest, deterministic_signing=True))


def _base_128(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(number & 0x7F | 0x80)
    return bytes(reversed(octets))
