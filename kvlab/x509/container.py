"""Files that hold certificates, requests and keys: PEM, DER and PKCS#7, and telling them apart."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509

from kvlab.errors import ExcessiveWork, LegacyKeyFormat, MalformedElement, UnreadableContainer
from kvlab.x509.der import BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET
from kvlab.x509.element import CONTEXT_0, encode, outermost, refuse_long_file
from kvlab.x509.key import CRYPTOGRAPHY_REFUSES, key_format, load_private_key, private_key_pem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kvlab.x509.der import Element, Reader
    from kvlab.x509.key import PrivateKey

MOST_BLOCKS = 1000
"""PEM blocks or certificates in one file; the trust store of an operating system has about 150."""

_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")
_REQUEST_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_PKCS7_LABELS = ("PKCS7", "CMS", "PKCS #7 SIGNED DATA")

DATA = bytes.fromhex("2a864886f70d010701")  # 1.2.840.113549.1.7.1
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2

_BOUNDARY = re.compile(rb"-----(BEGIN|END) ([^\r\n-]{1,64})-----")
_STRAY_END = re.compile(rb"-----END [^\r\n-]{1,64}-----")


@dataclass(frozen=True, slots=True)
class PemBlock:
    """
    One block of a PEM text (RFC 7468).

    Attributes:
        label: the words between ``BEGIN`` and the dashes.
        der: the decoded octets; not DER but ciphertext if a header says so.
        headers: name and value of each header (RFC 1421 section 4.6), such as ``Proc-Type``; usually none.
    """

    label: str
    der: bytes
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def encrypted(self) -> bool:
        """Whether a password is needed."""
        return self.label.startswith("ENCRYPTED ") or any("ENCRYPTED" in value for _, value in self.headers)


@dataclass(frozen=True, slots=True)
class Contents:
    """
    What an import brings.

    Attributes:
        key: the private key, or None.
        certificates_der: of a PFX the leaf first, the others as in the file; of a PEM file as in the file.
        file_order: the same certificates as in the file, the leaf where it stands there.
        friendly_name: of the leaf or key in a PFX; may be empty.
    """

    key: PrivateKey | None
    certificates_der: list[bytes]
    file_order: list[bytes]
    friendly_name: str = ""


def pem(label: str, der: bytes) -> str:
    """Write one PEM block: 64 columns, LF, also at the end (RFC 7468 section 2)."""
    text = binascii.b2a_base64(der, newline=False).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def pem_certificate(der: bytes) -> str:
    """Write a certificate as PEM."""
    return pem("CERTIFICATE", der)


def pem_request(der: bytes) -> str:
    """Write a certification request as PEM."""
    return pem("CERTIFICATE REQUEST", der)


def pem_p7b(certificates_der: Sequence[bytes]) -> str:
    """Write certificates as PKCS#7 in PEM; order and contents as `write_p7b`."""
    return pem("PKCS7", write_p7b(certificates_der))


def pem_blocks(text: str | bytes) -> list[PemBlock]:
    """
    Read every block of a PEM text.

    Text around blocks is skipped, and within one white space counts for nothing, so a block on one line is read too.

    Returns:
        The blocks in their order; none if the text has none.

    Raises:
        UnreadableContainer: a block without its end, an end without its block, labels that differ, bad base64.
        ExcessiveWork: over `MAX_FILE_OCTETS` or `MOST_BLOCKS`.
    """
    octets = _octets(text)
    boundaries = _BOUNDARY.finditer(octets)
    blocks: list[PemBlock] = []
    for begin in boundaries:
        label = begin[2].decode("utf-8", "replace")
        if begin[1] == b"END":
            raise UnreadableContainer(f"The line '-----END {label}-----' stands without its BEGIN.")
        end = next(boundaries, None)
        if end is None or end[1] == b"BEGIN":
            raise UnreadableContainer(f"The line '-----END {label}-----' is missing.")
        if end[2] != begin[2]:
            other = end[2].decode("utf-8", "replace")
            raise UnreadableContainer(f"A block begins as '{label}' and ends as '{other}'.")
        if len(blocks) == MOST_BLOCKS:
            raise ExcessiveWork(f"The text holds more than {MOST_BLOCKS} PEM blocks.")
        blocks.append(_block(label, octets[begin.end() : end.start()]))
    return blocks


def load_certificates(data: bytes | str) -> list[bytes]:
    """
    Read certificates in whatever form they come.

    Args:
        data: a DER certificate, PEM of one or many, PKCS#7 in DER or PEM, or base64 of any of these: with any white
            space, without padding, with a stray ``-----END …-----`` left on it, or base64 of base64, as clients send.
            Other PEM blocks, such as keys, are skipped.

    Returns:
        DER certificates, at least one, in the order of the file. Each one loads; nothing else of it is checked.

    Raises:
        UnreadableContainer: there is none, or something in it is broken.
        ExcessiveWork: over `MAX_FILE_OCTETS` or `MOST_BLOCKS`.
    """
    found: list[bytes] = []
    for block in _unwrapped(_octets(data)):
        if block.label in ("", *_CERTIFICATE_LABELS, *_PKCS7_LABELS):
            found += _block_certificates(block)
    if not found:
        raise UnreadableContainer("The file holds no certificate.")
    return found


