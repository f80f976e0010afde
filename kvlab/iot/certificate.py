"""Device certificates: made, described, listed, updated and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from kvlab.entropy import serial_number
from kvlab.errors import DeleteConflictException, ServiceUnavailableException
from kvlab.iot import material, state
from kvlab.iot.authority import DEFAULT_SUBJECT, END, KEY_SIZE, Authority, find_authority, issue
from kvlab.iot.page import PAGE_SIZE, cut, read_marker
from kvlab.iot.view import View, certificate_not_found, operation, place_of
from kvlab.store import iot as rows
from kvlab.store import iot_policy as policies
from kvlab.store import iot_thing as things
from kvlab.wire.iot import (
    Certificate,
    CertificateDescription,
    CertificateList,
    CertificateValidity,
    DescribedCertificate,
    IssuedCertificate,
    KeyPair,
    KeysAndCertificate,
    TransferData,
)
from kvlab.x509.container import pem_certificate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvlab.vault.turn import Turn
    from kvlab.x509.key import PublicKey

_PUBLIC = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
_PRIVATE = (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


class CertificateOperations(View):
    """What an account does with its device certificates."""

    _authority: Authority | None = None

    @operation
    def create_keys_and_certificate(self, set_as_active: bool | None = None) -> KeysAndCertificate:
        """
        Make an RSA key of 2048 bits and a certificate for it; the private key is in the answer and nowhere else.

        Args:
            set_as_active: whether the certificate is ACTIVE at once; else it is INACTIVE.
        """
        key = self._core.entropy.rsa_key(self._entropy_name, KEY_SIZE)
        made = self._issue("create_keys_and_certificate", key.public_key(), DEFAULT_SUBJECT, set_as_active)
        pair = KeyPair(
            public_key=key.public_key().public_bytes(*_PUBLIC).decode(),
            private_key=key.private_bytes(*_PRIVATE).decode(),
        )
        return KeysAndCertificate(**dict(made), key_pair=pair)

    @operation
    def create_certificate_from_csr(
        self, certificate_signing_request: str, set_as_active: bool | None = None
    ) -> IssuedCertificate:
        """
        Make a certificate for the key of a request; the same request gives another certificate each time.

        Args:
            certificate_signing_request: PEM of a PKCS#10 request; its subject is kept, its extensions are not.
            set_as_active: whether the certificate is ACTIVE at once.

        Raises:
            InvalidRequestException: it is no request, its signature does not hold, or its key is weak.
        """
        public_key, subject = material.read_request(certificate_signing_request)
        return self._issue("create_certificate_from_csr", public_key, subject, set_as_active)

    @operation
    def describe_certificate(self, certificate_id: str) -> DescribedCertificate:
        """
        Return all that the registry holds of a certificate that the account owns or is offered.

        Raises:
            ResourceNotFoundException: there is none.
        """
        with self._core.read() as connection:
            row = rows.certificate(connection, self._account_id, certificate_id.lower())
        if row is None:
            raise certificate_not_found(certificate_id)
        return DescribedCertificate(certificate_description=describe(row))

    @operation
    def list_certificates(
        self, page_size: int | None = None, marker: str | None = None, ascending_order: bool | None = None
    ) -> CertificateList:
        """List the certificates that the account owns or is offered, the newest first unless ``ascending_order``."""
        size = page_size or PAGE_SIZE
        with self._core.read() as connection:
            found = rows.certificates(
                connection, self._account_id, after=read_marker(marker), most=size + 1, ascending=bool(ascending_order)
            )
        return _listed(found, size)

    @operation
    def list_certificates_by_ca(
        self,
        ca_certificate_id: str,
        page_size: int | None = None,
        marker: str | None = None,
        ascending_order: bool | None = None,
    ) -> CertificateList:
        """List the certificates of a registered CA; none for a CA that is not registered."""
        size = page_size or PAGE_SIZE
        with self._core.read() as connection:
            found = rows.certificates_of_ca(
                connection, self._account_id, ca_certificate_id.lower(),
                after=read_marker(marker), most=size + 1, ascending=bool(ascending_order),
            )  # fmt: skip
        return _listed(found, size)

    @operation
    def update_certificate(self, certificate_id: str, new_status: str) -> None:
        """
        Activate, deactivate or revoke a certificate.

        Args:
            certificate_id: 64 hexadecimal digits.
            new_status: ``ACTIVE``, ``INACTIVE`` or ``REVOKED``; who leaves ``ACTIVE`` loses its connections.

        Raises:
            CertificateStateException: it is revoked, which is final, or its transfer is pending.
            InvalidRequestException: only the service sets this status.
            ResourceNotFoundException: there is none.
        """
        step = state.update_step(new_status)
        with self._turn() as turn:
            row = self._own(turn.connection, certificate_id)
            self._move(turn, row, "update_certificate", step)

    @operation
    def delete_certificate(self, certificate_id: str, force_delete: bool | None = None) -> None:
        """
        Delete a certificate to which no thing is attached, and no policy unless ``force_delete``, which detaches it.

        Raises:
            CertificateStateException: it is active, or its transfer is pending.
            DeleteConflictException: something is attached.
            ResourceNotFoundException: there is none.
        """
        with self._turn() as turn:
            row = self._own(turn.connection, certificate_id)
            state.take(row.status, state.Step.DELETE, row.id)
            arn = self._place.arn("cert", row.id)
            if things.things_of(turn.connection, self._account_id, arn, after=None, most=1):
                raise DeleteConflictException(f"Things must be detached before deletion (arn: {arn})")
            if policies.count_attached(turn.connection, arn):
                if not force_delete:
                    raise DeleteConflictException(f"Certificate policies must be detached before deletion (arn: {arn})")
                policies.detach_all(turn.connection, arn)
            rows.drop_certificate(turn.connection, row.number)
            turn.record("delete_certificate", arn, force_delete=force_delete)

    def glance(self, certificate_id: str) -> state.Status | None:
        """Return a certificate's status without a trace in the log; None if the account has none of this id."""
        with self._core.read() as connection:
            row = rows.certificate(connection, self._account_id, certificate_id.lower())
        return None if row is None else state.Status(row.status)

    @property
    def ca_chain_pem(self) -> str:
        """The CA that signs device certificates, and its root: PEM, the issuing CA first."""
        authority = self._find_authority()
        return "".join(pem_certificate(signer.certificate_der) for signer in (authority.issuing, authority.root))

    @property
    def _entropy_name(self) -> str:
        return f"iot {self._place.account} {self._place.region}"

    def _find_authority(self) -> Authority:
        if self._authority is None:
            self._authority = find_authority(self._core)
        return self._authority

    def _issue(self, name: str, public_key: PublicKey, subject: x509.Name, active: bool | None) -> IssuedCertificate:
        der = self._sign(public_key, subject)
        with self._turn() as turn:
            registered = self._keep(turn, name, der, state.created(active=active))
        return IssuedCertificate(**registered, certificate_pem=pem_certificate(der))

    def _sign(self, public_key: PublicKey, subject: x509.Name) -> bytes:
        serial = serial_number(self._core.entropy, self._entropy_name)
        now = self._core.clock.now().replace(microsecond=0)
        if now >= END:
            raise ServiceUnavailableException("The CA that signs device certificates ended with the year 2049.")
        return issue(self._find_authority(), public_key, subject, serial=serial, now=now)

    def _keep(
        self,
        turn: Turn,
        name: str,
        der: bytes,
        status: state.Status,
        *,
        ca_id: str | None = None,
        mode: str = "DEFAULT",
    ) -> dict[str, str]:
        """Put a certificate into the registry; returns what it is called there."""
        found = material.certificate_id(der)
        arn = self._place.arn("cert", found)
        rows.add_certificate(turn.connection, {
            "account_id": self._account_id, "id": found, "status": status.value, "certificate_der": der,
            "ca_id": ca_id, "mode": mode, "created": turn.seconds, "modified": turn.seconds, "customer_version": 1,
            "generation_id": self._new_uuid(found, "generation id"),
        })  # fmt: skip
        turn.record(name, arn, status=status.value, ca_certificate_id=ca_id)
        return {"certificate_arn": arn, "certificate_id": found}

    def _move(self, turn: Turn, row: Any, name: str, step: state.Step, **values: Any) -> None:
        """Take a step with a certificate, and note it."""
        after = state.take(row.status, step, row.id)
        assert after is not None
        rows.set_certificate(
            turn.connection, row.number, status=after.value, modified=turn.seconds,
            customer_version=row.customer_version + 1, **values,
        )  # fmt: skip
        # Of the account that has it now: an accepted certificate has left the other one.
        place = self._place if values.get("account_id") else place_of(row)
        turn.record(name, place.arn("cert", row.id), status=after.value, before=row.status, owner=place.account)


