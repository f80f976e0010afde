"""X.509 certificates: build, sign, name by thumbprint, and the calendar of their validity."""

from __future__ import annotations

import calendar
import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.x509.extension import certificate_extensions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from kvlab.x509.extension import Extension, Profile
    from kvlab.x509.key import PrivateKey

BACKDATED = timedelta(minutes=10)
"""How far before its making a certificate begins to be valid, so that clocks a little behind accept it."""


_CURVE_HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "secp256r1": hashes.SHA256(),
    "secp256k1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}

END_OF_TIME = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001  the zone is the caller's
"""The notAfter that stands for "no well-defined expiration date" (RFC 5280 section 4.1.2.5)."""


def add_months(instant: datetime, months: int) -> datetime:
    """
    Add calendar months, at most to the end of the month: 31 January + 1 month is 28 or 29 February.

    Raises:
        OverflowError: the result is past the year 9999.
    """
    years, month = divmod(instant.month - 1 + months, 12)
    year = instant.year + years
    if year > 9999:
        raise OverflowError("past the year 9999")
    day = min(instant.day, calendar.monthrange(year, month + 1)[1])
    return instant.replace(year=year, month=month + 1, day=day)


def not_after(instant: datetime, months: int) -> datetime:
    """Return the end of a validity of calendar months; past the year 9999 it is the end of time (RFC 5280 4.1.2.5)."""
    try:
        return add_months(instant, months)
    except OverflowError:
        return END_OF_TIME.replace(tzinfo=instant.tzinfo)


def begun_months(start: datetime, end: datetime) -> int:
    """Count the calendar months from ``start`` to ``end``; a begun one counts (365 days are 12, 10 minutes more 13)."""
    months = max((end.year - start.year) * 12 + end.month - start.month, 1)
    while months > 1 and _reaches(start, months - 1, end):
        months -= 1
    while not _reaches(start, months, end):
        months += 1
    return months


def _reaches(start: datetime, months: int, end: datetime) -> bool:
    try:
        return add_months(start, months) >= end
    except OverflowError:
        return True


def self_sign(
    profile: Profile,
    key: PrivateKey,
    *,
    serial_number: int,
    not_before: datetime,
    not_after: datetime,
    deterministic: bool = False,
) -> bytes:
    """
    Make a certificate that is signed with its own key (SHA-256).

    Args:
        profile: subject and extensions.
        key: the subject's private key.
        serial_number: positive, at most 20 octets (RFC 5280 section 4.1.2.2).
        not_before: aware UTC instant.
        not_after: aware UTC instant, later than ``not_before``.
        deterministic: sign with RFC 6979 nonces (EC only; RSA always repeats).

    Returns:
        DER.
    """
    public_key = key.public_key()
    return sign(
        profile.subject,
        profile.subject,
        public_key,
        certificate_extensions(profile, public_key, None),
        key,
        serial_number=serial_number,
        not_before=not_before,
        not_after=not_after,
        deterministic=deterministic,
        algorithm=hashes.SHA256(),
    )


def issue(
    profile: Profile,
    public_key: CertificatePublicKeyTypes,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    *,
    serial_number: int,
    not_before: datetime,
    not_after: datetime,
    further: Sequence[Extension] = (),
    deterministic: bool = False,
) -> bytes:
    """
    Make a certificate signed by a CA (SHA-256).

    Args:
        profile: subject and extensions.
        public_key: the subject's key.
        issuer: the CA's certificate: its subject becomes the issuer name, its key identifier the authority's.
        issuer_key: the CA's private key.
        serial_number: positive, at most 20 octets.
        not_before: aware UTC instant.
        not_after: aware UTC instant.
        further: extensions after the profile's, each with its criticality.
        deterministic: sign with RFC 6979 nonces (EC only).

    Returns:
        DER.
    """
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    )
    return sign(
        profile.subject,
        issuer.subject,
        public_key,
        [*certificate_extensions(profile, public_key, authority), *further],
        issuer_key,
        serial_number=serial_number,
        not_before=not_before,
        not_after=not_after,
        deterministic=deterministic,
        algorithm=hashes.SHA256(),
    )


def thumbprint(certificate_der: bytes) -> bytes:
    """Return the 20 octets of ``x5t``: the SHA-1 of the DER certificate (RFC 7515 section 4.1.7)."""
    return hashlib.sha1(certificate_der, usedforsecurity=False).digest()


def sign(
    subject: x509.Name,
    issuer_name: x509.Name,
    public_key: CertificatePublicKeyTypes,
    extensions: Sequence[Extension],
    key: PrivateKey,
    *,
    serial_number: int,
    not_before: datetime,
    not_after: datetime,
    deterministic: bool = False,
    algorithm: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None = None,
) -> bytes:
    """
    Make a certificate of exactly these parts.

    Args:
        subject: of the certificate.
        issuer_name: the signer's subject.
        public_key: the subject's key.
        extensions: in this order, each with its criticality.
        key: the signer's.
        serial_number: positive, at most 20 octets.
        not_before: aware UTC instant.
        not_after: aware UTC instant.
        deterministic: sign with RFC 6979 nonces (EC only).
        algorithm: the hash; None takes the one that belongs to the signer's curve, SHA-256 for RSA.

    Returns:
        DER.

    Source: CA/Browser Forum TLS Baseline Requirements, section 7.1.3.2.2 (hash and curve belong together).
    """
    builder = x509.CertificateBuilder(
        issuer_name,
        subject,
        public_key,
        serial_number,
        not_before.replace(tzinfo=None),
        not_after.replace(tzinfo=None),
        [x509.Extension(extension.oid, critical, extension) for extension, critical in extensions],
    )
    if algorithm is None:
        algorithm = _CURVE_HASHES[key.curve.name] if isinstance(key, ec.EllipticCurvePrivateKey) else hashes.SHA256()
    repeatable = True if deterministic and isinstance(key, ec.EllipticCurvePrivateKey) else None
    return builder.sign(key, algorithm, ecdsa_deterministic=repeatable).public_bytes(Encoding.DER)


def split_der(certificates: bytes) -> list[bytes]:
    """Take apart DER certificates that stand one after the other, as the store keeps them (definite lengths only)."""
    found, start = [], 0
    while start < len(certificates):
        length = certificates[start + 1]
        header = 2
        if length >= 0x80:
            header += length - 0x80
            length = int.from_bytes(certificates[start + 2 : start + header], "big")
        end = start + header + length
        found.append(certificates[start:end])
        start = end
    return found