def load_request(data: bytes | str) -> bytes:
    """
    Read one certification request (RFC 2986) from DER, PEM with either label, or base64 of them.

    Returns:
        DER. It loads; its signature is not checked.

    Raises:
        UnreadableContainer: there is none, there are several, or it is broken.
        ExcessiveWork: over `MAX_FILE_OCTETS`.
    """
    found = [block.der for block in _unwrapped(_octets(data)) if block.label in ("", *_REQUEST_LABELS)]
    if len(found) != 1:
        raise UnreadableContainer(f"The file holds {len(found) or 'no'} certification requests; there must be one.")
    return _loadable(found[0], x509.load_der_x509_csr, "certification request")


def read_pem_import(text: str, password: bytes | None) -> Contents:
    """
    Read the PEM text of a certificate import as strictly as the service does.

    Args:
        text: one or more certificates and one PKCS#8 key, in any order, with LF line ends.
        password: for ``ENCRYPTED PRIVATE KEY``; ignored for a key that is not.

    Returns:
        Certificates in the order of the file, at least one. Whether one belongs to the key is not checked.

    Raises:
        LegacyKeyFormat: a key that is not PKCS#8.
        WrongPassword: the key is encrypted and the password, or its absence, does not open it.
        UnsupportedKey: of a type, size or curve that the vault does not take.
        UnreadableContainer: carriage returns, no key, several keys, no certificate, or a broken block.
        ExcessiveWork: so long, or with so many rounds of key derivation, that it is refused.
    """
    blocks = pem_blocks(text)
    if "\r" in text:
        raise UnreadableContainer("The text has CR LF line ends; only LF is taken.")
    key = _import_key([block for block in blocks if block.label.endswith("PRIVATE KEY")], password)
    certificates = [block.der for block in blocks if block.label in _CERTIFICATE_LABELS]
    if not certificates:
        raise UnreadableContainer("The text holds no certificate.")
    for der in certificates:
        check_certificate(der)
    return Contents(key, certificates, list(certificates))


def write_pem(key: PrivateKey | None, certificates_der: Sequence[bytes]) -> str:
    """
    Write a managed secret of the type ``application/x-pem-file``.

    Args:
        key: written first, as PKCS#8; None for a certificate whose key is not exportable.
        certificates_der: leaf first.

    Returns:
        LF line ends and one LF at the end.
    """
    return (private_key_pem(key) if key else "") + "".join(map(pem_certificate, certificates_der))


def write_p7b(certificates_der: Sequence[bytes]) -> bytes:
    """
    Write certificates as PKCS#7: a SignedData without content and signers (RFC 2315 section 9).

    Returns:
        DER, but for one liberty that OpenSSL takes too: the set of certificates keeps the order given.
    """
    data = encode(SEQUENCE, encode(OBJECT_IDENTIFIER, DATA))
    signed = encode(SEQUENCE, b"\x02\x01\x01", encode(SET), data, encode(CONTEXT_0, *certificates_der), encode(SET))
    return encode(SEQUENCE, encode(OBJECT_IDENTIFIER, _SIGNED_DATA), encode(CONTEXT_0, signed))


def sniff(data: bytes) -> str:
    """
    Say what a file is, by its structure.

    Returns:
        ``pem``, or for DER ``certificate``, ``request``, ``pfx``, ``p7b`` or ``key``; else ``unknown``.

    Raises:
        ExcessiveWork: over `MAX_FILE_OCTETS`.
    """
    refuse_long_file(data)
    kind = _kind(data)
    return "pem" if kind == "unknown" and b"-----BEGIN " in data else kind


def check_certificate(der: bytes) -> None:
    """
    Refuse octets that do not load as an X.509 certificate.

    Raises:
        UnreadableContainer: they do not.
    """
    _loadable(der, x509.load_der_x509_certificate, "certificate")


def _octets(data: bytes | str) -> bytes:
    octets = data.encode("utf-8", "replace") if isinstance(data, str) else data
    refuse_long_file(octets)
    return octets


def _block(label: str, body: bytes) -> PemBlock:
    headers: list[tuple[str, str]] = []
    if b":" in body:
        head, _, body = body.strip().replace(b"\r\n", b"\n").partition(b"\n\n")
        for line in head.decode("utf-8", "replace").split("\n")[:MOST_BLOCKS]:
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
    try:
        der = binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
    except binascii.Error:
        hint = " It has the two characters \\n where lines should end." if b"\\n" in body else ""
        raise UnreadableContainer(f"What stands in the block '{label}' is not base64.{hint}") from None
    if not der:
        raise UnreadableContainer(f"The block '{label}' is empty.")
    return PemBlock(label, der, tuple(headers))


