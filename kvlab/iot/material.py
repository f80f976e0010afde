"""Certificates and requests that callers bring: read, and refused if AWS IoT would not take them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kvlab.errors import CertificateValidationException, InvalidRequestException, RegistrationCodeValidationException
from kvlab.x509.key import CRYPTOGRAPHY_REFUSES

if TYPE_CHECKING:
    from datetime import datetime

    from kvlab.x509.key import PublicKey

LEAST_RSA_BITS = 2048
CURVES = ("secp256r1", "secp384r1", "secp521r1")
"""https://docs.aws.amazon.com/iot/latest/apireference/API_CreateCertificateFromCsr.html"""

UNREADABLE = (*CRYPTOGRAPHY_REFUSES, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
"""All that cryptography raises for fields that it can not read."""

_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_WEAK_KEY = "The key in the certificate is not valid: it is RSA of 2048 bits or more, or EC on P-256, P-384 or P-521."
_BAD_REQUEST = "CSR violates constraints: "


def certificate_id(certificate_der: bytes) -> str:
    """Return what a certificate is called in the registry: the SHA-256 of its DER, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(certificate_der).hexdigest()


def read_certificate(pem: str) -> x509.Certificate:
    """
    Take the certificate of a PEM text: one that loads to its last extension, with a key and a signature that hold.

    Raises:
        CertificateValidationException: it is none.
    """
    try:
        return check_certificate(x509.load_pem_x509_certificate(pem.encode("utf-8", "replace")))
    except UNREADABLE:
        raise CertificateValidationException("The certificate is not valid PEM of an X.509 certificate.") from None


def check_certificate(found: x509.Certificate) -> x509.Certificate:
    """
    Take a certificate whose fields can all be read, with a key and a signature that hold.

    Raises:
        CertificateValidationException: a weak key, or a signature algorithm that is not taken.
        ValueError: a field can not be read, or another of cryptography's exceptions.
    """
    _ = found.subject, found.issuer, found.extensions, found.not_valid_after_utc
    public_key, digest = found.public_key(), found.signature_hash_algorithm
    if not _is_strong(public_key):
        raise CertificateValidationException(_WEAK_KEY)
    if not isinstance(digest, _HASHES):
        raise CertificateValidationException("The certificate is not signed with SHA-256, SHA-384 or SHA-512.")
    return found


def read_ca(pem: str, now: datetime) -> x509.Certificate:
    """
    Take the certificate of a CA.

    Raises:
        CertificateValidationException: it is none, is no CA's, may not sign certificates, or is expired.
    """
    found = read_certificate(pem)
    try:
        is_ca = found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_ca = False
    if not is_ca:
        raise CertificateValidationException("The certificate is not a CA's: its basic constraints do not say CA:TRUE.")
    try:
        signs = found.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        signs = True
    if not signs:
        raise CertificateValidationException("The CA's key usage does not allow it to sign certificates.")
    if found.not_valid_after_utc < now:
        raise CertificateValidationException("The CA certificate is expired.")
    return found


def is_issued_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    """Tell whether a CA's name is the issuer's and its key made the signature."""
    try:
        certificate.verify_directly_issued_by(ca)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def require_issued_by(certificate: x509.Certificate, ca: x509.Certificate) -> None:
    """
    Refuse a certificate that a CA did not sign.

    Raises:
        CertificateValidationException: it did not.
    """
    if certificate.issuer != ca.subject:
        raise CertificateValidationException("The issuer of the certificate is not the subject of the CA certificate.")
    if not is_issued_by(certificate, ca):
        raise CertificateValidationException("The certificate is not signed by the CA certificate.")


def require_code(verification: x509.Certificate, code: str | None) -> None:
    """
    Refuse a verification certificate whose common name is not the account's registration code.

    Raises:
        RegistrationCodeValidationException: it is not, or the account has none.
    """
    names = verification.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if code is None or [str(name.value) for name in names] != [code]:
        raise RegistrationCodeValidationException(
            "The common name of the verification certificate is not the account's registration code."
        )


def read_request(pem: str) -> tuple[PublicKey, x509.Name]:
    """
    Take the key and the subject of a PEM request (PKCS#10).

    Raises:
        InvalidRequestException: it is none, its own signature does not hold, or its key or its hash is weak.
    """
    try:
        request = x509.load_pem_x509_csr(pem.encode("utf-8", "replace"))
        subject, digest, public_key = request.subject, request.signature_hash_algorithm, request.public_key()
        holds = request.is_signature_valid
    except UNREADABLE:
        raise InvalidRequestException(f"{_BAD_REQUEST}it is no PEM of a certificate signing request.") from None
    if not isinstance(public_key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)) or not _is_strong(public_key):
        raise InvalidRequestException(f"{_BAD_REQUEST}its key is not RSA of 2048 bits or more, P-256, P-384 or P-521.")
    if not isinstance(digest, _HASHES):
        raise InvalidRequestException(f"{_BAD_REQUEST}it is not signed with SHA-256, SHA-384 or SHA-512.")
    if not holds:
        raise InvalidRequestException(f"{_BAD_REQUEST}its signature does not hold.")
    return public_key, subject


def name_der(name: x509.Name) -> bytes:
    """Return a name's DER, which is how registered CAs are found."""
    return name.public_bytes()


def der_of(certificate: x509.Certificate) -> bytes:
    """Return a certificate's DER."""
    return certificate.public_bytes(Encoding.DER)


def _is_strong(public_key: object) -> bool:
    if isinstance(public_key, rsa.RSAPublicKey):
        return public_key.key_size >= LEAST_RSA_BITS
    return isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in CURVES
