"""What stands in a file: certificates, requests and keys, each as fields; a private key is only ever described."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kvlab.errors import (
    LegacyKeyFormat,
    MalformedElement,
    UnreadableContainer,
    UnsupportedKey,
    WrongPassword,
    X509Error,
)
from kvlab.x509.container import PemBlock, load_certificates, pem, pem_blocks, sniff
from kvlab.x509.explain import explain, explain_certificate, explain_request
from kvlab.x509.field import Field, Inspection
from kvlab.x509.key import key_format, key_spec, load_private_key, public_key_der
from kvlab.x509.key_fields import public_key_fields
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kvlab.x509.container import Contents
    from kvlab.x509.key import PrivateKey

_LONGEST_PUBLIC_KEY = 4096

_LABELS = {
    "CERTIFICATE": "certificate",
    "X509 CERTIFICATE": "certificate",
    "TRUSTED CERTIFICATE": "certificate",
    "CERTIFICATE REQUEST": "request",
    "NEW CERTIFICATE REQUEST": "request",
    "PKCS7": "p7b",
    "CMS": "p7b",
    "PKCS #7 SIGNED DATA": "p7b",
    "PUBLIC KEY": "public key",
}
"""PEM label -> what the block holds; a label that ends with PRIVATE KEY is a private key."""


@dataclass(slots=True)
class Found:
    """
    One object of a file.

    Attributes:
        kind: ``certificate``, ``request``, ``private key``, ``public key`` or ``other``.
        fields: what is to be shown of it.
        der: of the object, without what follows it; empty for a private key.
        key_der: SubjectPublicKeyInfo of a private key that could be opened; None otherwise.
        fault: why it could not be read; empty if it could.
        rest: octets that follow it where it stood: for a tool that judges them, and shown nowhere.
        number: its place among those of its kind in the file, from 1.
    """

    kind: str
    fields: list[Field]
    der: bytes = b""
    key_der: bytes | None = None
    fault: str = ""
    rest: bytes = b""
    number: int = 0

    def public_key(self) -> bytes | None:
        """Return the DER SubjectPublicKeyInfo in it, an EC point uncompressed; None if there is none."""
        places = [field for field in self.fields if field.name == "subjectPublicKeyInfo" and field.offset is not None]
        if self.key_der or not places:
            return self.key_der
        start, length = places[0].offset or 0, places[0].length or 0
        octets = self.der[start : start + length]
        if len(octets) <= _LONGEST_PUBLIC_KEY:
            try:
                return public_key_der(load_der_public_key(octets))
            except (ValueError, TypeError, UnsupportedAlgorithm):
                pass
        return octets


def read_objects(data: bytes, password: bytes | None, open_pfx: Callable[[bytes], Contents]) -> list[Found]:
    """
    Read whatever a file holds.

    Args:
        data: PEM with any blocks, DER of a certificate, request, private key, PFX or PKCS#7, or base64 of one of these.
        password: for encrypted PEM and DER keys; None leaves them closed.
        open_pfx: reads a PFX, and knows where to get its password.

    Returns:
        At least one object; of a PFX or PKCS#7 every part. A block of a PEM file that can not be read has a ``fault``.

    Raises:
        X509Error: nothing in it can be read.
    """
    found = _read(data, password, open_pfx, wrapped=True)
    counts: dict[str, int] = {}
    for thing in found:
        thing.number = counts[thing.kind] = counts.get(thing.kind, 0) + 1
    return found


def _read(data: bytes, password: bytes | None, open_pfx: Callable[[bytes], Contents], *, wrapped: bool) -> list[Found]:
    match sniff(data):
        case "pem":
            blocks = pem_blocks(data)
            if not blocks:
                raise UnreadableContainer("The file has a line that begins a PEM block, but no block.")
            return [thing for block in blocks for thing in _block(block, password)]
        case "pfx":
            return _contents(open_pfx(data))
        case "p7b":
            return _certificates(load_certificates(data))
        case "key":
            return [_private_key(data, data, password)]
        case "unknown" if wrapped and data[:1] != b"\x30":
            return _read(_base64(data), password, open_pfx, wrapped=False)
    return [_lone(data)]


def _base64(data: bytes) -> bytes:
    """Decode bare base64, as a vault's answers carry it."""
    if not data.strip():
        raise UnreadableContainer("There is nothing but white space in it.")
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        raise UnreadableContainer("The file is neither PEM nor DER, nor base64 of them.") from None


def readable(der: bytes) -> Found:
    """
    Read a certificate or request, whichever it is; what follows it is told of, and neither shown nor kept.

    Raises:
        X509Error: it is neither.
    """
    fields = explain(der)
    return _alone("request" if fields[0].section == "request" else "certificate", fields, der)


