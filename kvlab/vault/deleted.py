"""Soft delete of certificates: delete, read, list, recover, purge; and backup and restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import CertificateNotFound, DeletedCertificateNotFound, PurgeProtected, RestoreConflict
from kvlab.store import certificate as rows
from kvlab.store import order as orders
from kvlab.vault import answer, archive
from kvlab.vault.creation import signs_itself, worker_of
from kvlab.vault.lifetime import reschedule
from kvlab.vault.operation import Status, Worker
from kvlab.vault.turn import VAULT
from kvlab.vault.view import View, name_key, operation, start_after
from kvlab.wire.certificate import Backup, CertificateBundle, DeletedCertificateBundle, DeletedCertificateItem

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn


class DeletedCertificateOperations(View):
    """The operations that take a certificate away and bring it back."""

    @operation()
    def delete_certificate(self, name: str) -> DeletedCertificateBundle:
        """
        Delete a certificate with all versions, its key and its secret; it can be recovered until its purge date.

        Args:
            name: of the certificate.

        Raises:
            CertificateNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/delete-certificate
        """
        core = self._core
        with core.turn(self._principal) as turn:
            row = rows.latest(turn.connection, core.vault_id, name_key(name))
            if row is None or row.c_deleted_at is not None:
                raise CertificateNotFound(name)
            purge_at = turn.seconds + core.retention_days * answer.DAY
            rows.set_certificate(turn.connection, row.c_id, deleted_at=turn.seconds, purge_at=purge_at)
            turn.due.append(purge_at)
            if row.p_request_id is not None:
                # Nobody works for a certificate that is gone; the operation waits for it to be recovered.
                rows.set_operation(turn.connection, row.c_id, due_at=None)
                orders.set_due(turn.connection, row.p_request_id, None)
            reschedule(turn, row.c_id)
            turn.record("delete_certificate", f"certificates/{row.c_name}", version=row.v_version)
            deleted = rows.latest(turn.connection, core.vault_id, name_key(name))
            assert deleted is not None
            return answer.deleted_bundle(deleted, self._place, turn.now)

    @operation("deletedcertificates")
    def get_deleted_certificate(self, name: str) -> DeletedCertificateBundle:
        """
        Read a deleted certificate.

        Args:
            name: of the certificate.

        Raises:
            DeletedCertificateNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-deleted-certificate
        """
        with self._core.read() as connection:
            row = self._deleted_certificate(connection, name)
        if row is None:
            raise DeletedCertificateNotFound(name)
        return answer.deleted_bundle(row, self._place, self._core.clock.now())

    @operation("deletedcertificates")
    def get_deleted_certificates(
        self, *, include_pending: bool = False, maxresults: int | None = None, after: str = ""
    ) -> list[DeletedCertificateItem]:
        """
        List deleted certificates by name; arguments as for ``get_certificates``.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-deleted-certificates
        """
        with self._core.read() as connection:
            found = rows.all_latest(
                connection,
                self._core.vault_id,
                deleted=True,
                after=start_after(after),
                limit=maxresults,
                with_pending=include_pending,
            )
        now = self._core.clock.now()
        return [answer.deleted_item(row, self._place, now) for row in found]

    @operation("deletedcertificates")
    def recover_deleted_certificate(self, name: str) -> CertificateBundle:
        """
        Bring a deleted certificate back, with its key, its secret and all versions.

        Args:
            name: of the certificate.

        Raises:
            CertificateNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/recover-deleted-certificate
        """
        core = self._core
        with core.turn(self._principal) as turn:
            row = self._deleted_certificate(turn.connection, name)
            if row is None:
                raise CertificateNotFound(name)
            rows.set_certificate(turn.connection, row.c_id, deleted_at=None, purge_at=None)
            if row.p_status == Status.IN_PROGRESS:
                ordered = orders.set_due(turn.connection, row.p_request_id, turn.seconds)
                if not ordered and _falls_due(row):
                    rows.set_operation(turn.connection, row.c_id, due_at=turn.seconds)
                turn.due.append(turn.seconds)
            reschedule(turn, row.c_id)
            turn.record("recover_deleted_certificate", f"certificates/{row.c_name}", version=row.v_version)
            live = rows.latest(turn.connection, core.vault_id, name_key(name))
            assert live is not None
            return answer.bundle(live, self._place, turn.now)

    @operation("deletedcertificates")
    def purge_deleted_certificate(self, name: str) -> None:
        """
        Destroy a deleted certificate at once; its name is free again.

        Args:
            name: of the certificate.

        Raises:
            CertificateNotFound: 404.
            PurgeProtected: 403.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/purge-deleted-certificate
        """
        core = self._core
        with core.turn(self._principal) as turn:
            row = self._deleted_certificate(turn.connection, name)
            if row is None:
                raise CertificateNotFound(name)
            if core.purge_protection:
                raise PurgeProtected
            _forget(turn, row.c_id)
            turn.due.append(turn.seconds)
            turn.record("purge_deleted_certificate", f"certificates/{row.c_name}")

    @operation()
    def backup_certificate(self, name: str) -> Backup:
        """
        Write a certificate with all versions, its key and its policy into a blob sealed under the vault's master key.

        Args:
            name: of the certificate.

        Raises:
            CertificateNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/backup-certificate
        """
        core = self._core
        with core.turn(self._principal) as turn:
            row = rows.latest(turn.connection, core.vault_id, name_key(name))
            if row is None or row.c_deleted_at is not None or row.v_version is None:
                raise CertificateNotFound(name)
            backup = archive.pack_certificate(core, turn.connection, row)
            turn.record("backup_certificate", f"certificates/{row.c_name}", version=row.v_version)
        return backup

    @operation("certificates/restore")
    def restore_certificate(self, value: bytes | str | Backup) -> CertificateBundle:
        """
        Bring a certificate back from a backup.

        Args:
            value: the blob (octets, or base64url text).

        Raises:
            CorruptBackup: 400, altered, or sealed under another master key.
            RestoreConflict: 409, the name is in use, live or deleted.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/restore-certificate
        """
        core = self._core
        content = archive.unpack(core, "certificate", value)
        with core.turn(self._principal) as turn:
            key = name_key(content["name"])
            if rows.occupants(turn.connection, core.vault_id, key):
                newest = content["versions"][-1]["version"]
                raise RestoreConflict("certificate", self._place.id("certificates", content["name"], newest))
            reschedule(turn, archive.keep_certificate(core, turn.connection, content))
            newest = content["versions"][-1]
            turn.record(
                "restore_certificate", f"certificates/{content['name']}", versions=len(content["versions"]),
                key_type=newest["key_type"], exportable=bool(newest["exportable"]),
            )  # fmt: skip
            row = rows.latest(turn.connection, core.vault_id, key)
            assert row is not None
            return answer.bundle(row, self._place, turn.now)

    def _deleted_certificate(self, connection: Connection, name: str) -> Row[Any] | None:
        row = rows.latest(connection, self._core.vault_id, name_key(name))
        return row if row is not None and row.c_deleted_at is not None else None


def _falls_due(row: Row[Any]) -> bool:
    """Tell whether somebody works on an operation: issuer ``Self``, or an issuer that was asked to cancel."""
    asked = row.p_cancellation_requested and worker_of(row.p_issuer) is Worker.ISSUER
    return asked or signs_itself(row.p_issuer)


def _forget(turn: Turn, certificate_id: int) -> None:
    orders.abandon(turn.connection, certificate_id, turn.seconds)
    rows.drop_certificate(turn.connection, certificate_id)


def purge_certificate(core: Core, step: Row[Any]) -> int:
    """Forget a deleted certificate whose retention is over."""
    with core.turn(VAULT, core.instant(step.at)) as turn:
        name = rows.name_to_purge(turn.connection, step.id, turn.seconds)
        if name is None:
            return 0
        _forget(turn, step.id)
        turn.record("purge", f"certificates/{name}", reason="retention over")
        return 1
