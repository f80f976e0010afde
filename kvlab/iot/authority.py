"""
The CA that AWS IoT signs device certificates with: a root, and below it an issuer named as the real one.

Profile of the device certificates, extensions in this order, as seen on the real service's: authority and subject key
identifier, critical basic constraints, critical key usage digitalSignature; RSA with SHA-256; the end of 2049.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

from kvlab.entropy import serial_number
from kvlab.providers.authority import Signer
from kvlab.store import certificate as keys
from kvlab.store import vault as rows
from kvlab.vault.key_material import open_key, sealed_key
from kvlab.vault.turn import VAULT
from kvlab.x509.certificate import BACKDATED, sign
from kvlab.x509.extension import key_usage

if TYPE_CHECKING:
    from kvlab.entropy import Entropy
    from kvlab.vault.core import Core
    from kvlab.x509.extension import Extension
    from kvlab.x509.key import PrivateKey, PublicKey

NAME = "AWS IoT"
KEY_SIZE = 2048
END = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
"""When every certificate that AWS IoT signs ends: https://docs.aws.amazon.com/iot/latest/developerguide/device-certs-create.html"""

# One attribute that looks like five: so stands the issuer in every certificate that the service has signed.
ISSUER = x509.Name([
    x509.NameAttribute(
        NameOID.ORGANIZATIONAL_UNIT_NAME, "Amazon Web Services O=Amazon.com Inc. L=Seattle ST=Washington C=US"
    )
])  # fmt: skip
ROOT = x509.Name([
    x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Amazon (simulated by kvlab)"),
    x509.NameAttribute(NameOID.COMMON_NAME, "Simulated AWS IoT Root CA 1"),
])  # fmt: skip
DEFAULT_SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AWS IoT Certificate")])

_CA_USAGE = key_usage(["digitalSignature", "keyCertSign", "cRLSign"])
_DEVICE_USAGE = key_usage(["digitalSignature"])


class Authority(NamedTuple):
    """The root and the issuing CA."""

    root: Signer
    issuing: Signer


def find_authority(core: Core) -> Authority:
    """Return the CA of a vault's AWS IoT; it is made when it is first asked for."""
    with core.read() as connection:
        stored = rows.authorities(connection, core.vault_id, NAME)
    if not stored:
        # Outside any transaction, for it takes long; whoever is first keeps its own.
        made = _make(core.entropy, core.clock.now().replace(microsecond=0))
        with core.turn(VAULT) as turn:
            stored = rows.authorities(turn.connection, core.vault_id, NAME)
            if not stored:
                for rank, signer in enumerate(made):
                    key = sealed_key(core, signer.key, seeded=core.seeded)
                    keys.add_key(turn.connection, key)
                    row = {"vault_id": core.vault_id, "name": NAME, "rank": rank, "key_id": key["id"]}
                    rows.add_authority(turn.connection, {**row, "certificate_der": signer.certificate_der})
                return made
    return Authority(*(Signer(row.certificate_der, open_key(core, row)) for row in stored))


def issue(authority: Authority, public_key: PublicKey, subject: x509.Name, *, serial: int, now: datetime) -> bytes:
    """
    Sign a device certificate.

    Args:
        authority: see ``find_authority``.
        public_key: the device's own.
        subject: as in the request; extensions that the request asks for do not count.
        serial: positive, at most 20 octets.
        now: aware UTC instant.

    Returns:
        DER.
    """
    issuer_key = authority.issuing.key.public_key()
    return sign(
        subject, ISSUER, public_key,
        [
            *_identifiers(public_key, issuer_key),
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_DEVICE_USAGE, True),
        ],
        authority.issuing.key, serial_number=serial, not_before=now - BACKDATED, not_after=END,
    )  # fmt: skip


def _make(entropy: Entropy, now: datetime) -> Authority:
    root_key = entropy.rsa_key(f"CA {NAME} root", KEY_SIZE)
    issuing_key = entropy.rsa_key(f"CA {NAME}", KEY_SIZE)
    root_der = _ca(entropy, "root", ROOT, root_key, root_key, now, path_length=None)
    issuing_der = _ca(entropy, "issuing", ISSUER, issuing_key, root_key, now, path_length=0)
    return Authority(Signer(root_der, root_key), Signer(issuing_der, issuing_key))


def _ca(
    entropy: Entropy,
    role: str,
    subject: x509.Name,
    key: PrivateKey,
    signer: PrivateKey,
    now: datetime,
    *,
    path_length: int | None,
) -> bytes:
    return sign(
        subject, ROOT, key.public_key(),
        [
            *_identifiers(key.public_key(), signer.public_key()),
            (x509.BasicConstraints(ca=True, path_length=path_length), True),
            (_CA_USAGE, True),
        ],
        signer, serial_number=serial_number(entropy, f"CA {NAME} {role}"), not_before=now - BACKDATED, not_after=END,
    )  # fmt: skip


def _identifiers(public_key: PublicKey, issuer_key: PublicKey) -> list[Extension]:
    return [
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), False),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
    ]
