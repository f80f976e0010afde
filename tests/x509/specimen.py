"""Certificates and requests to inspect: made here in one call, or found in cryptography's own test vectors."""

import base64
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID

from kvlab.x509.explain import explain
from kvlab.x509.field import Field

KEY = ec.derive_private_key(0x5EED, ec.SECP256R1())
NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Contoso, Ltd"),
        x509.NameAttribute(NameOID.COMMON_NAME, "shop.contoso.com"),
    ]
)
VECTORS = Path(cryptography_vectors.__path__[0])
_BLOCK = re.compile(
    rb"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE|(?:NEW )?CERTIFICATE REQUEST)-----(.+?)-----END \1-----", re.DOTALL
)


def certificate(
    *extensions: tuple[x509.ExtensionType, bool], subject: x509.Name = NAME, serial: int = 0x4A1F, **changes
) -> bytes:
    """
    Make a self-signed certificate; ``changes`` are ``key``, ``not_before``, ``not_after``, ``padding``, ``hash``.
    """
    key = changes.get("key", KEY)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(changes.get("issuer", NAME))
        .serial_number(serial)
        .not_valid_before(changes.get("not_before", dt.datetime(2026, 6, 1, 9)))
        .not_valid_after(changes.get("not_after", dt.datetime(2026, 12, 17, 8, 59, 59)))
        .public_key(key.public_key())
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    repeatable = True if isinstance(key, ec.EllipticCurvePrivateKey) else None
    algorithm = changes.get("hash", hashes.SHA256())
    signed = builder.sign(key, algorithm, rsa_padding=changes.get("padding"), ecdsa_deterministic=repeatable)
    return signed.public_bytes(Encoding.DER)


def request(*extensions: tuple[x509.ExtensionType, bool], attributes: dict | None = None) -> bytes:
    """
    Make a certification request; ``attributes`` is OID -> UTF-8 value.
    """
    builder = x509.CertificateSigningRequestBuilder().subject_name(NAME)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    for oid, value in (attributes or {}).items():
        builder = builder.add_attribute(oid, value)
    return builder.sign(KEY, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


def vectors() -> Iterator[tuple[str, bytes]]:
    """
    Walk through every file of the vectors: its PEM blocks if it has any of a certificate or request, else all octets.
    """
    for path in sorted(VECTORS.rglob("*")):
        if not path.is_file():
            continue
        octets = path.read_bytes()
        name = path.relative_to(VECTORS).as_posix()
        blocks = [base64.b64decode(block[2]) for block in _BLOCK.finditer(octets)]
        yield from ((f"{name}#{number}", block) for number, block in enumerate(blocks or [octets]))


def tlv(tag: int, *contents: bytes) -> bytes:
    """
    Encode one element; a tag of several octets is given as one number.
    """
    content = b"".join(contents)
    size = len(content)
    header = tag.to_bytes((max(tag.bit_length(), 1) + 7) // 8, "big")
    if size < 0x80:
        return header + bytes([size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return header + bytes([0x80 | len(octets)]) + octets + content


def is_one_element(octets: bytes) -> bool:
    """
    Tell whether these octets are one element, tag to end, of definite length: a second opinion on the reader's.
    """
    at = 1
    if octets[0] & 0x1F == 0x1F:
        while octets[at] & 0x80:
            at += 1
        at += 1
    size = octets[at]
    at += 1
    if size > 0x80:
        count = size & 0x7F
        at, size = at + count, int.from_bytes(octets[at : at + count], "big")
    return at + size == len(octets)


def one(fields: list[Field], name: str, section: str | None = None) -> Field:
    """
    Return the only field of a name.
    """
    found = [field for field in fields if field.name == name and section in (None, field.section)]
    assert len(found) == 1, f"{len(found)} fields are called {name}"
    return found[0]


def values(fields: list[Field], name: str) -> list[str]:
    """
    Return the values of all fields of a name.
    """
    return [field.value for field in fields if field.name == name]


def problems(fields: list[Field]) -> dict[str, str]:
    """
    Return the problems, by name of the field.
    """
    return {field.name: field.problem for field in fields if field.problem}


def replaced(der: bytes, name: str, element: bytes) -> bytes:
    """
    Replace the element of a field, and mend the lengths of all that is around it.
    """
    field = one(explain(der), name, None)
    return rebuilt(der, 0, len(der), field.offset, element)


def rebuilt(der: bytes, start: int, end: int, offset: int, element: bytes) -> bytes:
    """
    Encode the element between ``start`` and ``end`` again, with another one in the place of the one at ``offset``.
    """
    if start == offset:
        return element
    head = start + 2 + (der[start + 1] & 0x7F if der[start + 1] >= 0x80 else 0)
    if not start < offset < end or not der[start] & 0x20:
        return der[start:end]
    parts, at = [], head
    while at < end:
        size = der[at + 1]
        stop = at + 2 + size
        if size >= 0x80:
            stop = at + 2 + (size & 0x7F)
            stop += int.from_bytes(der[at + 2 : stop], "big")
        parts.append(rebuilt(der, at, stop, offset, element))
        at = stop
    return tlv(der[start], *parts)


SAN = x509.SubjectAlternativeName([x509.DNSName("shop.contoso.com"), x509.DNSName("www.contoso.com")])
USAGE = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
LEAF = certificate(
    (USAGE, True),
    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    (x509.BasicConstraints(False, None), True),
    (SAN, False),
    (x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()), False),
)
REQUEST = request((USAGE, True), (SAN, False), attributes={AttributeOID.UNSTRUCTURED_NAME: b"web"})
