"""
What happens when a device first connects with a certificate that its account's own CA signed.

Source: https://docs.aws.amazon.com/iot/latest/developerguide/auto-register-device-cert.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography import x509

from kvlab.errors import CertificateValidationException
from kvlab.iot import material
from kvlab.iot.iot import Iot
from kvlab.iot.state import Status
from kvlab.iot.view import Place, place_of
from kvlab.store import iot as rows
from kvlab.x509.key import CRYPTOGRAPHY_REFUSES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kvlab.vault.vault import Vault


class Joined(NamedTuple):
    """
    A device that has introduced itself.

    Attributes:
        certificate_id: of its certificate, registered now or earlier.
        place: the account and region of its CA.
        topic: what the broker publishes the message on.
        message: JSON values.
    """

    certificate_id: str
    place: Place
    topic: str
    message: dict[str, Any]


def first_connect(vault: Vault, certificate_der: bytes) -> Joined | None:
    """
    Register the certificate of a device that connects, if its CA is active and registers automatically.

    The broker publishes the message and drops the connection: what follows is the account's decision. As long as that
    is not taken, the message is the same at every further connect.

    Args:
        vault: whose registry it is.
        certificate_der: as the device has shown it in a handshake, which proves that it has the key.

    Returns:
        None if the certificate is registered and not pending, or no such CA signed it.
    """
    core = vault._core  # noqa: SLF001  the registry is a part of the same vault
    certificate_id = material.certificate_id(certificate_der)
    with core.read() as connection:
        known = rows.certificates_everywhere(connection, core.vault_id, certificate_id)
        if known:
            row = next((row for row in known if row.status == Status.PENDING_ACTIVATION and row.ca_id), None)
            return None if row is None else _joined(row, row.ca_id)
        ca = _ca_of(connection, core.vault_id, certificate_der)
    if ca is None:
        return None
    iot = Iot(vault, account=ca.account, region=ca.region)
    row = iot.keep_pending(certificate_der, ca)
    return _joined(row, ca.id)


def _ca_of(connection: Connection, vault_id: int, certificate_der: bytes) -> Any:
    try:
        certificate = material.check_certificate(x509.load_der_x509_certificate(certificate_der))
    except (CertificateValidationException, *CRYPTOGRAPHY_REFUSES):
        return None
    for row in rows.cas_by_subject(connection, vault_id, material.name_der(certificate.issuer)):
        if row.status == "ACTIVE" and row.auto_registration:
            ca = x509.load_der_x509_certificate(row.certificate_der)
            if material.is_issued_by(certificate, ca):
                return row
    return None


def _joined(row: Any, ca_id: str) -> Joined:
    message = {
        "certificateId": row.id, "caCertificateId": ca_id, "timestamp": row.created * 1000,
        "certificateStatus": row.status, "awsAccountId": row.account,
        "certificateRegistrationTimestamp": str(row.created * 1000),
    }  # fmt: skip
    return Joined(row.id, place_of(row), f"$aws/events/certificates/registered/{ca_id}", message)
