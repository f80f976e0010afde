"""Keys: those behind certificates, read-only, and plain ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.errors import DeletedItemNotFound, InvalidProperty
from kvlab.store import item as rows
from kvlab.vault import answer, archive
from kvlab.vault.answer import VersionRow
from kvlab.vault.item import ItemOperations, Listed, changed, not_found
from kvlab.vault.key_material import key_operations
from kvlab.vault.version import tags_text
from kvlab.vault.view import operation, read_tags
from kvlab.wire.certificate import Backup
from kvlab.wire.key import (
    KEY_OPERATIONS,
    DeletedKeyBundle,
    DeletedKeyItem,
    KeyAttributes,
    KeyBundle,
    KeyItem,
    KeyReleasePolicy,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

KeyAttributesInput = KeyAttributes | dict[str, Any]
ReleaseInput = KeyReleasePolicy | dict[str, Any]


class FoundKey(NamedTuple):
    """One version of a key, managed or plain, in one shape."""

    name: str
    version: str
    state: VersionRow
    tags: str | None
    key_type: str
    key_ops: str
    key_id: str
    public_der: bytes
    managed: bool


class KeyOperations(ItemOperations):
    """The operations on keys that exist."""

    @operation()
    def get_key(self, name: str, version: str | None = None) -> KeyBundle:
        """
        Read the public half of a key (the newest version, if none is given).

        Args:
            name: of the key.
            version: 32 hexadecimal digits; the newest when left out.

        Raises:
            KeyNotFound: 404; also while a certificate's first version is pending.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/get-key
        """
        with self._core.read() as connection:
            return self._key_bundle(self._find_key(connection, name, version))

    @operation()
    def get_keys(self, *, maxresults: int | None = None, after: str = "") -> list[KeyItem]:
        """
        List keys by name, those of certificates with ``managed`` true; arguments as for ``get_certificates``.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/get-keys
        """
        found = self._listed("key", deleted=False, after=after, limit=maxresults)
        return [self._key_item(row, None) for row in found]

    @operation()
    def get_key_versions(self, name: str, *, maxresults: int | None = None, after: str = "") -> list[KeyItem]:
        """
        List the versions of a key by version id; an unknown name has none.

        Args:
            name: of the key.
            maxresults: at most so many, 1 to 25; all when left out.
            after: only version ids after this one (for the next page).

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/get-key-versions
        """
        found = self._listed_versions("key", name, after=after, limit=maxresults)
        return [self._key_item(row, row.version) for row in found]

    @operation()
    def update_key(
        self,
        name: str,
        version: str | None = None,
        *,
        attributes: KeyAttributesInput | None = None,
        key_ops: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        release_policy: ReleaseInput | None = None,
    ) -> KeyBundle:
        """
        Change attributes, operations and tags of a plain key; arguments as for ``create_key``.

        Raises:
            ManagedKey: 403.
            KeyNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/update-key
        """
        wanted, new_tags = read_key_attributes(attributes, release_policy), read_tags(tags)
        with self._core.turn(self._principal) as turn:
            row = self._plain_to_change(turn.connection, "key", name, version, "update")
            values = changed(wanted, row)
            if key_ops is not None:
                values["key_ops"] = read_key_ops(key_ops, row.key_type)
            if new_tags is not None:
                values["tags"] = tags_text(new_tags)
            rows.set_version(turn.connection, row.id, updated=turn.seconds, **values)
            turn.record("update_key", f"keys/{row.i_name}", version=row.version)
            return self._key_bundle(self._find_key(turn.connection, name, version))

    @operation()
    def delete_key(self, name: str) -> DeletedKeyBundle:
        """
        Delete a plain key with all versions; it can be recovered until its purge date.

        Args:
            name: of the key.

        Raises:
            ManagedKey: 403.
            KeyNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/delete-key
        """
        with self._core.turn(self._principal) as turn:
            row = self._delete_plain(turn, "key", name)
        return self._deleted_key_bundle(_plain_key(row), row.i_deleted_at)

    @operation("deletedkeys")
    def get_deleted_key(self, name: str) -> DeletedKeyBundle:
        """
        Read a deleted key, a deleted certificate's too.

        Args:
            name: of the key.

        Raises:
            DeletedItemNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/get-deleted-key
        """
        with self._core.read() as connection:
            row = self._managed(connection, name, None, deleted=True)
            if row is not None:
                return self._deleted_key_bundle(_managed_key(row), row.c_deleted_at)
            row = self._plain(connection, "key", name, deleted=True)
        if row is None:
            raise DeletedItemNotFound("Key", name)
        return self._deleted_key_bundle(_plain_key(row), row.i_deleted_at)

    @operation("deletedkeys")
    def get_deleted_keys(self, *, maxresults: int | None = None, after: str = "") -> list[DeletedKeyItem]:
        """
        List deleted keys by name; arguments as for ``get_certificates``.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/get-deleted-keys
        """
        return [
            DeletedKeyItem(
                **answer.deletion(self._place, "deletedkeys", row.name, row.deleted_at or 0),
                **dict(self._key_item(row, None)),
            )
            for row in self._listed("key", deleted=True, after=after, limit=maxresults)
        ]

    @operation("deletedkeys")
    def recover_deleted_key(self, name: str) -> KeyBundle:
        """
        Bring a deleted plain key back; a certificate's comes back with the certificate only.

        Args:
            name: of the key.

        Raises:
            ManagedKey: 403.
            KeyNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/recover-deleted-key
        """
        with self._core.turn(self._principal) as turn:
            self._recover_plain(turn, "key", name)
            return self._key_bundle(self._find_key(turn.connection, name, None))

    @operation("deletedkeys")
    def purge_deleted_key(self, name: str) -> None:
        """
        Destroy a deleted plain key at once.

        Args:
            name: of the key.

        Raises:
            ManagedKey: and ``PurgeProtected``: 403.
            KeyNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/purge-deleted-key
        """
        with self._core.turn(self._principal) as turn:
            self._purge_plain(turn, "key", name)

    @operation()
    def backup_key(self, name: str) -> Backup:
        """
        Write a plain key with all versions into a blob sealed under the vault's master key.

        Args:
            name: of the key.

        Raises:
            ManagedKey: 403, it is backed up with its certificate.
            KeyNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/backup-key
        """
        return self._backup_plain("key", name)

    @operation("keys/restore")
    def restore_key(self, value: bytes | str | Backup) -> KeyBundle:
        """
        Bring a plain key back from a backup; arguments and errors as for ``restore_certificate``.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/restore-key
        """
        content = archive.unpack(self._core, "key", value)
        with self._core.turn(self._principal) as turn:
            return self._key_bundle(_plain_key(self._restore_plain(turn, "key", content)))

    def _find_key(self, connection: Connection, name: str, version: str | None) -> FoundKey:
        row = self._managed(connection, name, version)
        if row is not None:
            return _managed_key(row)
        row = self._plain(connection, "key", name, version)
        if row is None:
            raise not_found("key", f"{name}/{version}" if version else name)
        return _plain_key(row)

    def _key_bundle(self, found: FoundKey) -> KeyBundle:
        return KeyBundle(
            key=answer.json_web_key(
                found.public_der, self._place.id("keys", found.name, found.version), found.key_type, found.key_ops
            ),
            attributes=answer.key_attributes(found.state, self._place, found.key_type),
            tags=answer.tags(found.tags),
            managed=found.managed or None,
        )

    def _deleted_key_bundle(self, found: FoundKey, deleted_at: int) -> DeletedKeyBundle:
        return DeletedKeyBundle(
            **answer.deletion(self._place, "deletedkeys", found.name, deleted_at), **dict(self._key_bundle(found))
        )

    def _key_item(self, row: Listed, version: str | None) -> KeyItem:
        return KeyItem(
            kid=self._place.id("keys", row.name, version),
            attributes=answer.key_attributes(row.state, self._place, row.key_type or ""),
            tags=answer.tags(row.tags),
            managed=row.managed or None,
        )


def _managed_key(row: Row[Any]) -> FoundKey:
    return FoundKey(
        row.c_name, row.v_version, VersionRow.of(row), row.v_tags, row.v_key_type, row.v_key_ops, row.v_key_id,
        row.public_der, managed=True,
    )  # fmt: skip


def _plain_key(row: Row[Any]) -> FoundKey:
    state = VersionRow(row.enabled, row.nbf, row.exp, row.created, row.updated)
    return FoundKey(
        row.i_name, row.version, state, row.tags, row.key_type, row.key_ops, row.key_id, row.public_der, managed=False
    )


def read_key_attributes(value: KeyAttributesInput | None, release_policy: ReleaseInput | None) -> KeyAttributes:
    """
    Take the attributes of a request about a key.

    Raises:
        InvalidProperty: the private half would be released, which no key here can be.
    """
    attributes = KeyAttributes() if value is None else KeyAttributes.read(value, "attributes")
    if attributes.exportable:
        raise InvalidProperty("attributes.exportable", "Keys can not be released from this vault: only false is taken.")
    if release_policy is not None:
        raise InvalidProperty("release_policy", "Keys can not be released from this vault.")
    return attributes


def read_key_ops(names: Sequence[str] | None, kty: str) -> str:
    """
    Take the operations a key is to do; all that fit by default.

    Returns:
        The names as they are stored, with commas between.

    Raises:
        InvalidProperty: it is no list, or a name is unknown.
    """
    if names is None:
        return ",".join(key_operations((), kty))
    if not isinstance(names, (list, tuple)):
        raise InvalidProperty("key_ops", f"It is a list of names out of {', '.join(KEY_OPERATIONS)}.")
    for index, name in enumerate(names):
        if name not in KEY_OPERATIONS:
            raise InvalidProperty(f"key_ops[{index}]", f"'{name}' is none of {', '.join(KEY_OPERATIONS)}.")
    return ",".join(names)
