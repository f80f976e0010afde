"""
A small certificate authority, root and issuing CA, that signs requests as a clerk would.

Its certificates follow RFC 5280 section 4.2: critical basic constraints, key usage for signing only, key identifiers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from kvlab.errors import X509Error
from kvlab.x509.certificate import BACKDATED, issue, not_after, self_sign
from kvlab.x509.extension import Profile
from kvlab.x509.name import parse_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kvlab.x509.extension import Extension
    from kvlab.x509.key import PrivateKey, PublicKey

ROOT_MONTHS = 240
ISSUING_MONTHS = 120
_COPIED = (x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName)
_CA_USAGE = ("keyCertSign", "cRLSign")


class BadRequest(X509Error):
    """A request the CA does not sign."""


class Signer(NamedTuple):
    """A CA certificate (DER) and its key."""

    certificate_der: bytes
    key: PrivateKey

    def __repr__(self) -> str:
        return "Signer()"


def make_hierarchy(
    name: str, make_key: Callable[[str], PrivateKey], make_serial: Callable[[str], int], now: datetime, *, seeded: bool
) -> tuple[Signer, Signer]:
    """
    Make a root and the issuing CA below it.

    Args:
        name: of the organization; stands in both subjects.
        make_key: makes the key for ``root`` and for ``issuing``.
        make_serial: draws the serial number for either.
        now: aware UTC instant.
        seeded: sign with RFC 6979 nonces.

    Returns:
        The root and the issuing CA.
    """
    start = now - BACKDATED
    root_key, issuing_key = make_key("root"), make_key("issuing")
    root_der = self_sign(
        Profile(_subject(name, "Root CA"), key_usage=_CA_USAGE, ca=True),
        root_key,
        serial_number=make_serial("root"),
        not_before=start,
        not_after=not_after(now, ROOT_MONTHS),
        deterministic=seeded,
    )
    issuing_der = issue(
        Profile(_subject(name, "Issuing CA 1"), key_usage=_CA_USAGE, ca=True, path_length=0),
        issuing_key.public_key(),
        x509.load_der_x509_certificate(root_der),
        root_key,
        serial_number=make_serial("issuing"),
        not_before=start,
        not_after=not_after(now, ISSUING_MONTHS),
        deterministic=seeded,
    )
    return Signer(root_der, root_key), Signer(issuing_der, issuing_key)


def sign_request(
    request_der: bytes,
    issuing: Signer,
    *,
    serial_number: int,
    now: datetime,
    months: int,
    copy_extensions: bool,
    seeded: bool,
    fresh_key: PublicKey | None = None,
) -> bytes:
    """
    Sign a PKCS#10 request as a subscriber's certificate: never a CA's, whatever was asked.

    Args:
        request_der: DER; its own signature proves that the requester has the key.
        issuing: who signs.
        serial_number: positive, at most 20 octets.
        now: aware UTC instant.
        months: calendar months of validity.
        copy_extensions: take key usage, EKU and names from the request; else the certificate has none of them.
        seeded: sign with RFC 6979 nonces.
        fresh_key: certified in place of the request's key, by a clerk who thinks that a CA makes keys.

    Returns:
        DER.

    Raises:
        BadRequest: it is no request, or its signature does not hold.
    """
    try:
        request = x509.load_der_x509_csr(request_der)
        wanted = list(request.extensions)
        valid = request.is_signature_valid
    except ValueError:
        raise BadRequest("This is no PKCS#10 request that can be read.") from None
    if not valid:
        raise BadRequest("The request's own signature does not hold: whoever sent it does not have the key.")
    authority = x509.load_der_x509_certificate(issuing.certificate_der)
    if authority.not_valid_after_utc <= now:
        raise BadRequest("The CA's own certificate is expired: it signs no more.")
    copied: list[Extension] = [(entry.value, entry.critical) for entry in wanted if isinstance(entry.value, _COPIED)]
    return issue(
        Profile(request.subject),
        fresh_key or request.public_key(),
        authority,
        issuing.key,
        serial_number=serial_number,
        not_before=now - BACKDATED,
        # A certificate that outlives its CA could not be verified to its end.
        not_after=min(not_after(now, months), authority.not_valid_after_utc),
        further=copied if copy_extensions else (),
        deterministic=seeded,
    )


def _subject(name: str, role: str) -> x509.Name:
    quoted = name.replace('"', '""')
    return parse_name(f'CN="{quoted} {role}", O="{quoted}"')
