"""Certificates that somebody else signed: registered with their CA, or without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.errors import (
    CertificateConflictException,
    CertificateStateException,
    CertificateValidationException,
    ResourceAlreadyExistsException,
)
from kvlab.iot import material, state
from kvlab.iot.certificate import CertificateOperations
from kvlab.iot.view import operation
from kvlab.store import iot as rows
from kvlab.wire.iot import RegisteredCertificate

if TYPE_CHECKING:
    from sqlalchemy import Connection

NO_CA = "No CA certificate exists for the given certificate"


class RegistrationOperations(CertificateOperations):
    """What an account does to get certificates of other CAs into its registry."""

    @operation
    def register_certificate(
        self,
        certificate_pem: str,
        ca_certificate_pem: str | None = None,
        set_as_active: bool | None = None,
        status: str | None = None,
    ) -> RegisteredCertificate:
        """
        Register a certificate that a registered, active CA signed.

        Args:
            certificate_pem: of the device.
            ca_certificate_pem: of the CA; needed where two registered CAs have the same subject.
            set_as_active: deprecated; ``status`` counts before it.
            status: ``ACTIVE``, ``INACTIVE`` (the default) or ``REVOKED``.

        Raises:
            CertificateStateException: the CA is not registered, or not active; or a status that nobody may ask for.
            CertificateValidationException: no certificate, a weak key, or the CA did not sign it.
            CertificateConflictException: two registered CAs could have signed it.
            ResourceAlreadyExistsException: it is registered.
        """
        certificate = material.read_certificate(certificate_pem)
        wanted = state.registered(status) if status else state.created(active=set_as_active)
        with self._turn() as turn:
            ca = self._ca_of(turn.connection, certificate, ca_certificate_pem)
            self._refuse_known(turn.connection, certificate)
            made = self._keep(
                turn, "register_certificate", material.der_of(certificate), wanted, ca_id=ca.id, mode=ca.mode
            )
        return RegisteredCertificate(**made)

    @operation
    def register_certificate_without_ca(self, certificate_pem: str, status: str | None = None) -> RegisteredCertificate:
        """
        Register a certificate whoever signed it; devices find this account by SNI.

        Args:
            certificate_pem: of the device.
            status: as for ``register_certificate``.

        Raises:
            CertificateStateException: a status that nobody may ask for.
            CertificateValidationException: no certificate, or a weak key.
            ResourceAlreadyExistsException: it is registered.
        """
        certificate = material.read_certificate(certificate_pem)
        wanted = state.registered(status)
        with self._turn() as turn:
            self._refuse_known(turn.connection, certificate)
            made = self._keep(
                turn, "register_certificate_without_ca", material.der_of(certificate), wanted, mode="SNI_ONLY"
            )
        return RegisteredCertificate(**made)

    def register_by_ca(self, certificate_der: bytes, ca_id: str) -> None:
        """
        Register what a device has shown, on the word of a CA with automatic registration; AWS IoT's own doing.

        Args:
            certificate_der: of the device, signed by the CA.
            ca_id: of the registered CA.
        """
        found = material.certificate_id(certificate_der)
        with self._turn() as turn:
            ca = rows.ca(turn.connection, self._account_id, ca_id)
            # Another connection may have been faster, and the CA may be gone meanwhile.
            if ca is not None and rows.certificate(turn.connection, self._account_id, found) is None:
                pending = state.Status.PENDING_ACTIVATION
                self._keep(turn, "register_by_ca", certificate_der, pending, ca_id=ca.id, mode=ca.mode)

    def _refuse_known(self, connection: Connection, certificate: x509.Certificate) -> None:
        found = material.certificate_id(material.der_of(certificate))
        row = rows.certificate(connection, self._account_id, found)
        if row is not None and row.account_id == self._account_id:
            raise ResourceAlreadyExistsException(
                "The certificate is already provisioned or registered",
                resource_id=found,
                resource_arn=self._place.arn("cert", found),
            )

    def _ca_of(self, connection: Connection, certificate: x509.Certificate, ca_pem: str | None) -> Any:
        """Find the registered CA of a certificate: the one that is named, or the one that signed it."""
        if ca_pem is not None:
            named = material.read_certificate(ca_pem)
            ca = rows.ca(connection, self._account_id, material.certificate_id(material.der_of(named)))
            if ca is None:
                raise CertificateStateException(NO_CA)
            material.require_issued_by(certificate, named)
        else:
            ca = self._signer_of(connection, certificate)
        if ca.status != "ACTIVE":
            raise CertificateStateException(f"The CA certificate is not active. Id: {ca.id}")
        return ca

    def _signer_of(self, connection: Connection, certificate: x509.Certificate) -> Any:
        found = [
            row
            for row in rows.cas_by_subject(connection, self._core.vault_id, material.name_der(certificate.issuer))
            if row.account_id == self._account_id
        ]
        if not found:
            raise CertificateStateException(NO_CA)
        signers = [
            row
            for row in found
            if material.is_issued_by(certificate, x509.load_der_x509_certificate(row.certificate_der))
        ]
        if not signers:
            raise CertificateValidationException("The certificate is not signed by the CA certificate.")
        if len(signers) > 1:
            raise CertificateConflictException(
                "More than one registered CA certificate could have signed it: give caCertificatePem."
            )
        return signers[0]
