"""Certificates that go from one account to another: offered by the one, accepted or rejected by the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import InvalidRequestException, TransferAlreadyCompletedException, TransferConflictException
from kvlab.iot.certificate import CertificateOperations
from kvlab.iot.page import PAGE_SIZE, cut, read_marker
from kvlab.iot.state import Step, take
from kvlab.iot.view import certificate_not_found, operation
from kvlab.store import iot as rows
from kvlab.store import iot_policy as policies
from kvlab.store import iot_thing as things
from kvlab.wire.iot import OutgoingCertificate, OutgoingCertificateList, TransferredCertificate

if TYPE_CHECKING:
    from kvlab.vault.turn import Turn


class TransferOperations(CertificateOperations):
    """What two accounts do to hand a certificate over."""

    @operation
    def transfer_certificate(
        self, certificate_id: str, target_aws_account: str, transfer_message: str | None = None
    ) -> TransferredCertificate:
        """
        Offer a certificate to another account.

        Args:
            certificate_id: of an INACTIVE certificate with nothing attached.
            target_aws_account: 12 digits.
            transfer_message: for the other account, at most 128 characters.

        Raises:
            CertificateStateException: it is not INACTIVE.
            TransferConflictException: a policy or thing is attached, or the other account has the certificate already.
            InvalidRequestException: the other account is the same one.
            ResourceNotFoundException: there is none.
        """
        with self._turn() as turn:
            row = self._own(turn.connection, certificate_id)
            take(row.status, Step.TRANSFER, row.id)
            if target_aws_account == self.account:
                raise InvalidRequestException("A certificate is not transferred to the account that owns it.")
            self._refuse_attached(turn, row)
            receiver = rows.account(turn.connection, self._core.vault_id, target_aws_account, self.region)
            there = rows.certificate(turn.connection, receiver.id, row.id)
            if there is not None and there.account_id == receiver.id:
                raise TransferConflictException(f"The account {target_aws_account} has the certificate. Id: {row.id}")
            self._move(
                turn, row, "transfer_certificate", Step.TRANSFER, receiver_id=receiver.id,
                transfer_message=transfer_message, transfer_date=turn.seconds,
                reject_reason=None, accept_date=None, reject_date=None,
            )  # fmt: skip
        return TransferredCertificate(transferred_certificate_arn=self._place.arn("cert", row.id))

    @operation
    def accept_certificate_transfer(self, certificate_id: str, set_as_active: bool | None = None) -> None:
        """
        Take a certificate that another account offers.

        Args:
            certificate_id: as ``list_certificates`` shows it.
            set_as_active: whether it is ACTIVE at once; else it is INACTIVE.

        Raises:
            TransferAlreadyCompletedException: no transfer is pending.
            ResourceNotFoundException: there is no such certificate, or it is offered to somebody else.
        """
        with self._turn() as turn:
            row = self._offered(turn, certificate_id)
            step = Step.ACCEPT_ACTIVE if set_as_active else Step.ACCEPT
            self._move(
                turn, row, "accept_certificate_transfer", step, account_id=self._account_id, receiver_id=None,
                previous_owner=row.account, accept_date=turn.seconds,
            )  # fmt: skip

    @operation
    def reject_certificate_transfer(self, certificate_id: str, reject_reason: str | None = None) -> None:
        """
        Decline a certificate that another account offers; that one keeps it, INACTIVE.

        Raises:
            TransferAlreadyCompletedException: no transfer is pending.
            ResourceNotFoundException: there is no such certificate, or it is offered to somebody else.
        """
        with self._turn() as turn:
            row = self._offered(turn, certificate_id)
            self._move(
                turn, row, "reject_certificate_transfer", Step.REJECT, receiver_id=None,
                reject_reason=reject_reason, reject_date=turn.seconds,
            )  # fmt: skip

    @operation
    def cancel_certificate_transfer(self, certificate_id: str) -> None:
        """
        Withdraw an offer of the account's own; the certificate is INACTIVE again.

        Raises:
            TransferAlreadyCompletedException: no transfer is pending, or the other account has accepted it.
            ResourceNotFoundException: there is no such certificate.
        """
        with self._turn() as turn:
            self._refuse_given_away(turn, certificate_id)
            row = self._own(turn.connection, certificate_id)
            self._move(turn, row, "cancel_certificate_transfer", Step.CANCEL, receiver_id=None)

    @operation
    def list_outgoing_certificates(
        self, page_size: int | None = None, marker: str | None = None, ascending_order: bool | None = None
    ) -> OutgoingCertificateList:
        """List the account's certificates whose transfer is pending."""
        size = page_size or PAGE_SIZE
        with self._core.read() as connection:
            found = rows.outgoing(
                connection, self._account_id, after=read_marker(marker), most=size + 1, ascending=bool(ascending_order)
            )
        shown, following = cut(found, size)
        return OutgoingCertificateList(
            outgoing_certificates=[
                OutgoingCertificate(
                    certificate_arn=self._place.arn("cert", row.id), certificate_id=row.id, transferred_to=row.receiver,
                    transfer_date=row.transfer_date, transfer_message=row.transfer_message, creation_date=row.created,
                )
                for row in shown
            ],
            next_marker=following,
        )  # fmt: skip

    def _offered(self, turn: Turn, certificate_id: str) -> Any:
        """Find a certificate that is offered to the account, or its own, of which there is nothing to accept."""
        row = rows.certificate(turn.connection, self._account_id, certificate_id.lower())
        if row is None or (row.receiver_id is not None and row.receiver_id != self._account_id):
            raise certificate_not_found(certificate_id)
        return row

    def _refuse_given_away(self, turn: Turn, certificate_id: str) -> None:
        found = rows.certificates_everywhere(turn.connection, self._core.vault_id, certificate_id.lower())
        of_region = [row for row in found if row.region == self.region]
        if any(row.account == self.account for row in of_region):
            return
        if any(row.previous_owner == self.account for row in of_region):
            raise TransferAlreadyCompletedException(
                f"The transfer of the certificate is complete. Id: {certificate_id}"
            )

    def _refuse_attached(self, turn: Turn, row: Any) -> None:
        arn = self._place.arn("cert", row.id)
        if policies.count_attached(turn.connection, arn):
            raise TransferConflictException(f"Certificate policies must be detached before the transfer (arn: {arn})")
        if things.things_of(turn.connection, self._account_id, arn, after=None, most=1):
            raise TransferConflictException(f"Things must be detached before the transfer (arn: {arn})")
