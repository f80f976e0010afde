"""
Certificate Transparency: the promises of two simulated logs that browsers want to find in a certificate.

Source: RFC 6962 sections 3.2 and 3.3 (signed certificate timestamps, and how a certificate holds them).
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from kvlab.x509.extension import der_length
from kvlab.x509.key import public_key_der

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from kvlab.x509.extension import Extension

LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")

_VERSION_1 = b"\x00"
_CERTIFICATE_TIMESTAMP = b"\x00"
_PRECERTIFICATE = b"\x00\x01"
_NO_EXTENSIONS = b"\x00\x00"
_SHA256_ECDSA = b"\x04\x03"


def timestamps(
    certificate_der: bytes,
    issuer_key: CertificatePublicKeyTypes,
    logs: Sequence[ec.EllipticCurvePrivateKey],
    now: datetime,
    *,
    seeded: bool,
) -> Extension:
    """
    Have a certificate logged, and return the extension that says so; it goes to the end of the certificate's.

    Args:
        certificate_der: the certificate as it will be, but for this extension: what RFC 6962 calls its precertificate,
            without the poison.
        issuer_key: of the CA that signs it.
        logs: P-256 keys.
        now: aware UTC instant.
        seeded: sign with RFC 6979 nonces.
    """
    certificate = x509.load_der_x509_certificate(certificate_der)
    tbs = certificate.tbs_certificate_bytes
    entry = hashlib.sha256(public_key_der(issuer_key)).digest() + len(tbs).to_bytes(3, "big") + tbs
    instant = struct.pack(">Q", int(now.timestamp()) * 1000)
    signed = _VERSION_1 + _CERTIFICATE_TIMESTAMP + instant + _PRECERTIFICATE + entry + _NO_EXTENSIONS
    promises = b"".join(_sized(_promise(log, signed, instant, seeded=seeded)) for log in logs)
    return x509.UnrecognizedExtension(LIST, _octet_string(_sized(promises))), False


def log_id(log: ec.EllipticCurvePrivateKey) -> bytes:
    """Return what a log is called: the SHA-256 of its public key."""
    return hashlib.sha256(public_key_der(log)).digest()


def _promise(log: ec.EllipticCurvePrivateKey, signed: bytes, instant: bytes, *, seeded: bool) -> bytes:
    signature = log.sign(signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=seeded))
    return _VERSION_1 + log_id(log) + instant + _NO_EXTENSIONS + _SHA256_ECDSA + _sized(signature)


def _sized(octets: bytes) -> bytes:
    return struct.pack(">H", len(octets)) + octets


def _octet_string(octets: bytes) -> bytes:
    return b"\x04" + der_length(len(octets)) + octets
