"""Secrets: those behind certificates, read-only, and plain ones."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from kvlab.entropy import identifier
from kvlab.errors import DeletedItemNotFound, InvalidProperty, SecretDisabled, SecretExpired
from kvlab.store import certificate as certificates
from kvlab.store import item as rows
from kvlab.vault import answer, archive
from kvlab.vault.answer import VersionRow
from kvlab.vault.inoperable import READ_VALUE, condition, refused
from kvlab.vault.item import ItemOperations, Listed, changed, dated, not_found
from kvlab.vault.key_material import open_key, open_value, seal_value
from kvlab.vault.policy import PEM, PKCS12
from kvlab.vault.version import tags_text
from kvlab.vault.view import (
    encoded,
    name_key,
    operation,
    plain_text,
    read_attributes,
    read_tags,
)
from kvlab.wire.certificate import Backup
from kvlab.wire.secret import DeletedSecretBundle, DeletedSecretItem, SecretBundle, SecretItem
from kvlab.x509.certificate import split_der
from kvlab.x509.container import write_pem
from kvlab.x509.pfx import write_pfx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row

    from kvlab.vault.certificate import AttributesInput

VALUE_LIMIT = 25 * 1024
CONTENT_TYPE_LIMIT = 255


class SecretOperations(ItemOperations):
    """The operations on secrets."""

    @operation()
    def set_secret(
        self,
        name: str,
        value: str,
        *,
        content_type: str | None = None,
        attributes: AttributesInput | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> SecretBundle:
        """
        Keep a plain secret, or a new version of one.

        Args:
            name: 1 to 127 letters, digits and hyphens.
            value: text of at most 25 KB.
            content_type: at most 255 characters.
            attributes: ``enabled``, ``nbf``, ``exp`` (epoch seconds).
            tags: at most 15.

        Raises:
            InvalidProperty: 400.
            ManagedSecret: 403, a certificate has the name.
            NameDeleted: 409.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret
        """
        core = self._core
        key = name_key(name)
        octets = encoded("value", value) if isinstance(value, str) else None
        if octets is None or len(octets) > VALUE_LIMIT:
            raise InvalidProperty("value", f"It is text of at most {VALUE_LIMIT} octets.")
        _check_content_type(content_type)
        values = {
            **dated(read_attributes(attributes)),
            "tags": tags_text(read_tags(tags)),
            "content_type": content_type,
        }
        with core.turn(self._principal) as turn:
            self._check_name_for(turn.connection, "secret", name, "set")
            version = identifier(core.entropy, key, "secret version")
            sealed = seal_value(core, version, octets)
            row = {"version": version, "created": turn.seconds, "updated": turn.seconds, "sealed": sealed, **values}
            rows.add_version(turn.connection, core.vault_id, "secret", key, name, row)
            turn.record("set_secret", f"secrets/{name}", version=version)
            stored = self._plain(turn.connection, "secret", name)
            assert stored is not None
            return self._plain_secret(stored, with_value=True)

    @operation()
    def get_secret(self, name: str, version: str | None = None, *, out_content_type: str | None = None) -> SecretBundle:
        """
        Read a secret with its value: of a certificate, the PFX (base64) or PEM with key, if exportable, and chain.

        Args:
            name: of the secret or certificate.
            version: 32 hexadecimal digits; the newest when left out.
            out_content_type: ``application/x-pem-file`` turns a certificate's PFX into PEM; nothing else is taken.

        Raises:
            InvalidProperty: 400, the secret can not be turned into ``out_content_type``.
            SecretDisabled: and ``SecretExpired``: 403.
            SecretNotFound: 404; also while a certificate's first version is pending.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret
        """
        core = self._core
        with core.read() as connection:
            row = self._managed(connection, name, version)
            if row is None:
                row = self._plain(connection, "secret", name, version)
                found = None
            else:
                sealed = certificates.find_key(connection, row.v_key_id) if row.v_exportable else None
                found = self._managed_secret(connection, row)
        if row is None:
            raise not_found("secret", f"{name}/{version}" if version else name)
        if found is None:
            self._check_operable(row, managed=False)
            _check_conversion(None, out_content_type)
            return self._plain_secret(row, with_value=True)
        self._check_operable(VersionRow.of(row), managed=True)
        _check_conversion(found.content_type, out_content_type)
        found.content_type = out_content_type or found.content_type
        found.value = self._certificate_value(row, sealed, found.content_type)
        return found

    @operation()
    def get_secrets(self, *, maxresults: int | None = None, after: str = "") -> list[SecretItem]:
        """
        List secrets by name without values, those of certificates too; arguments as for ``get_certificates``.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secrets
        """
        found = self._listed("secret", deleted=False, after=after, limit=maxresults)
        return [self._secret_item(row, None) for row in found]

    @operation()
    def get_secret_versions(self, name: str, *, maxresults: int | None = None, after: str = "") -> list[SecretItem]:
        """
        List the versions of a secret by version id; an unknown name has none.

        Args:
            name: of the secret.
            maxresults: at most so many, 1 to 25; all when left out.
            after: only version ids after this one (for the next page).

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret-versions
        """
        found = self._listed_versions("secret", name, after=after, limit=maxresults)
        return [self._secret_item(row, row.version) for row in found]

    @operation()
    def update_secret(
        self,
        name: str,
        version: str | None = None,
        *,
        content_type: str | None = None,
        attributes: AttributesInput | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> SecretBundle:
        """
        Change attributes, content type and tags of a plain secret; arguments as for ``set_secret``.

        Returns:
            The secret without its value.

        Raises:
            ManagedSecret: 403.
            SecretNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/update-secret
        """
        _check_content_type(content_type)
        wanted, new_tags = read_attributes(attributes), read_tags(tags)
        with self._core.turn(self._principal) as turn:
            row = self._plain_to_change(turn.connection, "secret", name, version, "update")
            values = changed(wanted, row)
            if content_type is not None:
                values["content_type"] = content_type
            if new_tags is not None:
                values["tags"] = tags_text(new_tags)
            rows.set_version(turn.connection, row.id, updated=turn.seconds, **values)
            turn.record("update_secret", f"secrets/{row.i_name}", version=row.version)
            after = self._plain(turn.connection, "secret", name, version)
            assert after is not None
            return self._plain_secret(after, with_value=False)

    @operation()
    def delete_secret(self, name: str) -> DeletedSecretBundle:
        """
        Delete a plain secret with all versions; it can be recovered until its purge date.

        Args:
            name: of the secret.

        Raises:
            ManagedSecret: 403.
            SecretNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/delete-secret
        """
        with self._core.turn(self._principal) as turn:
            row = self._delete_plain(turn, "secret", name)
        return self._deleted_secret_bundle(row)

    @operation("deletedsecrets")
    def get_deleted_secret(self, name: str) -> DeletedSecretBundle:
        """
        Read a deleted secret without its value, a deleted certificate's too.

        Args:
            name: of the secret.

        Raises:
            DeletedItemNotFound: 404.
            SecretDisabled: 403, it was disabled when it was deleted.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/get-deleted-secret
        """
        with self._core.read() as connection:
            row = self._managed(connection, name, None, deleted=True)
            if row is not None:
                if not row.v_enabled:
                    raise SecretDisabled
                members = dict(self._managed_secret(connection, row))
                return DeletedSecretBundle(
                    **answer.deletion(self._place, "deletedsecrets", row.c_name, row.c_deleted_at), **members
                )
            row = self._plain(connection, "secret", name, deleted=True)
        if row is None:
            raise DeletedItemNotFound("Secret", name)
        if not row.enabled:
            raise SecretDisabled
        return self._deleted_secret_bundle(row)

    @operation("deletedsecrets")
    def get_deleted_secrets(self, *, maxresults: int | None = None, after: str = "") -> list[DeletedSecretItem]:
        """
        List deleted secrets by name; arguments as for ``get_certificates``.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/get-deleted-secrets
        """
        return [
            DeletedSecretItem(
                **answer.deletion(self._place, "deletedsecrets", row.name, row.deleted_at or 0),
                **dict(self._secret_item(row, None)),
            )
            for row in self._listed("secret", deleted=True, after=after, limit=maxresults)
        ]

    @operation("deletedsecrets")
    def recover_deleted_secret(self, name: str) -> SecretBundle:
        """
        Bring a deleted plain secret back; a certificate's comes back with the certificate only.

        Args:
            name: of the secret.

        Raises:
            ManagedSecret: 403.
            SecretNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/recover-deleted-secret
        """
        with self._core.turn(self._principal) as turn:
            self._recover_plain(turn, "secret", name)
            row = self._plain(turn.connection, "secret", name)
            assert row is not None
            return self._plain_secret(row, with_value=False)

    @operation("deletedsecrets")
    def purge_deleted_secret(self, name: str) -> None:
        """
        Destroy a deleted plain secret at once.

        Args:
            name: of the secret.

        Raises:
            ManagedSecret: and ``PurgeProtected``: 403.
            SecretNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/purge-deleted-secret
        """
        with self._core.turn(self._principal) as turn:
            self._purge_plain(turn, "secret", name)

    @operation()
    def backup_secret(self, name: str) -> Backup:
        """
        Write a plain secret with all versions into a blob sealed under the vault's master key.

        Args:
            name: of the secret.

        Raises:
            ManagedSecret: 403, it is backed up with its certificate.
            SecretNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/backup-secret
        """
        return self._backup_plain("secret", name)

    @operation("secrets/restore")
    def restore_secret(self, value: bytes | str | Backup) -> SecretBundle:
        """
        Bring a plain secret back from a backup; arguments and errors as for ``restore_certificate``.

        Returns:
            The newest version without its value.

        Source: https://learn.microsoft.com/rest/api/keyvault/secrets/restore-secret
        """
        content = archive.unpack(self._core, "secret", value)
        with self._core.turn(self._principal) as turn:
            return self._plain_secret(self._restore_plain(turn, "secret", content), with_value=False)

    def _check_operable(self, state: Any, *, managed: bool) -> None:
        found = condition(state, int(self._core.clock.now().timestamp()))
        if refused(READ_VALUE, found, managed=managed, mode=self._core.inoperable):
            raise SecretDisabled if found == "disabled" else SecretExpired

    def _managed_secret(self, connection: Connection, row: Row[Any]) -> SecretBundle:
        """Return a certificate's secret without its value."""
        return SecretBundle(
            content_type=row.v_content_type,
            id=self._place.id("secrets", row.c_name, row.v_version),
            managed=True,
            attributes=answer.attributes(VersionRow.of(row), self._place),
            tags=answer.tags(row.v_tags),
            kid=self._place.id("keys", row.c_name, row.v_version),
            previous_version=certificates.version_before(connection, row.c_id, row.v_id),
        )

    def _certificate_value(self, row: Row[Any], sealed: Row[Any] | None, content_type: str | None) -> str:
        """Write key (unless it can not leave) and certificates."""
        key = open_key(self._core, sealed) if sealed is not None else None
        certificates_der = split_der(row.v_certificates_der)
        if content_type == PEM:
            return write_pem(key, certificates_der)
        # The password is empty, so the salt keeps nothing secret; drawn from the version, it makes the value repeat.
        pfx = write_pfx(key, certificates_der, salt=row.v_version.encode())
        return base64.b64encode(pfx).decode()

    def _plain_secret(self, row: Row[Any], *, with_value: bool) -> SecretBundle:
        return SecretBundle(
            value=open_value(self._core, row.version, row.sealed).decode() if with_value else None,
            content_type=row.content_type,
            id=self._place.id("secrets", row.i_name, row.version),
            attributes=answer.attributes(row, self._place),
            tags=answer.tags(row.tags),
        )

    def _deleted_secret_bundle(self, row: Row[Any]) -> DeletedSecretBundle:
        members = dict(self._plain_secret(row, with_value=False))
        return DeletedSecretBundle(
            **answer.deletion(self._place, "deletedsecrets", row.i_name, row.i_deleted_at), **members
        )

    def _secret_item(self, row: Listed, version: str | None) -> SecretItem:
        return SecretItem(
            content_type=row.content_type,
            id=self._place.id("secrets", row.name, version),
            managed=row.managed or None,
            attributes=answer.attributes(row.state, self._place),
            tags=answer.tags(row.tags),
        )


def _check_conversion(content_type: str | None, wanted: str | None) -> None:
    """Refuse what a certificate's secret (None: a plain one) can not be turned into."""
    if wanted is not None and (content_type, wanted) != (PKCS12, PEM):
        raise InvalidProperty("outContentType", f"Only a certificate's {PKCS12} can be returned as {PEM}.")


def _check_content_type(content_type: str | None) -> None:
    if content_type:
        plain_text("contentType", content_type, CONTENT_TYPE_LIMIT)
