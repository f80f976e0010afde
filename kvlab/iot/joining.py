"""What a device's first connection does: just-in-time registration, and provisioning by its CA's template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from kvlab.errors import CertificateValidationException
from kvlab.iot import material
from kvlab.iot.iot import Iot
from kvlab.iot.lookup import Device, find_device
from kvlab.store import iot as rows

if TYPE_CHECKING:
    from kvlab.vault.vault import Vault


def register_at_connect(vault: Vault, certificate: x509.Certificate) -> Device | None:
    """
    Register a certificate that a device has shown, if an active CA with automatic registration signed it.

    It is ``PENDING_ACTIVATION`` then, and what the CA's template says where it has one. The connection that brought it
    is refused all the same.

    Returns:
        The registration, also one that was made before; None where there is no such CA.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/auto-register-device-cert.html, and
        https://docs.aws.amazon.com/iot/latest/developerguide/jit-provisioning.html
    """
    der = material.der_of(certificate)
    if (known := find_device(vault, der)) is not None:
        return known
    try:
        material.check_certificate(certificate)
    except (CertificateValidationException, *material.UNREADABLE):
        return None
    core = vault._core  # noqa: SLF001  the registry is a part of the same vault
    with core.read() as connection:
        found = rows.cas_by_subject(connection, core.vault_id, material.name_der(certificate.issuer))
    for row in found:
        ca = x509.load_der_x509_certificate(row.certificate_der)
        if row.status == "ACTIVE" and row.auto_registration and material.is_issued_by(certificate, ca):
            iot = Iot(vault, account=row.account, region=row.region)
            iot.register_by_ca(der, row.id)
            iot.provision_at_connect(certificate, row.id)
            return find_device(vault, der, account=row.account)
    return None
