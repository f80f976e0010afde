"""What a certificate authority made different from what was asked for, row by row, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kvlab.errors import NameSyntaxError
from kvlab.providers.baseline import longest_validity
from kvlab.providers.provider import Override
from kvlab.x509.attribute import shown_keyword
from kvlab.x509.certificate import BACKDATED
from kvlab.x509.extension import KEY_USAGES, UPN, upn_text
from kvlab.x509.name import parse_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kvlab.providers.provider import OrderRequest

UNREADABLE = (
    ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""What ``overrides`` raises where a certificate is none, or holds what no program can lay beside an order."""

DAYS_OF_A_YEAR = 365
ROUNDING_DAYS = 3
"""How much a validity in days may differ from the months asked for without being another one."""

_ADDED: dict[type[x509.ExtensionType], str] = {
    x509.CertificatePolicies: "certificatePolicies",
    x509.AuthorityInformationAccess: "authorityInfoAccess",
    x509.CRLDistributionPoints: "cRLDistributionPoints",
    x509.PrecertificateSignedCertificateTimestamps: "signedCertificateTimestampList",
}

ADDED_EXTENSIONS = frozenset(_ADDED.values())
"""What a public CA adds to every certificate, in RFC 5280's words."""

_SERVER, _CLIENT = ExtendedKeyUsageOID.SERVER_AUTH.dotted_string, ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string
_WHY_PURPOSE: tuple[tuple[Callable[[set[str]], object], str], ...] = (
    (
        lambda asked: _CLIENT in asked,
        "public TLS CAs certify serverAuth only: root programmes end clientAuth in their hierarchies (Chrome, 2026-06)",
    ),
    (lambda asked: asked - {_SERVER, _CLIENT}, "purposes other than TLS are not certified with it (BR 7.1.2.7.10)"),
    (lambda asked: _SERVER not in asked, "serverAuth must be there (BR 7.1.2.7.10)"),
)
"""Whether the purposes asked for are such -> what the CA does about it."""

_RECORD = "taken from the CA's validated record, never from the request (BR 7.1.2.7.4, 3.2.2.1)"
_EV = "required in EV certificates, from the validated record (EV Guidelines 7.1.4.2)"
_NOT_CERTIFIED = "not allowed, or not verified by the CA, in this product (BR 7.1.2.7.4)"
_WHY_ATTRIBUTE = {
    NameOID.ORGANIZATIONAL_UNIT_NAME: "forbidden in public TLS certificates since 2022-09-01 (BR 7.1.2.7.4)",
    NameOID.COMMON_NAME: "one of the certificate's DNS names, letter for letter (BR 7.1.4.3)",
    NameOID.ORGANIZATION_NAME: _RECORD,
    NameOID.COUNTRY_NAME: _RECORD,
    NameOID.STATE_OR_PROVINCE_NAME: _RECORD,
    NameOID.LOCALITY_NAME: _RECORD,
    NameOID.SERIAL_NUMBER: _EV,
    NameOID.BUSINESS_CATEGORY: _EV,
    NameOID.JURISDICTION_COUNTRY_NAME: _EV,
    NameOID.JURISDICTION_STATE_OR_PROVINCE_NAME: _EV,
    NameOID.JURISDICTION_LOCALITY_NAME: _EV,
}


def overrides(request: OrderRequest, leaf_der: bytes) -> tuple[Override, ...]:
    """
    Lay a certificate beside what it was ordered with.

    Args:
        request: what the policy asked for, and the CSR.
        leaf_der: the certificate, DER.

    Returns:
        One row for each difference, in the order: subject, names, key usage, purposes, validity, further extensions,
        certificate transparency.
    """
    leaf = x509.load_der_x509_certificate(leaf_der)
    csr = x509.load_der_x509_csr(request.csr_der)
    return (
        *_subject(request, csr, leaf),
        *_names(request, csr, leaf),
        *_key_usage(request, csr, leaf),
        *_purposes(request, csr, leaf),
        *_validity(request, leaf),
        *_further(leaf),
        *_transparency(request, leaf),
    )


def _subject(request: OrderRequest, csr: x509.CertificateSigningRequest, leaf: x509.Certificate) -> Iterator[Override]:
    try:
        asked = parse_name(request.wish.subject)
    except NameSyntaxError:
        asked = csr.subject
    before, requested, issued = map(_values, (asked, csr.subject, leaf.subject))
    for oid in {**before, **requested, **issued}:
        if before.get(oid) != issued.get(oid):
            yield Override(
                f"subject {shown_keyword(oid)}",
                ", ".join(before.get(oid, ())),
                ", ".join(requested.get(oid, ())),
                ", ".join(issued.get(oid, ())),
                _WHY_ATTRIBUTE.get(oid, _NOT_CERTIFIED),
            )


def _values(name: x509.Name) -> dict[x509.ObjectIdentifier, list[str]]:
    """Return the values by attribute, the most specific first."""
    found: dict[x509.ObjectIdentifier, list[str]] = {}
    for attribute in reversed(list(name)):
        found.setdefault(attribute.oid, []).append(str(attribute.value))
    return found