def _lone(der: bytes) -> Found:
    try:
        return Found("public key", _explain_public_key(der), der)
    except UnreadableContainer:
        return readable(der)


def _contents(contents: Contents) -> list[Found]:
    found = _certificates(contents.certificates_der)
    if contents.key:
        found.append(_opened(contents.key, visible(contents.friendly_name)))
    return found


def _certificates(certificates_der: Sequence[bytes]) -> list[Found]:
    return [_explained("certificate", der) for der in certificates_der]


def _block(block: PemBlock, password: bytes | None) -> list[Found]:
    if block.label.endswith("PRIVATE KEY"):
        return [_private_key(_pem_text(block), block.der, password, encrypted=block.encrypted)]
    kind = _LABELS.get(block.label, "other")
    if kind == "other":
        return [Found(kind, [_fact(kind, "label", visible(block.label)), _fact(kind, "octets", str(len(block.der)))])]
    # Some programs write a PKCS#7 file under the label CERTIFICATE.
    if kind == "p7b" or (kind == "certificate" and sniff(block.der) == "p7b"):
        try:
            return _certificates(load_certificates(block.der))
        except X509Error as error:
            return [_faulty("certificate", error)]
    found = _explained(kind, block.der)
    if block.label == "TRUSTED CERTIFICATE":
        found.fields, found.rest = [_trust_settings(field) for field in found.fields], b""
    return [found]


def _explained(kind: str, der: bytes) -> Found:
    try:
        return _alone(kind, _EXPLAIN[kind](der), der)
    except X509Error as error:
        return _faulty(kind, error)


def _trust_settings(field: Field) -> Field:
    """Take what follows a certificate for what `openssl x509 -trustout` writes there: what it is trusted for."""
    if (field.section, field.name) != ("encoding", "trailing"):
        return field
    return field._replace(value="what OpenSSL trusts it for (not shown)", problem=None)


def _alone(kind: str, fields: list[Field], der: bytes) -> Found:
    """Leave away octets that follow an object: where two files were joined, they may be the private key."""
    for place in range(len(fields) - 1, -1, -1):
        field = fields[place]
        if field.section != "encoding":
            break
        if field.name == "trailing":
            fields[place] = field._replace(value="(not shown)")
            end = len(der) - len(field.value) // 2
            return Found(kind, fields, der[:end], rest=der[end:])
    return Found(kind, fields, der)


def _explain_public_key(der: bytes) -> list[Field]:
    seen = Inspection(der)
    try:
        public_key_fields(seen, seen.only_child(0, len(der)))
    except MalformedElement as error:
        raise UnreadableContainer(f"This is no public key: {error}") from None
    return seen.fields()


def _faulty(kind: str, error: X509Error) -> Found:
    return Found(kind, [_fact("encoding", kind, "", f"{error}")], fault=f"{error}")


def _fact(section: str, name: str, value: str, problem: str | None = None) -> Field:
    return Field(section, name, value, None, None, None, None, problem)


def _private_key(data: bytes, der: bytes, password: bytes | None, *, encrypted: bool = False) -> Found:
    kind = "private key"
    if (encrypted or key_format(der) == "EncryptedPrivateKeyInfo") and password is None:
        return Found(kind, [_fact(kind, "type", "encrypted, not opened")])
    try:
        return _opened(load_private_key(data, password))
    except (UnsupportedKey, LegacyKeyFormat) as error:
        return Found(kind, [_fact(kind, "type", "not opened", f"{error}")])
    except WrongPassword as error:
        return Found(kind, [_fact(kind, "type", "encrypted, not opened", f"{error}")], fault=f"{error}")
    except X509Error as error:
        return _faulty(kind, error)


def _opened(key: PrivateKey, friendly_name: str = "") -> Found:
    spec = key_spec(key.public_key())
    text = f"EC {spec.crv}" if spec.crv else f"RSA {spec.key_size} bits"
    fields = [_fact("private key", "type", text)]
    if friendly_name:
        fields.append(_fact("private key", "friendlyName", friendly_name))
    return Found("private key", fields, key_der=public_key_der(key))


def _pem_text(block: PemBlock) -> bytes:
    """Write a block again, headers included, so that it can be read alone."""
    begin, _, rest = pem(block.label, block.der).partition("\n")
    headers = "".join(f"{name}: {value}\n" for name, value in block.headers)
    return "\n".join([begin, headers, rest] if headers else [begin, rest]).encode()


_EXPLAIN: dict[str, Callable[[bytes], list[Field]]] = {
    "certificate": explain_certificate,
    "request": explain_request,
    "public key": _explain_public_key,
}
