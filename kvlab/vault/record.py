"""What a vault keeps of a certificate beside what the service shows: its chain, its request, what the CA changed."""

from __future__ import annotations

import json
from typing import Any

from kvlab.providers.provider import Override
from kvlab.store import certificate as rows
from kvlab.vault.view import View, name_key, version_key
from kvlab.x509.certificate import split_der


class RecordOperations(View):
    """Reading what was kept; who may get a certificate may read it, and no event is written."""

    def overrides(self, name: str, version: str | None = None) -> tuple[Override, ...]:
        """
        Read where a CA decided otherwise than it was asked: in the policy, in the request, in the certificate, and why.

        Args:
            name: of the certificate; the caller needs the permission to get it.
            version: 32 hexadecimal digits; the newest when left out.

        Returns:
            One ``Override`` for each difference; none where the vault itself or your own CA signed.

        Raises:
            CertificateNotFound: 404.
        """
        row = self._version_row(name, version)
        stored = row.v_overrides if row is not None else None
        return tuple(Override(**override) for override in json.loads(stored or "[]"))

    def chain(self, name: str, version: str | None = None) -> list[bytes]:
        """
        Read the certificates that the secret of a version holds, in its order; without the secret's key.

        Args:
            name: of the certificate; the caller needs the permission to get it.
            version: 32 hexadecimal digits; the newest when left out.

        Returns:
            DER certificates, the leaf among them; none while the first version is pending.

        Raises:
            CertificateNotFound: 404.
        """
        row = self._version_row(name, version)
        return [] if row is None or row.v_certificates_der is None else split_der(row.v_certificates_der)

    def request(self, name: str) -> bytes | None:
        """
        Read the certification request of a name's operation, under way or finished, without polling it.

        Args:
            name: of the certificate; the caller needs the permission to get it.

        Returns:
            DER; None where there is none: imported, or the operation has been deleted.

        Raises:
            CertificateNotFound: 404.
        """
        self.get_certificate(name)  # type: ignore[attr-defined]  # the permission, and whether it is there
        core = self._core
        with core.read() as connection:
            row = rows.operation(connection, core.vault_id, name_key(name))
        return None if row is None or row.deleted_at is not None else bytes(row.csr)

    def _version_row(self, name: str, version: str | None) -> Any:
        self.get_certificate(name, version)  # type: ignore[attr-defined]  # the permission, and whether it is there
        core = self._core
        with core.read() as connection:
            if version:
                return rows.one_version(connection, core.vault_id, name_key(name), version_key(version))
            return rows.latest(connection, core.vault_id, name_key(name))
