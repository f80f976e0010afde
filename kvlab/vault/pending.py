"""Pending operations: poll, ask to cancel, delete, and merge what your own CA signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.errors import ExpiredCertificate, InvalidProperty, KeyMismatch, NotACertificate, PublicKeyMismatch, X509Error
from kvlab.store import certificate as rows
from kvlab.store import order as orders
from kvlab.vault import answer
from kvlab.vault.creation import worker_of
from kvlab.vault.operation import Move, Status, Worker, take
from kvlab.vault.policy import UNKNOWN
from kvlab.vault.version import add_version, tags_text
from kvlab.vault.view import View, name_key, operation, read_attributes, read_tags
from kvlab.wire.certificate import CertificateBundle
from kvlab.wire.operation import CertificateOperation
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509.chain import find_leaf, order_from_leaf
from kvlab.x509.container import load_certificates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from kvlab.vault.certificate import AttributesInput

CertificateInput = bytes | str | x509.Certificate


class PendingOperations(View):
    """The operations on a certificate's pending object."""

    @operation()
    def get_certificate_operation(self, name: str, *, request_id: str | None = None) -> CertificateOperation:
        """
        Poll a creation.

        Args:
            name: of the certificate.
            request_id: answer only if this is the operation's id.

        Raises:
            PendingCertificateNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate-operation
        """
        with self._core.read() as connection:
            row = self._find_operation(connection, name, request_id, Move.POLL)
        self._note_poll(row)
        return answer.operation(row, self._place)

    @operation()
    def update_certificate_operation(
        self, name: str, cancellation_requested: bool = True, *, request_id: str | None = None
    ) -> CertificateOperation:
        """
        Ask for a creation to be cancelled: only a request. The status changes later, if an issuer is at work at all.

        Args:
            name: of the certificate.
            cancellation_requested: True; False has no effect.
            request_id: act only if this is the operation's id.

        Returns:
            The operation, still ``inProgress``, with ``cancellation_requested`` true.

        Raises:
            PendingCertificateNotFound: 404.
            OperationNotInProgress: 400.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/update-certificate-operation
        """
        if not isinstance(cancellation_requested, bool):
            raise InvalidProperty("cancellation_requested", "It is true or false.")
        core = self._core
        with core.turn(self._principal) as turn:
            row = self._find_operation(turn.connection, name, request_id, Move.ASK_CANCEL)
            if cancellation_requested:
                change: dict[str, Any] = {"cancellation_requested": True}
                ordered = orders.set_due(turn.connection, row.request_id, turn.seconds)
                if worker_of(row.issuer) is Worker.ISSUER and not ordered:
                    change["due_at"] = turn.seconds
                rows.set_operation(turn.connection, row.certificate_id, **change)
                turn.due.append(turn.seconds)
            turn.record(
                "update_certificate_operation", f"certificates/{row.name}", request_id=row.request_id,
                cancellation_requested=cancellation_requested,
            )  # fmt: skip
            changed = rows.operation(turn.connection, core.vault_id, name_key(name))
            assert changed is not None
        return answer.operation(changed, self._place)

    @operation()
    def delete_certificate_operation(self, name: str, *, request_id: str | None = None) -> CertificateOperation:
        """
        Forget a creation, in any state. Versions that exist stay; an order at a CA is cancelled if it still can be.

        Args:
            name: of the certificate.
            request_id: act only if this is the operation's id.

        Returns:
            The operation as it was.

        Raises:
            PendingCertificateNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/delete-certificate-operation
        """
        with self._core.turn(self._principal) as turn:
            row = self._find_operation(turn.connection, name, request_id, Move.DELETE)
            orders.abandon(turn.connection, row.certificate_id, turn.seconds)
            turn.due.append(turn.seconds)
            rows.drop_operation(turn.connection, row.certificate_id)
            turn.record(
                "delete_certificate_operation", f"certificates/{row.name}", request_id=row.request_id,
                detail={"from": row.status, "to": Status.NONE.value, "move": Move.DELETE.value},
            )  # fmt: skip
        return answer.operation(row, self._place)

    @operation()
    def merge_certificate(
        self,
        name: str,
        x5c: CertificateInput | Sequence[CertificateInput],
        *,
        attributes: AttributesInput | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> CertificateBundle:
        """
        Bring home what a CA made of the pending request.

        Args:
            name: of the certificate.
            x5c: the certificate, and its chain if you have it: DER, PEM or PKCS#7 (octets or text), one or a list.
                The first entry is, or holds, the leaf; the chain is put in order unless ``preserve_cert_order``
                was asked for.
            attributes: ``enabled``; replaces what was asked for at creation.
            tags: replace those given at creation.

        Returns:
            The new version, with policy and pending object.

        Raises:
            PendingCertificateNotFound: 404.
            MergeForbidden: 403, an issuer is at work.
            PublicKeyMismatch: and ``NotACertificate``, ``ExpiredCertificate``: 400; the operation stays mergeable.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/merge-certificate
        """
        core = self._core
        wanted, new_tags = read_attributes(attributes), read_tags(tags)
        name_key(name)
        with core.turn(self._principal) as turn:
            row = self._find_operation(turn.connection, name, None, Move.MERGE)
            key = rows.find_key(turn.connection, row.key_id)
            leaf, ordered = _chain(_read_x5c(x5c), key.public_der, turn.now, keep_order=row.preserve_cert_order)
            version = add_version(
                turn,
                core,
                certificate_id=row.certificate_id,
                name=name_key(name),
                policy=CertificatePolicy.model_validate_json(row.policy),
                leaf_der=leaf,
                certificates_der=ordered,
                key_id=row.key_id,
                enabled=row.enabled if wanted.enabled is None else wanted.enabled,
                tags=row.tags if new_tags is None else tags_text(new_tags),
                preserve_cert_order=row.preserve_cert_order,
            )
            rows.set_operation(
                turn.connection, row.certificate_id, status=Status.COMPLETED.value, due_at=None, error=None
            )
            turn.record(
                "merge_certificate", f"certificates/{row.name}", version=version, request_id=row.request_id, step=5,
                certificates=len(ordered),
                detail={"from": row.status, "to": Status.COMPLETED.value, "move": Move.MERGE.value},
            )  # fmt: skip
            merged = rows.latest(turn.connection, core.vault_id, name_key(name))
            assert merged is not None
            return answer.bundle(merged, self._place, turn.now)

    def _find_operation(self, connection: Connection, name: str, request_id: str | None, move: Move) -> Any:
        """Find the operation, and let the table refuse what can not be done with it."""
        row = rows.operation(connection, self._core.vault_id, name_key(name))
        known = row is not None and row.deleted_at is None and request_id in (None, "", row.request_id)
        status = Status(row.status) if known and row is not None else Status.NONE
        issuer = row.issuer if known and row is not None else UNKNOWN
        take(status, move, worker_of(issuer), name=name, issuer=issuer)
        assert row is not None
        return row

    def _note_poll(self, row: Row[Any]) -> None:
        """Record a poll, of each actor at most once in a second, however many servers there are."""
        core = self._core
        if self._observing or not core.first_poll(row.request_id, self._principal):
            return
        step = 3 if row.issuer.casefold() not in ("self", "unknown") else None
        with core.turn(self._principal) as turn:
            if core.polled_elsewhere(turn, row.request_id):
                return
            turn.record("poll", f"certificates/{row.name}", request_id=row.request_id, step=step, status=row.status)


def _read_x5c(x5c: CertificateInput | Sequence[CertificateInput]) -> list[list[bytes]]:
    """Return the DER certificates of each entry; an entry may be a bundle."""
    entries = [x5c] if isinstance(x5c, (bytes, bytearray, str, x509.Certificate)) else x5c
    if not isinstance(entries, (list, tuple)) or not entries:
        raise InvalidProperty("x5c", "It is a certificate or a list of certificates, at least one.")
    return [_read_entry(index, entry) for index, entry in enumerate(entries)]


def _read_entry(index: int, entry: object) -> list[bytes]:
    if isinstance(entry, x509.Certificate):
        return [entry.public_bytes(Encoding.DER)]
    if not isinstance(entry, (bytes, bytearray, str)):
        raise InvalidProperty(f"x5c[{index}]", "It is DER, PEM or PKCS#7, as octets or text.")
    try:
        return load_certificates(bytes(entry) if isinstance(entry, bytearray) else entry)
    except X509Error as error:
        raise NotACertificate(f"entry {index}: {error}") from None


def _chain(
    entries: list[list[bytes]], public_der: bytes, now: datetime, *, keep_order: bool
) -> tuple[bytes, list[bytes]]:
    """Return the leaf, which must be in the first entry, and all certificates in the order the secret will show."""
    try:
        leaf = entries[0][find_leaf(entries[0], public_der)]
    except KeyMismatch:
        raise PublicKeyMismatch("x5c") from None
    not_after = x509.load_der_x509_certificate(leaf).not_valid_after_utc
    if not_after <= now:
        raise ExpiredCertificate("x5c", not_after.isoformat())
    everything = [der for entry in entries for der in entry]
    return leaf, everything if keep_order else order_from_leaf(leaf, [der for der in everything if der != leaf])
