"""
The certificates of a public CA: its root, an issuing CA for each level of validation, and what these sign.

Source: CA/Browser Forum, Baseline Requirements for TLS Server Certificates 2.2.6, section 7.1 ("BR" below), and
Guidelines for the Issuance and Management of Extended Validation Certificates 2.0.2 (https://cabforum.org/).
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from kvlab.providers.authority import Signer
from kvlab.providers.baseline import read_address
from kvlab.providers.transparency import timestamps
from kvlab.x509.certificate import BACKDATED, sign
from kvlab.x509.extension import key_usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from kvlab.entropy import Entropy
    from kvlab.wire.ca import CaOrganization
    from kvlab.x509.extension import Extension
    from kvlab.x509.key import PublicKey

ROOT = "root"
POLICIES = {"OV": x509.ObjectIdentifier("2.23.140.1.2.2"), "EV": x509.ObjectIdentifier("2.23.140.1.1")}
"""Role of an issuing CA -> the one reserved policy it may certify under (BR 7.1.6.1, 7.1.2.10.5)."""

LOGS = ("log 1", "log 2")
"""Roles of the two simulated Certificate Transparency logs: keys without a certificate."""

ROOT_DAYS = 9125
ISSUING_DAYS = 3650
SECOND = timedelta(seconds=1)

SERIAL_OCTETS = 16


class House(NamedTuple):
    """
    What one simulated CA is called.

    Attributes:
        name: ``DigiCert`` or ``GlobalSign``.
        organization: in its certificates, says that it is simulated.
        country: two letters.
        caa: the domain that stands for it in CAA records.
        host: where its certificates, CRLs and OCSP answers would be; nobody is there.
    """

    name: str
    organization: str
    country: str
    caa: str
    host: str


def make_signers(house: House, entropy: Entropy, now: datetime) -> dict[str, Signer]:
    """
    Make the root (P-384) and one issuing CA (P-256) for each level of validation.

    Args:
        house: whose they are.
        entropy: keys and serial numbers come from it.
        now: aware UTC instant.

    Returns:
        By role: ``root``, ``OV``, ``EV``, and the logs that the CA uses, whose ``certificate_der`` is empty.
    """
    seeded = entropy.seed is not None
    start = now - BACKDATED
    root_key = entropy.ec_key(_entropy_name(house, ROOT), ec.SECP384R1())
    root_name = _ca_name(house, "TLS Root R1")
    root_der = sign(
        root_name, root_name, root_key.public_key(), _root_extensions(root_key.public_key()), root_key,
        serial_number=serial_number(entropy, _entropy_name(house, ROOT)),
        not_before=start, not_after=end_of(start, ROOT_DAYS), deterministic=seeded,
    )  # fmt: skip
    found = {ROOT: Signer(root_der, root_key)}
    for role in POLICIES:
        key = entropy.ec_key(_entropy_name(house, role), ec.SECP256R1())
        der = sign(
            _ca_name(house, f"{role} TLS CA 1"), root_name, key.public_key(),
            _issuing_extensions(house, role, key.public_key(), root_key.public_key()), root_key,
            serial_number=serial_number(entropy, _entropy_name(house, role)),
            not_before=start, not_after=end_of(start, ISSUING_DAYS), deterministic=seeded,
        )  # fmt: skip
        found[role] = Signer(der, key)
    for role in LOGS:
        found[role] = Signer(b"", entropy.ec_key(_entropy_name(house, role), ec.SECP256R1()))
    return found


def serial_number(entropy: Entropy, name: str) -> int:
    """Draw a serial number: 127 bits of chance, positive (BR 7.1.2.7 asks for 64 at least)."""
    return int.from_bytes(entropy.octets(name, "serial number", SERIAL_OCTETS), "big") >> 1 or 1


def end_of(start: datetime, days: int) -> datetime:
    """Return the notAfter of a validity of whole days; both ends belong to it (BR 6.3.2)."""
    return start + timedelta(days=days) - SECOND


def issue_leaf(
    house: House,
    role: str,
    signers: Mapping[str, Signer],
    public_key: PublicKey,
    subject: x509.Name,
    names: Sequence[str],
    *,
    serial: int,
    now: datetime,
    not_after: datetime,
    seeded: bool,
) -> bytes:
    """
    Sign a subscriber's certificate, once two logs have promised to publish it.

    Args:
        house: the CA.
        role: ``OV`` or ``EV``.
        signers: its keys by role.
        public_key: the only thing that comes from the request.
        subject: see ``subject_of``.
        names: lower-case domain names and IP addresses, each once.
        serial: see ``serial_number``.
        now: and ``not_after``: aware UTC instants.
        seeded: sign with RFC 6979 nonces.

    Returns:
        DER.

    Source: BR 7.1.2.7; RFC 6962 section 3.1 (a CA logs a certificate before it issues it).
    """
    signer = signers[role]
    issuer_key = signer.key.public_key()
    logs = [cast("ec.EllipticCurvePrivateKey", signers[log].key) for log in LOGS]
    extensions = _leaf_extensions(house, role, signer, public_key, names)
    make = partial(
        sign, subject, _subject_of_certificate(signer.certificate_der), public_key, key=signer.key,
        serial_number=serial, not_before=now - BACKDATED, not_after=not_after, deterministic=seeded,
    )  # fmt: skip
    logged = timestamps(make(extensions), issuer_key, logs, now, seeded=seeded)
    return make([*extensions, logged])


def subject_of(organization: CaOrganization, common_name: str, *, extended: bool) -> x509.Name:
    """
    Return the subject of a certificate: all of it from the validation record, but for the common name.

    Args:
        organization: the CA's record.
        common_name: among the certificate's names.
        extended: whether the EV attributes are in it too.

    Source: BR 7.1.2.7.4, 7.1.4.2 (order of the attributes); EV Guidelines 7.1.4.2.
    """
    country = organization.jurisdiction_country or organization.country
    beyond = (
        (NameOID.JURISDICTION_COUNTRY_NAME, country),
        (NameOID.JURISDICTION_STATE_OR_PROVINCE_NAME, organization.jurisdiction_state),
        (NameOID.JURISDICTION_LOCALITY_NAME, organization.jurisdiction_locality),
        (NameOID.BUSINESS_CATEGORY, organization.business_category),
        (NameOID.SERIAL_NUMBER, organization.registration_number),
    )
    attributes = (
        *(beyond if extended else ()),
        (NameOID.COUNTRY_NAME, organization.country),
        (NameOID.STATE_OR_PROVINCE_NAME, organization.state),
        (NameOID.LOCALITY_NAME, organization.locality),
        (NameOID.ORGANIZATION_NAME, organization.name),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes if value])


def _root_extensions(public_key: ec.EllipticCurvePublicKey) -> list[Extension]:
    return [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (key_usage(["digitalSignature", "keyCertSign", "cRLSign"]), True),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key), False),
    ]


def _issuing_extensions(
    house: House, role: str, public_key: ec.EllipticCurvePublicKey, root_key: ec.EllipticCurvePublicKey
) -> list[Extension]:
    return [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (key_usage(["digitalSignature", "keyCertSign", "cRLSign"]), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (_policy(role), False),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key), False),
        (_authority_information(house, ROOT), False),
        (_revocation_list(house, ROOT), False),
    ]


def _leaf_extensions(
    house: House, role: str, signer: Signer, public_key: PublicKey, names: Sequence[str]
) -> list[Extension]:
    before, after = _same_in_every_leaf(house, role, signer.certificate_der)
    return [
        *before,
        (x509.SubjectAlternativeName([_general_name(name) for name in names]), False),
        (_RSA_USAGE if isinstance(public_key, rsa.RSAPublicKey) else _EC_USAGE, True),
        *after,
    ]


@lru_cache
def _same_in_every_leaf(
    house: House, role: str, issuer_der: bytes
) -> tuple[tuple[Extension, ...], tuple[Extension, ...]]:
    """Return what stands before, and after, the names and the key usage."""
    issuer_key = x509.load_der_x509_certificate(issuer_der).extensions.get_extension_for_class(
        x509.SubjectKeyIdentifier
    )
    return (
        ((x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key.value), False),),
        (
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (_policy(role), False),
            (_revocation_list(house, role), False),
            (_authority_information(house, role, responder=True), False),
            (x509.BasicConstraints(ca=False, path_length=None), True),
        ),
    )


@lru_cache
def _subject_of_certificate(der: bytes) -> x509.Name:
    return x509.load_der_x509_certificate(der).subject


# BR 7.1.2.7.11: an RSA key may also encipher the key of an old TLS session; an EC key must not.
_RSA_USAGE = key_usage(["digitalSignature", "keyEncipherment"])
_EC_USAGE = key_usage(["digitalSignature"])


def _general_name(name: str) -> x509.GeneralName:
    address = read_address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _policy(role: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(POLICIES[role], None)])


def _authority_information(house: House, role: str, *, responder: bool = False) -> x509.AuthorityInformationAccess:
    issuers = _description(AuthorityInformationAccessOID.CA_ISSUERS, f"http://cacerts.{house.host}/{role.lower()}.crt")
    if not responder:
        return x509.AuthorityInformationAccess([issuers])
    return x509.AuthorityInformationAccess([
        _description(AuthorityInformationAccessOID.OCSP, f"http://ocsp.{house.host}"), issuers
    ])  # fmt: skip


def _description(method: x509.ObjectIdentifier, url: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(url))


def _revocation_list(house: House, role: str) -> x509.CRLDistributionPoints:
    place = x509.UniformResourceIdentifier(f"http://crl.{house.host}/{role.lower()}.crl")
    return x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])


def _ca_name(house: House, role: str) -> x509.Name:
    return x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, house.country),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, house.organization),
        x509.NameAttribute(NameOID.COMMON_NAME, f"Simulated {house.name} {role}"),
    ])  # fmt: skip


def _entropy_name(house: House, role: str) -> str:
    return f"CA {house.name} {role}"
