"""What keys and secrets have in common: who holds the name, and the plain ones' soft delete."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kvlab.errors import (
    InvalidProperty,
    KeyNotFound,
    ManagedKey,
    ManagedSecret,
    NameDeleted,
    PurgeProtected,
    RestoreConflict,
    SecretNotFound,
    VaultError,
)
from kvlab.store import certificate as certificates
from kvlab.store import item as rows
from kvlab.vault import archive
from kvlab.vault.answer import DAY, VersionRow
from kvlab.vault.turn import VAULT
from kvlab.vault.view import View, name_key, start_after, version_after, version_key
from kvlab.wire.certificate import Attributes, Backup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn

Area = Literal["key", "secret"]

LAST_SECOND = 253402300799
"""9999-12-31T23:59:59Z."""


class Listed(NamedTuple):
    """A key or secret in a list, managed or plain, in one shape."""

    name_key: str
    name: str
    version: str
    state: VersionRow
    tags: str | None
    key_type: str | None
    content_type: str | None
    deleted_at: int | None
    managed: bool


class ItemOperations(View):
    """Steps that the operations on keys and those on secrets share."""

    def _managed(self, connection: Connection, name: str, version: str | None, *, deleted: bool = False) -> Any:
        """Find the version of the certificate that manages a key or secret."""
        key = name_key(name)
        vault_id = self._core.vault_id
        if version:
            row = certificates.one_version(connection, vault_id, key, version_key(version))
        else:
            row = certificates.latest(connection, vault_id, key)
        if row is None or row.v_version is None or (row.c_deleted_at is not None) != deleted:
            return None
        return row

    def _plain(
        self, connection: Connection, area: Area, name: str, version: str | None = None, *, deleted: bool = False
    ) -> Row[Any] | None:
        """Find a version of a key or secret that no certificate manages."""
        given = version_key(version) if version else None
        row = rows.find(connection, self._core.vault_id, area, name_key(name), given)
        return row if row is not None and (row.i_deleted_at is not None) == deleted else None

    def _listed(self, area: Area, *, deleted: bool, after: str, limit: int | None) -> list[Listed]:
        """List keys or secrets by name, those of certificates among them, with what their newest version shows."""
        vault_id, start = self._core.vault_id, start_after(after)
        with self._core.read() as connection:
            plain = rows.all_latest(connection, vault_id, area, deleted=deleted, after=start, limit=limit)
            managed = certificates.all_latest(
                connection, vault_id, deleted=deleted, after=start, limit=limit, with_pending=False
            )
        found = [*map(_listed_plain, plain), *map(_listed_managed, managed)]
        return sorted(found, key=attrgetter("name_key"))[:limit]

    def _listed_versions(self, area: Area, name: str, *, after: str, limit: int | None) -> list[Listed]:
        """List the versions of a live key or secret by version id; an unknown name has none."""
        vault_id, key, start = self._core.vault_id, name_key(name), version_after(after)
        with self._core.read() as connection:
            managed = certificates.versions(connection, vault_id, key, after=start, limit=limit)
            plain = rows.versions(connection, vault_id, area, key, after=start, limit=limit)
        return [*map(_listed_plain, plain), *map(_listed_managed, managed)]

    def _plain_to_change(
        self, connection: Connection, area: Area, name: str, version: str | None, verb: str
    ) -> Row[Any]:
        """
        Find a key or secret that may be changed.

        Raises:
            VaultError: a certificate manages it (403), or it does not exist (404).
        """
        row = self._plain(connection, area, name, version)
        if row is not None:
            return row
        if self._managed(connection, name, version) is not None:
            raise managed(area, verb)
        raise not_found(area, f"{name}/{version}" if version else name)

    def _check_name_for(self, connection: Connection, area: Area, name: str, verb: str) -> None:
        """
        Refuse a name for a new plain key or secret.

        Raises:
            VaultError: a certificate manages it (403), or something deleted has it (409).
        """
        for row in certificates.occupants(connection, self._core.vault_id, name_key(name)):
            if row.area == "certificate" and row.deleted_at is None:
                raise managed(area, verb)
            if row.area in (area, "certificate") and row.deleted_at is not None:
                raise NameDeleted(area.capitalize(), name)

    def _delete_plain(self, turn: Turn, area: Area, name: str) -> Row[Any]:
        row = self._plain_to_change(turn.connection, area, name, None, "delete")
        purge_at = turn.seconds + self._core.retention_days * DAY
        rows.set_item(turn.connection, row.i_id, deleted_at=turn.seconds, purge_at=purge_at)
        turn.due.append(purge_at)
        turn.record(f"delete_{area}", f"{area}s/{row.i_name}", version=row.version)
        deleted = self._plain(turn.connection, area, name, deleted=True)
        assert deleted is not None
        return deleted

    def _recover_plain(self, turn: Turn, area: Area, name: str) -> Row[Any]:
        row = self._deleted_plain(turn.connection, area, name, "recover")
        rows.set_item(turn.connection, row.i_id, deleted_at=None, purge_at=None)
        turn.record(f"recover_deleted_{area}", f"{area}s/{row.i_name}", version=row.version)
        return row

    def _purge_plain(self, turn: Turn, area: Area, name: str) -> None:
        row = self._deleted_plain(turn.connection, area, name, "purge")
        if self._core.purge_protection:
            raise PurgeProtected
        rows.drop_item(turn.connection, row.i_id)
        turn.record(f"purge_deleted_{area}", f"{area}s/{row.i_name}")

    def _backup_plain(self, area: Area, name: str) -> Backup:
        with self._core.turn(self._principal) as turn:
            row = self._plain_to_change(turn.connection, area, name, None, "backup")
            backup = archive.pack_item(self._core, turn.connection, area, row)
            turn.record(f"backup_{area}", f"{area}s/{row.i_name}", version=row.version)
        return backup

    def _restore_plain(self, turn: Turn, area: Area, content: Mapping[str, Any]) -> Row[Any]:
        """
        Bring an opened backup back.

        Raises:
            RestoreConflict: the name is held by another one, or by a certificate, live or deleted.
        """
        name, versions = content["name"], content["versions"]
        for occupant in certificates.occupants(turn.connection, self._core.vault_id, name_key(name)):
            if occupant.area in (area, "certificate"):
                raise RestoreConflict(area, self._place.id(f"{area}s", name, versions[-1]["version"]))
        archive.keep_item(self._core, turn.connection, area, content)
        turn.record(f"restore_{area}", f"{area}s/{name}", versions=len(versions))
        row = self._plain(turn.connection, area, name)
        assert row is not None
        return row

    def _deleted_plain(self, connection: Connection, area: Area, name: str, verb: str) -> Row[Any]:
        row = self._plain(connection, area, name, deleted=True)
        if row is not None:
            return row
        if self._managed(connection, name, None, deleted=True) is not None:
            raise managed(area, verb)
        raise not_found(area, name)


def _listed_plain(row: Row[Any]) -> Listed:
    state = VersionRow(row.enabled, row.nbf, row.exp, row.created, row.updated)
    return Listed(
        row.i_name_key, row.i_name, row.version, state, row.tags, row.key_type, row.content_type, row.i_deleted_at,
        managed=False,
    )  # fmt: skip


def _listed_managed(row: Row[Any]) -> Listed:
    return Listed(
        row.c_name_key, row.c_name, row.v_version, VersionRow.of(row), row.v_tags, row.v_key_type, row.v_content_type,
        row.c_deleted_at, managed=True,
    )  # fmt: skip


def managed(area: Area, verb: str) -> VaultError:
    """Return the refusal to change what a certificate manages."""
    return ManagedKey(verb) if area == "key" else ManagedSecret(verb)


def not_found(area: Area, name: str) -> VaultError:
    """Return the refusal of an unknown name."""
    return KeyNotFound(name) if area == "key" else SecretNotFound(name)


def dated(attributes: Attributes) -> dict[str, Any]:
    """
    Return the settable attributes of a plain key or secret as they are stored.

    Raises:
        InvalidProperty: it would expire before it begins, or an instant is out of range.
    """
    _check_instants(attributes.nbf, attributes.exp)
    return {"enabled": attributes.enabled is not False, "nbf": attributes.nbf, "exp": attributes.exp}


def changed(attributes: Attributes, stored: Any) -> dict[str, Any]:
    """
    Return the attributes that a change of a stored version sets.

    Raises:
        InvalidProperty: as ``dated``, of the version as it would be.
    """
    given = {"enabled": attributes.enabled, "nbf": attributes.nbf, "exp": attributes.exp}
    values = {name: value for name, value in given.items() if value is not None}
    if "nbf" in values or "exp" in values:
        _check_instants(values.get("nbf", stored.nbf), values.get("exp", stored.exp))
    return values


def _check_instants(nbf: int | None, exp: int | None) -> None:
    for field, seconds in (("nbf", nbf), ("exp", exp)):
        if seconds is not None and not 0 <= seconds <= LAST_SECOND:
            raise InvalidProperty(f"attributes.{field}", "It is epoch seconds, from 0 to the end of the year 9999.")
    if nbf is not None and exp is not None and exp <= nbf:
        raise InvalidProperty("attributes.exp", "It is later than nbf.")


def purge_item(core: Core, step: Row[Any]) -> int:
    """Forget a deleted key or secret whose retention is over."""
    with core.turn(VAULT, core.instant(step.at)) as turn:
        found = rows.item_to_purge(turn.connection, step.id, turn.seconds)
        if found is None:
            return 0
        rows.drop_item(turn.connection, step.id)
        turn.record("purge", f"{found.area}s/{found.name}", reason="retention over")
        return 1