def _unwrapped(octets: bytes) -> list[PemBlock]:
    """Take off base64, at most thrice, until there is PEM or DER; DER becomes a block without a label."""
    for _ in range(4):
        if _is_der(octets):
            return [PemBlock("", octets)]
        if b"-----BEGIN " in octets:
            return pem_blocks(octets)
        octets = _without_base64(octets)
    raise UnreadableContainer("The file is neither PEM nor DER, nor base64 of them.")


def _is_der(octets: bytes) -> bool:
    try:
        return octets[:1] == b"\x30" and bool(outermost(octets))
    except (UnreadableContainer, ExcessiveWork):
        return False


def _without_base64(octets: bytes) -> bytes:
    text = b"".join(_STRAY_END.sub(b"", octets).split()).rstrip(b"=")
    try:
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        raise UnreadableContainer("The file is neither PEM nor DER, nor base64 of them.") from None


def _block_certificates(block: PemBlock) -> list[bytes]:
    if block.label in _CERTIFICATE_LABELS and _loads(block.der):
        return [block.der]
    kind = _kind(block.der)
    certificates = _p7b_certificates(block.der) if kind == "p7b" else [block.der]
    if kind not in ("p7b", "certificate", "unknown"):
        raise UnreadableContainer(f"The file holds a {kind} where certificates were expected.")
    for der in certificates:
        check_certificate(der)
    return certificates


def _p7b_certificates(der: bytes) -> list[bytes]:
    reader, root = outermost(der)
    try:
        content = reader.members(root)[1]
        signed = reader.members(reader.only_child(content[2], content[3]))
        found = [
            certificate
            for field in signed
            if field[0] == CONTEXT_0
            for certificate in reader.children(field[2], field[3])
            if certificate[0] == SEQUENCE
        ]
    except MalformedElement:
        raise UnreadableContainer("The PKCS#7 file is damaged.") from None
    if len(found) > MOST_BLOCKS:
        raise ExcessiveWork(f"The file holds more than {MOST_BLOCKS} certificates.")
    return [der[certificate[1] : certificate[4]] for certificate in found]


def _loads(der: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(der)
    except CRYPTOGRAPHY_REFUSES:
        return False
    return True


def _loadable(der: bytes, load: Callable[[bytes], object], kind: str) -> bytes:
    try:
        load(der)
    except CRYPTOGRAPHY_REFUSES:
        raise UnreadableContainer(f"The bytes are no {kind}, or a damaged one.") from None
    return der


def _import_key(blocks: Sequence[PemBlock], password: bytes | None) -> PrivateKey:
    formats = {"PRIVATE KEY": "PrivateKeyInfo", "ENCRYPTED PRIVATE KEY": "EncryptedPrivateKeyInfo"}
    for block in blocks:
        if block.label not in formats or block.headers:
            raise LegacyKeyFormat(block.label)
    if len(blocks) != 1:
        raise UnreadableContainer(f"The text holds {len(blocks) or 'no'} private keys; there must be one.")
    (block,) = blocks
    if key_format(block.der) != formats[block.label]:
        raise UnreadableContainer(f"What stands in the block '{block.label}' is no such PKCS#8 key.")
    return load_private_key(block.der, password)


def _kind(der: bytes) -> str:
    try:
        reader, root = outermost(der)
        members = reader.members(root)
        tags = [member[0] for member in members]
        if tags == [SEQUENCE, SEQUENCE, BIT_STRING]:
            return _signed_kind([member[0] for member in reader.members(members[0])])
        if tags[:2] == [OBJECT_IDENTIFIER, CONTEXT_0] and reader.content(members[0], tags[0]) == _SIGNED_DATA:
            return "p7b"
        if tags in ([INTEGER, SEQUENCE], [INTEGER, SEQUENCE, SEQUENCE]) and _is_content(reader, members[1]):
            return "pfx"
    except (UnreadableContainer, MalformedElement, ExcessiveWork):
        return "unknown"
    return "key" if key_format(der) else "unknown"


def _signed_kind(tags: list[int]) -> str:
    """Tell a certificate from a request and a revocation list by the tags of what is signed."""
    # Only a certificate's version is tagged, and left out in version 1 (RFC 5280 section 4.1).
    fields = tags[1:] if tags[:1] == [CONTEXT_0] else tags
    if fields[:6] == [INTEGER, *[SEQUENCE] * 5]:
        return "certificate"
    return (
        "request" if fields in ([INTEGER, SEQUENCE, SEQUENCE], [INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0]) else "unknown"
    )


def _is_content(reader: Reader, element: Element) -> bool:
    """Whether an element is the ContentInfo of a PKCS#12 file (RFC 7292 section 4)."""
    members = reader.members(element)
    return bool(members) and reader.content(members[0], OBJECT_IDENTIFIER) in (DATA, _SIGNED_DATA)
