"""PKCS#10 certification requests (RFC 2986)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.x509.extension import requested_extensions

if TYPE_CHECKING:
    from kvlab.x509.extension import Profile
    from kvlab.x509.key import PrivateKey


def build_request(profile: Profile, key: PrivateKey, *, deterministic: bool = False) -> bytes:
    """
    Make a certification request that carries everything the profile asks for, signed with SHA-256.

    Args:
        profile: subject and extensions.
        key: the subject's private key; the request proves its possession.
        deterministic: sign with RFC 6979 nonces, so that equal input gives equal bytes (EC only; RSA always does).

    Returns:
        DER.
    """
    wanted = [
        x509.Extension(extension.oid, critical, extension) for extension, critical in requested_extensions(profile)
    ]
    builder = x509.CertificateSigningRequestBuilder(profile.subject, wanted)
    repeatable = True if deterministic and isinstance(key, ec.EllipticCurvePrivateKey) else None
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=repeatable).public_bytes(Encoding.DER)
