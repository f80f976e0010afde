"""Certification authorities of the account's own: registered, so that the certificates they sign can be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.errors import (
    CertificateStateException,
    InvalidRequestException,
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
)
from kvlab.iot import material
from kvlab.iot.certificate import validity
from kvlab.iot.page import PAGE_SIZE, cut, read_marker
from kvlab.iot.view import View, operation
from kvlab.store import iot as rows
from kvlab.wire.iot import (
    CaCertificate,
    CaCertificateDescription,
    CaCertificateList,
    DescribedCaCertificate,
    RegisteredCertificate,
    RegistrationCode,
    RegistrationConfig,
)
from kvlab.x509.container import pem_certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

SAME_SUBJECT_LIMIT = 10
CODE_OCTETS = 32

_CONFIG = {"templateBody": (0, 10240), "roleArn": (20, 2048), "templateName": (1, 36)}
"""Member of a registration configuration -> least and most characters."""


class CaOperations(View):
    """What an account does with its CAs."""

    @operation
    def get_registration_code(self) -> RegistrationCode:
        """Return the account's registration code, 64 hexadecimal digits; it is made when there is none."""
        with self._turn() as turn:
            code = self._registration_code(turn.connection)
            if code is None:
                code = self._core.entropy.octets(f"iot {self.account}", "registration code", CODE_OCTETS).hex()
                rows.set_registration_code(turn.connection, self._account_id, code)
                turn.record("get_registration_code", self._place.arn("registrationcode", code))
        return RegistrationCode(registration_code=code)

    @operation
    def delete_registration_code(self) -> None:
        """
        Forget the account's registration code; the next one is another.

        Raises:
            ResourceNotFoundException: there is none.
        """
        with self._turn() as turn:
            code = self._registration_code(turn.connection)
            if code is None:
                raise ResourceNotFoundException("The account has no registration code.")
            rows.set_registration_code(turn.connection, self._account_id, None)
            turn.record("delete_registration_code", self._place.arn("registrationcode", code))

    @operation
    def register_ca_certificate(
        self,
        ca_certificate: str,
        verification_certificate: str | None = None,
        set_as_active: bool | None = None,
        allow_auto_registration: bool | None = None,
        registration_config: Mapping[str, Any] | None = None,
        tags: list[Any] | None = None,  # noqa: ARG002  tags have no effect here
        certificate_mode: str | None = None,
    ) -> RegisteredCertificate:
        """
        Register a CA whose key the account has.

        Args:
            ca_certificate: PEM.
            verification_certificate: PEM; signed by the CA, its common name is the registration code. Needed in mode
                ``DEFAULT``, not allowed in ``SNI_ONLY``.
            set_as_active: whether it is ACTIVE at once.
            allow_auto_registration: whether certificates of it are registered when devices first connect.
            registration_config: ``templateBody`` or ``templateName``, and ``roleArn``: how they are provisioned.
            tags: accepted, without effect.
            certificate_mode: ``DEFAULT`` or ``SNI_ONLY``.

        Raises:
            CertificateValidationException: no CA's certificate, or the CA did not sign the verification certificate.
            RegistrationCodeValidationException: the verification certificate is for another code.
            ResourceAlreadyExistsException: the CA is registered.
            LimitExceededException: ten CAs of this subject are.
            InvalidRequestException: the verification certificate is missing, or must be.
        """
        mode = certificate_mode or "DEFAULT"
        config = _read_config(registration_config)
        ca = material.read_ca(ca_certificate, self._core.clock.now())
        if (verification_certificate is None) is (mode == "DEFAULT"):
            verb = "is required" if mode == "DEFAULT" else "is not allowed"
            raise InvalidRequestException(f"verificationCertificate {verb} in the certificate mode {mode}.")
        with self._turn() as turn:
            if verification_certificate is not None:
                verification = material.read_certificate(verification_certificate)
                material.require_code(verification, self._registration_code(turn.connection))
                material.require_issued_by(verification, ca)
            ca_id = material.certificate_id(material.der_of(ca))
            self._refuse_known_ca(turn.connection, ca, ca_id, mode)
            status = "ACTIVE" if set_as_active else "INACTIVE"
            rows.add_ca(turn.connection, {
                "account_id": self._account_id, "id": ca_id, "status": status,
                "auto_registration": bool(allow_auto_registration), "certificate_der": material.der_of(ca),
                "subject_der": material.name_der(ca.subject), "mode": mode, "created": turn.seconds,
                "modified": turn.seconds, "customer_version": 1,
                "generation_id": self._new_uuid(ca_id, "generation id"), "registration_config": config,
            })  # fmt: skip
            arn = self._place.arn("cacert", ca_id)
            turn.record("register_ca_certificate", arn, status=status, mode=mode)
        return RegisteredCertificate(certificate_arn=arn, certificate_id=ca_id)

    @operation
    def describe_ca_certificate(self, certificate_id: str) -> DescribedCaCertificate:
        """
        Return all that the registry holds of a CA.

        Raises:
            ResourceNotFoundException: there is none.
        """
        with self._core.read() as connection:
            row = self._ca(connection, certificate_id)
        config = RegistrationConfig.model_validate_json(row.registration_config) if row.registration_config else None
        return DescribedCaCertificate(
            certificate_description=CaCertificateDescription(
                certificate_arn=self._place.arn("cacert", row.id),
                certificate_id=row.id,
                status=row.status,
                certificate_pem=pem_certificate(row.certificate_der),
                owned_by=self.account,
                creation_date=row.created,
                auto_registration_status="ENABLE" if row.auto_registration else "DISABLE",
                last_modified_date=row.modified,
                customer_version=row.customer_version,
                generation_id=row.generation_id,
                validity=validity(x509.load_der_x509_certificate(row.certificate_der)),
                certificate_mode=row.mode,
            ),
            registration_config=config,
        )

    @operation
    def update_ca_certificate(
        self,
        certificate_id: str,
        new_status: str | None = None,
        new_auto_registration_status: str | None = None,
        registration_config: Mapping[str, Any] | None = None,
        remove_auto_registration: bool | None = None,
    ) -> None:
        """
        Change a CA.

        Args:
            certificate_id: 64 hexadecimal digits.
            new_status: ``ACTIVE`` or ``INACTIVE``.
            new_auto_registration_status: ``ENABLE`` or ``DISABLE``.
            registration_config: see ``register_ca_certificate``.
            remove_auto_registration: take the configuration away.

        Raises:
            ResourceNotFoundException: there is none.
        """
        config = _read_config(registration_config)
        with self._turn() as turn:
            row = self._ca(turn.connection, certificate_id)
            values: dict[str, Any] = {}
            if new_status:
                values["status"] = new_status
            if new_auto_registration_status:
                values["auto_registration"] = new_auto_registration_status == "ENABLE"
            if config or remove_auto_registration:
                values["registration_config"] = None if remove_auto_registration else config
            rows.set_ca(
                turn.connection, row.number, modified=turn.seconds, customer_version=row.customer_version + 1, **values
            )
            arn = self._place.arn("cacert", row.id)
            turn.record("update_ca_certificate", arn, status=new_status, auto_registration=new_auto_registration_status)

    @operation
    def delete_ca_certificate(self, certificate_id: str) -> None:
        """
        Delete a CA; the certificates that it signed stay.

        Raises:
            CertificateStateException: it is active.
            ResourceNotFoundException: there is none.
        """
        with self._turn() as turn:
            row = self._ca(turn.connection, certificate_id)
            if row.status != "INACTIVE":
                raise CertificateStateException(f"CA certificate must be deactivated before deletion. Id: {row.id}")
            rows.drop_ca(turn.connection, row.number)
            turn.record("delete_ca_certificate", self._place.arn("cacert", row.id))

    @operation
    def list_ca_certificates(
        self,
        page_size: int | None = None,
        marker: str | None = None,
        ascending_order: bool | None = None,
        template_name: str | None = None,
    ) -> CaCertificateList:
        """List the account's CAs, or those whose configuration names a provisioning template."""
        size = page_size or PAGE_SIZE
        with self._core.read() as connection:
            found = rows.cas(
                connection, self._account_id, after=read_marker(marker), most=size + 1, ascending=bool(ascending_order)
            )
        shown, following = cut(found, size)
        return CaCertificateList(
            certificates=[
                CaCertificate(
                    certificate_arn=self._place.arn("cacert", row.id), certificate_id=row.id, status=row.status,
                    creation_date=row.created,
                )
                for row in shown
                if template_name in (None, json.loads(row.registration_config or "{}").get("templateName"))
            ],
            next_marker=following,
        )  # fmt: skip

    def _ca(self, connection: Connection, certificate_id: str) -> Any:
        row = rows.ca(connection, self._account_id, certificate_id.lower())
        if row is None:
            raise ResourceNotFoundException(f"CA certificate not found. Id: {certificate_id}", id=certificate_id)
        return row

    def _registration_code(self, connection: Connection) -> str | None:
        row = rows.find_account(connection, self._core.vault_id, self.account, self.region)
        return None if row is None else row.registration_code

    def _refuse_known_ca(self, connection: Connection, ca: x509.Certificate, ca_id: str, mode: str) -> None:
        for row in rows.ca_anywhere(connection, self._core.vault_id, self.region, ca_id):
            if row.account_id == self._account_id:
                raise ResourceAlreadyExistsException(
                    "The CA certificate is already registered",
                    resource_id=ca_id,
                    resource_arn=self._place.arn("cacert", ca_id),
                )
            if "DEFAULT" in (mode, row.mode):
                raise ResourceAlreadyExistsException("The CA certificate is already registered in another account")
        same = rows.cas_by_subject(connection, self._core.vault_id, material.name_der(ca.subject))
        if sum(row.account_id == self._account_id for row in same) >= SAME_SUBJECT_LIMIT:
            raise LimitExceededException(f"At most {SAME_SUBJECT_LIMIT} CA certificates may have the same subject.")


def _read_config(value: Mapping[str, Any] | None) -> str | None:
    """Take a registration configuration; returns its JSON."""
    if not value:
        return None
    for name, entry in value.items():
        least, most = _CONFIG.get(name, (0, -1))
        if not isinstance(entry, str) or not least <= len(entry) <= most:
            raise InvalidRequestException(f"registrationConfig.{name} is not allowed, or not of an allowed length.")
    if "templateBody" in value and "templateName" in value:
        raise InvalidRequestException("registrationConfig has either templateBody or templateName.")
    return json.dumps(dict(value))
