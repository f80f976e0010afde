"""Facts read from certificates, requests and files: nothing is believed but bytes and signatures."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from kvlab.errors import X509Error
from kvlab.x509.container import pem_blocks
from kvlab.x509.key import PrivateKey, key_spec, load_private_key, public_key_der
from kvlab.x509.pfx import read_pfx

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Signed = x509.Certificate | x509.CertificateSigningRequest


class Bundle(NamedTuple):
    """What a file or a secret holds, in its order."""

    keys: list[PrivateKey]
    certificates: list[x509.Certificate]

    def __repr__(self) -> str:
        return f"Bundle({len(self.keys)} keys, {len(self.certificates)} certificates)"


def dns_names(source: Signed) -> list[str]:
    """Return the dNSName entries of the subject alternative name, in order."""
    try:
        names = source.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.get_values_for_type(x509.DNSName)


def same_names(found: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether these are the same host names, in any order; DNS knows no case."""
    return {name.lower() for name in found} == {name.lower() for name in wanted}


def is_named(names: Iterable[str], host: str) -> bool:
    """Whether one of the names is the host, or a star for its first label (RFC 9525 section 6.3)."""
    wanted = host.lower()
    return any(name.lower() in (wanted, f"*.{wanted.partition('.')[2]}") for name in names)


def answer_words(answer: object) -> list[str]:
    """
    Return the words of an answer: of a list or tuple each, of a text those between commas, blanks and brackets.

    A text is what the field under a task hands in, so it may be written as Python writes a list.
    """
    if isinstance(answer, (list, tuple, set, frozenset)):
        return [str(each) for each in answer]
    return re.findall(r"[^\s,;()\[\]{}'\"]+", answer) if isinstance(answer, str) else []


def key_words(source: object) -> str:
    """Return what kind of key it is, such as ``EC P-384`` or ``RSA 2048``."""
    try:
        spec = key_spec(source)
    except X509Error as error:
        return str(error)
    return f"{spec.kty} {spec.crv or spec.key_size}"


def fingerprint(source: object) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of the public key: equal for what belongs together."""
    return sha256(public_key_der(source)).hexdigest()[:16]


def is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's name stands there and its key made the signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def refusal(
    leaf: x509.Certificate,
    host: str,
    roots: Sequence[x509.Certificate],
    now: datetime,
    others: Sequence[x509.Certificate] = (),
) -> str:
    """
    Ask a verifier whether a client that trusts ``roots`` accepts a certificate for a host.

    Returns:
        Its sentence, if it refuses; else nothing.
    """
    try:
        client = PolicyBuilder().store(Store(list(roots))).time(now).build_server_verifier(x509.DNSName(host))
        client.verify(leaf, list(others))
    except (VerificationError, ValueError) as error:
        # What it was processing when it said so is the certificate's whole name.
        return str(error).partition(" (encountered")[0] or type(error).__name__
    return ""


def is_for_servers(certificate: x509.Certificate) -> bool:
    """Whether the extended key usage says serverAuth."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.SERVER_AUTH in usage


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether basic constraints say that its holder may sign certificates."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def months_of(certificate: x509.Certificate) -> int:
    """Return how long a certificate is valid, in months of 30.44 days, rounded."""
    days = (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days
    return round(days / 30.44)


def read_bundle(value: str) -> Bundle:
    """Read what a managed secret holds: PEM, or a PFX as base64 without a password; what can not be read is empty."""
    if "-----BEGIN" in value:
        return read_pem(value)
    try:
        contents = read_pfx(base64.b64decode(value))
    except (X509Error, binascii.Error, ValueError):
        return Bundle([], [])
    keys = [contents.key] if contents.key else []
    return Bundle(keys, [x509.load_der_x509_certificate(der) for der in contents.certificates_der])


def read_pem(text: str) -> Bundle:
    """Read the private keys and certificates of PEM text, in its order; blocks that can not be read are left out."""
    keys: list[PrivateKey] = []
    found: list[x509.Certificate] = []
    try:
        blocks = pem_blocks(text)
    except X509Error:
        return Bundle([], [])
    for block in blocks:
        try:
            if "PRIVATE KEY" in block.label:
                keys.append(load_private_key(block.der))
            elif block.label == "CERTIFICATE":
                found.append(x509.load_der_x509_certificate(block.der))
        except (X509Error, ValueError):
            continue
    return Bundle(keys, found)
