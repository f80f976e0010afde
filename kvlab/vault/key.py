"""Keys: those behind certificates, read-only, and plain ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.entropy import identifier
from kvlab.errors import (
    DeletedItemNotFound,
    InvalidProperty,
)
from kvlab.store import certificate as certificates
from kvlab.store import item as rows
from kvlab.vault import answer
from kvlab.vault.answer import VersionRow
from kvlab.vault.item import ItemOperations, changed, dated, not_found
from kvlab.vault.key_material import key_operations, make_key, sealed_key
from kvlab.vault.policy import complete
from kvlab.vault.version import tags_text
from kvlab.vault.view import name_key, operation, read_attributes, read_tags, start_after
from kvlab.wire.key import (
    KEY_OPERATIONS,
    DeletedKeyBundle,
    DeletedKeyItem,
    KeyBundle,
    KeyItem,
)
from kvlab.wire.policy import CertificatePolicy, KeyProperties, X509CertificateProperties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from kvlab.vault.certificate import AttributesInput


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
    """The operations on keys."""

    @operation()
    def create_key(
        self,
        name: str,
        kty: str,
        *,
        key_size: int | None = None,
        crv: str | None = None,
        key_ops: Sequence[str] | None = None,
        attributes: AttributesInput | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> KeyBundle:
        """
        Make a plain key, or a new version of one.

        Args:
            name: 1 to 127 letters, digits and hyphens.
            kty: RSA, RSA-HSM, EC or EC-HSM.
            key_size: bits, for RSA.
            crv: curve, for EC.
            key_ops: out of encrypt, decrypt, sign, verify, wrapKey, unwrapKey; all that fit by default.
            attributes: ``enabled``, ``nbf``, ``exp`` (epoch seconds).
            tags: at most 15.

        Raises:
            InvalidProperty: 400.
            ManagedKey: 403, a certificate has the name.
            NameDeleted: 409.
        """
        core = self._core
        key = name_key(name)
        props = _key_props(kty, key_size, crv)
        values = {**dated(read_attributes(attributes)), "tags": tags_text(read_tags(tags)), "key_type": props.kty,
                  "key_ops": _read_key_ops(key_ops, props.kty or "")}  # fmt: skip
        with core.read() as connection:
            self._check_name_for(connection, "key", name, "create")
        private_key = make_key(core, f"{key} plain", props)
        with core.turn(self._principal) as turn:
            self._check_name_for(turn.connection, "key", name, "create")
            sealed = sealed_key(core, private_key, seeded=core.seeded)
            certificates.add_key(turn.connection, sealed)
            version = identifier(core.entropy, key, "key version")
            row = {
                "version": version,
                "created": turn.seconds,
                "updated": turn.seconds,
                "key_id": sealed["id"],
                **values,
            }
            rows.add_version(turn.connection, core.vault_id, "key", key, name, row)
            turn.record("create_key", f"keys/{name}", version=version, key_type=props.kty, seeded=core.seeded or None)
            return self._key_bundle(self._find_key(turn.connection, name, None))

    @operation()
    def get_key(self, name: str, version: str | None = None) -> KeyBundle:
        """
        Read the public half of a key (the newest version, if none is given).

        Raises:
            KeyNotFound: 404; also while a certificate's first version is pending.
        """
        with self._core.read() as connection:
            return self._key_bundle(self._find_key(connection, name, version))

    @operation()
    def get_keys(self, *, maxresults: int | None = None, after: str = "") -> list[KeyItem]:
        """List keys by name, those of certificates with ``managed`` true; arguments as for ``get_certificates``."""
        vault_id, start = self._core.vault_id, start_after(after)
        with self._core.read() as connection:
            plain = rows.all_latest(connection, vault_id, "key", deleted=False, after=start, limit=maxresults)
            managed = certificates.all_latest(
                connection, vault_id, deleted=False, after=start, limit=maxresults, with_pending=False
            )
        found = [(row.i_name_key, self._key_item(row.i_name, None, row, row.tags, managed=False)) for row in plain]
        found += [
            (row.c_name_key, self._key_item(row.c_name, None, VersionRow.of(row), row.v_tags, managed=True))
            for row in managed
        ]
        return [item for _, item in sorted(found, key=lambda pair: pair[0])][:maxresults]

    @operation()
    def get_key_versions(self, name: str, *, maxresults: int | None = None, after: str = "") -> list[KeyItem]:
        """List the versions of a key by version id; an unknown name has none."""
        vault_id, key = self._core.vault_id, name_key(name)
        with self._core.read() as connection:
            managed = certificates.versions(connection, vault_id, key)
            plain = rows.versions(connection, vault_id, "key", key)
        found = [
            self._key_item(row.c_name, row.v_version, VersionRow.of(row), row.v_tags, managed=True) for row in managed
        ]
        found += [self._key_item(row.i_name, row.version, row, row.tags, managed=False) for row in plain]
        return [item for item in found if item.kid.rsplit("/", 1)[1] > after][:maxresults]

    @operation()
    def update_key(
        self,
        name: str,
        version: str | None = None,
        *,
        attributes: AttributesInput | None = None,
        key_ops: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> KeyBundle:
        """
        Change attributes, operations and tags of a plain key; arguments as for ``create_key``.

        Raises:
            ManagedKey: 403.
            KeyNotFound: 404.
        """
        values = changed(read_attributes(attributes))
        new_tags = read_tags(tags)
        with self._core.turn(self._principal) as turn:
            row = self._plain_to_change(turn.connection, "key", name, version, "update")
            if key_ops is not None:
                values["key_ops"] = _read_key_ops(key_ops, row.key_type)
            if new_tags is not None:
                values["tags"] = tags_text(new_tags)
            rows.set_version(turn.connection, row.id, updated=turn.seconds, **values)
            turn.record("update_key", f"keys/{row.i_name}", version=row.version)
            return self._key_bundle(self._find_key(turn.connection, name, version))

    @operation()
    def delete_key(self, name: str) -> DeletedKeyBundle:
        """
        Delete a plain key with all versions; it can be recovered until its purge date.

        Raises:
            ManagedKey: 403.
            KeyNotFound: 404.
        """
        with self._core.turn(self._principal) as turn:
            row = self._delete_plain(turn, "key", name)
        return self._deleted_key_bundle(_plain_key(row), row.i_deleted_at)

    @operation("deletedkeys")
    def get_deleted_key(self, name: str) -> DeletedKeyBundle:
        """
        Read a deleted key, a deleted certificate's too.

        Raises:
            DeletedItemNotFound: 404.
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
        """List deleted keys by name; arguments as for ``get_certificates``."""
        vault_id, start = self._core.vault_id, start_after(after)
        with self._core.read() as connection:
            plain = rows.all_latest(connection, vault_id, "key", deleted=True, after=start, limit=maxresults)
            managed = certificates.all_latest(
                connection, vault_id, deleted=True, after=start, limit=maxresults, with_pending=False
            )
        found = [
            (
                row.i_name_key,
                row.i_deleted_at,
                self._key_item(row.i_name, None, row, row.tags, managed=False, deleted=True),
            )
            for row in plain
        ]
        found += [
            (row.c_name_key, row.c_deleted_at,
             self._key_item(row.c_name, None, VersionRow.of(row), row.v_tags, managed=True, deleted=True))
            for row in managed
        ]  # fmt: skip
        return [
            DeletedKeyItem(**answer.deletion(self._place, "deletedkeys", item.kid.rsplit("/", 1)[1], at), **dict(item))
            for _, at, item in sorted(found, key=lambda entry: entry[0])
        ][:maxresults]

    @operation("deletedkeys")
    def recover_deleted_key(self, name: str) -> KeyBundle:
        """
        Bring a deleted plain key back; a certificate's comes back with the certificate only.

        Raises:
            ManagedKey: 403.
            DeletedItemNotFound: 404.
        """
        with self._core.turn(self._principal) as turn:
            self._recover_plain(turn, "key", name)
            return self._key_bundle(self._find_key(turn.connection, name, None))

    @operation("deletedkeys")
    def purge_deleted_key(self, name: str) -> None:
        """
        Destroy a deleted plain key at once.

        Raises:
            ManagedKey: and ``PurgeProtected``: 403.
            DeletedItemNotFound: 404.
        """
        with self._core.turn(self._principal) as turn:
            self._purge_plain(turn, "key", name)

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
            attributes=answer.attributes(found.state, self._place),
            tags=answer.tags(found.tags),
            managed=found.managed or None,
        )

    def _deleted_key_bundle(self, found: FoundKey, deleted_at: int) -> DeletedKeyBundle:
        return DeletedKeyBundle(
            **answer.deletion(self._place, "deletedkeys", found.name, deleted_at), **dict(self._key_bundle(found))
        )

    def _key_item(
        self, name: str, version: str | None, state: Any, tags: str | None, *, managed: bool, deleted: bool = False
    ) -> KeyItem:
        return KeyItem(
            kid=self._place.id("keys", name, version),
            attributes=answer.attributes(state, self._place if deleted else None),
            tags=answer.tags(tags),
            managed=managed or None,
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


def _key_props(kty: str, key_size: int | None, crv: str | None) -> KeyProperties:
    given = {"kty": kty, "key_size": key_size, "crv": crv}
    try:
        wish = KeyProperties.read(
            {name: value for name, value in given.items() if value is not None}, "policy.key_props"
        )
        policy = CertificatePolicy(key_props=wish, x509_props=X509CertificateProperties(subject="CN=key"))
        props = complete(policy).policy.key_props
    except InvalidProperty as error:
        reason = error.message.partition("has invalid value. ")[2]
        raise InvalidProperty(error.field.removeprefix("policy.key_props."), reason) from None
    assert props is not None
    return props


def _read_key_ops(names: Sequence[str] | None, kty: str) -> str:
    if names is None:
        return ",".join(key_operations((), kty))
    if not isinstance(names, (list, tuple)):
        raise InvalidProperty("key_ops", f"It is a list of names out of {', '.join(KEY_OPERATIONS)}.")
    for index, name in enumerate(names):
        if name not in KEY_OPERATIONS:
            raise InvalidProperty(f"key_ops[{index}]", f"'{name}' is none of {', '.join(KEY_OPERATIONS)}.")
    return ",".join(names)