def describe(row: Any) -> CertificateDescription:
    """Return the description of a certificate's row, which has its owner."""
    certificate = x509.load_der_x509_certificate(row.certificate_der)
    return CertificateDescription(
        certificate_arn=place_of(row).arn("cert", row.id),
        certificate_id=row.id,
        ca_certificate_id=row.ca_id,
        status=row.status,
        certificate_pem=pem_certificate(row.certificate_der),
        owned_by=row.account,
        previous_owned_by=row.previous_owner,
        creation_date=row.created,
        last_modified_date=row.modified,
        customer_version=row.customer_version,
        transfer_data=TransferData(
            transfer_message=row.transfer_message,
            reject_reason=row.reject_reason,
            transfer_date=row.transfer_date,
            accept_date=row.accept_date,
            reject_date=row.reject_date,
        ),
        generation_id=row.generation_id,
        validity=validity(certificate),
        certificate_mode=row.mode,
    )


def validity(certificate: x509.Certificate) -> CertificateValidity:
    """Return from when to when a certificate is valid."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return CertificateValidity(not_before=int(start.timestamp()), not_after=int(end.timestamp()))


def _listed(found: Sequence[Any], size: int) -> CertificateList:
    shown, marker = cut(found, size)
    return CertificateList(
        certificates=[
            Certificate(
                certificate_arn=place_of(row).arn("cert", row.id), certificate_id=row.id, status=row.status,
                certificate_mode=row.mode, creation_date=row.created,
            )
            for row in shown
        ],
        next_marker=marker,
    )  # fmt: skip