def _names(request: OrderRequest, csr: x509.CertificateSigningRequest, leaf: x509.Certificate) -> Iterator[Override]:
    wish = request.wish
    asked = [*wish.dns_names, *wish.emails, *wish.upns, *wish.uris, *wish.ip_addresses]
    issued = _alternative_names(leaf)
    if asked == issued:
        return
    added = [name for name in issued if name not in asked]
    dropped = [name for name in asked if name not in issued]
    reasons = []
    if request.common_name.lower() in added and request.common_name not in asked:
        reasons.append("the common name must be one of the names (BR 7.1.4.3)")
    if partners := [name for name in added if name != request.common_name.lower() and _is_partner(name, request)]:
        reasons.append(f"{', '.join(partners)} comes free of charge with the common name")
    if any(name.lower() in issued for name in dropped):
        reasons.append("names are written in lower case")
    if [name for name in dropped if name.lower() not in issued]:
        reasons.append("a TLS certificate holds DNS names and IP addresses only (BR 7.1.2.7.12)")
    why = "; ".join(reasons) or "the CA puts the common name first"
    yield Override("subjectAltName", ", ".join(asked), ", ".join(_alternative_names(csr)), ", ".join(issued), why)


def _is_partner(name: str, request: OrderRequest) -> bool:
    common_name = request.common_name.lower()
    return name in (f"www.{common_name}", common_name.removeprefix("www."))


def _alternative_names(of: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    try:
        names = of.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [_name_text(name) for name in names]


def _name_text(name: x509.GeneralName) -> str:
    if isinstance(name, x509.OtherName):
        return upn_text(name) if name.type_id == UPN else name.type_id.dotted_string
    return str(name.value)


def _key_usage(
    request: OrderRequest, csr: x509.CertificateSigningRequest, leaf: x509.Certificate
) -> Iterator[Override]:
    asked, issued = set(request.wish.key_usage), set(_usages(leaf))
    if asked == issued:
        return
    signs_only = isinstance(leaf.public_key(), ec.EllipticCurvePublicKey) and "keyEncipherment" in asked
    reasons = []
    if signs_only:
        reasons.append("an EC key signs only: keyEncipherment is forbidden with it (BR 7.1.2.7.11, RFC 8813)")
    if not signs_only or asked ^ issued != {"keyEncipherment"}:
        reasons.append("set by the product, whatever the request says (BR 7.1.2.7.11)")
    yield Override("keyUsage", _bits(asked), ", ".join(_usages(csr)), ", ".join(_usages(leaf)), "; ".join(reasons))


def _bits(names: set[str]) -> str:
    return ", ".join(name for name in KEY_USAGES if name in names)


def _usages(of: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    try:
        usage = of.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return []
    only = usage.key_agreement
    held = (
        usage.digital_signature, usage.content_commitment, usage.key_encipherment, usage.data_encipherment,
        usage.key_agreement, usage.key_cert_sign, usage.crl_sign, only and usage.encipher_only,
        only and usage.decipher_only,
    )  # fmt: skip
    return [name for name, bit in zip(KEY_USAGES, held, strict=True) if bit]


def _purposes(request: OrderRequest, csr: x509.CertificateSigningRequest, leaf: x509.Certificate) -> Iterator[Override]:
    asked, issued = set(request.wish.ekus), _ekus(leaf)
    if asked == set(issued):
        return
    why = "; ".join(reason for purposes, reason in _WHY_PURPOSE if purposes(asked))
    yield Override("extendedKeyUsage", ", ".join(request.wish.ekus), ", ".join(_ekus(csr)), ", ".join(issued), why)


def _ekus(of: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    try:
        usage = of.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return []
    return [oid.dotted_string for oid in usage]


def _validity(request: OrderRequest, leaf: x509.Certificate) -> Iterator[Override]:
    start = leaf.not_valid_before_utc
    # Both ends belong to the validity (BR 6.3.2).
    days = ((leaf.not_valid_after_utc - start).total_seconds() + 1) / 86_400
    if abs(days - request.validity_months * DAYS_OF_A_YEAR / 12) <= ROUNDING_DAYS:
        return
    issued = start + BACKDATED
    most = longest_validity(issued)
    why = (
        f"certificates issued on {issued:%Y-%m-%d} are valid for {most} days at most (BR 6.3.2 allows {most + 1})"
        if days >= most
        else "the CA's own limit, or the end of its own certificate, comes earlier"
    )
    yield Override("validity", _count(request.validity_months, "month"), "", _count(days, "day"), why)


def _count(number: float, unit: str) -> str:
    return f"{number:g} {unit}" if number == 1 else f"{number:g} {unit}s"


def _further(leaf: x509.Certificate) -> Iterator[Override]:
    added = [_ADDED[type(entry.value)] for entry in leaf.extensions if type(entry.value) in _ADDED]
    if added:
        yield Override(
            "further extensions", "", "", ", ".join(added), "every public TLS certificate has them (BR 7.1.2.7.6)"
        )


def _transparency(request: OrderRequest, leaf: x509.Certificate) -> Iterator[Override]:
    logged = any(isinstance(entry.value, x509.PrecertificateSignedCertificateTimestamps) for entry in leaf.extensions)
    if logged and request.wish.cert_transparency is False:
        yield Override(
            "cert_transparency",
            "false",
            "",
            "logged",
            "browsers trust logged certificates only, so the CA logs each one",
        )
