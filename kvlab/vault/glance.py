"""What a picture needs to know, read without a trace: nothing due is done, no poll noted, no refusal recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.store import certificate as rows
from kvlab.vault import answer
from kvlab.vault.access import PERMISSIONS
from kvlab.vault.creation import worker_of
from kvlab.vault.operation import Status, Worker
from kvlab.vault.policy import UNKNOWN
from kvlab.vault.view import View, name_key, version_key

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kvlab.wire.certificate import CertificateBundle
    from kvlab.wire.operation import CertificateOperation


class Glance(NamedTuple):
    """
    How a certificate stands.

    Attributes:
        name: as it was first written; as asked for where there is no certificate.
        bundle: the version asked for, or the newest; None where there is none.
        operation: the pending object, if there is one.
        renews_at: when the current version is renewed next (aware, UTC); None if it is not.
        deleted: whether the certificate is deleted, and can be recovered.
    """

    name: str
    bundle: CertificateBundle | None = None
    operation: CertificateOperation | None = None
    renews_at: datetime | None = None
    deleted: bool = False

    @property
    def not_before(self) -> datetime | None:
        """When the version begins to be valid (aware, UTC)."""
        return None if self.bundle is None else _instant(self.bundle.attributes.nbf)

    @property
    def not_after(self) -> datetime | None:
        """When the version expires (aware, UTC)."""
        return None if self.bundle is None else _instant(self.bundle.attributes.exp)

    @property
    def status(self) -> Status:
        """The operation's status, as the table of transitions names it; that of a deleted certificate is hidden."""
        return Status.NONE if self.operation is None or self.deleted else Status(self.operation.status)

    @property
    def issuer(self) -> str:
        """The issuer's name in the operation's policy; ``Unknown`` without one."""
        return UNKNOWN if self.operation is None else self.operation.issuer.name or UNKNOWN

    @property
    def worker(self) -> Worker:
        """Who has to sign."""
        return worker_of(self.issuer)


class GlanceOperations(View):
    """Looking without being seen to look."""

    def glance(self, name: str, version: str | None = None) -> Glance:
        """
        Look at a certificate, its pending object and what it waits for; nothing is done or recorded.

        Args:
            name: of the certificate; the caller needs the permission to get it.
            version: 32 hexadecimal digits; the newest when left out.

        Raises:
            InvalidName: 400.
            ForbiddenByPolicy: or ``ForbiddenByRbac``, 403.
        """
        self._authorise(PERMISSIONS["get_certificate"], f"certificates/{name}")
        core = self._core
        with core.read() as connection:
            row = self._version(connection, name, version)
            if row is None:
                return Glance(name)
            pending = rows.operation(connection, core.vault_id, name_key(name))
            life = rows.lifetime(connection, row.c_id)
        now = core.clock.now()
        return Glance(
            row.c_name,
            answer.bundle(row, self._place, now) if row.v_version is not None else None,
            answer.operation(pending, self._place) if pending is not None else None,
            _instant(None if life is None else life.renew_at),
            row.c_deleted_at is not None,
        )

    def _version(self, connection: Connection, name: str, version: str | None) -> Any:
        core = self._core
        if version is None:
            return rows.latest(connection, core.vault_id, name_key(name))
        return rows.one_version(connection, core.vault_id, name_key(name), version_key(version))


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
