"""What keys and secrets have in common: who holds the name, and the plain ones' soft delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from kvlab.errors import (
    DeletedItemNotFound,
    InvalidProperty,
    KeyNotFound,
    ManagedKey,
    ManagedSecret,
    NameDeleted,
    PurgeProtected,
    SecretNotFound,
    VaultError,
)
from kvlab.store import certificate as certificates
from kvlab.store import item as rows
from kvlab.vault.answer import DAY
from kvlab.vault.turn import VAULT
from kvlab.vault.view import View, name_key, version_key
from kvlab.wire.certificate import Attributes

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn

Area = Literal["key", "secret"]

LAST_SECOND = 253402300799
"""9999-12-31T23:59:59Z."""


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
        row = rows.find(connection, self._core.vault_id, area, name_key(name), version and version_key(version))
        return row if row is not None and (row.i_deleted_at is not None) == deleted else None

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
        turn.record(f"delete_{area}", f"{area}s/{row.i_name}", version=row.version)
        deleted = self._plain(turn.connection, area, name, deleted=True)
        assert deleted is not None
        self._core.scheduled(purge_at)
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

    def _deleted_plain(self, connection: Connection, area: Area, name: str, verb: str) -> Row[Any]:
        row = self._plain(connection, area, name, deleted=True)
        if row is not None:
            return row
        if self._managed(connection, name, None, deleted=True) is not None:
            raise managed(area, verb)
        raise DeletedItemNotFound(area.capitalize(), name)


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
    if attributes.nbf is not None and attributes.exp is not None and attributes.exp <= attributes.nbf:
        raise InvalidProperty("attributes.exp", "It is later than nbf.")
    _check_instants(attributes)
    return {"enabled": attributes.enabled is not False, "nbf": attributes.nbf, "exp": attributes.exp}


def changed(attributes: Attributes) -> dict[str, Any]:
    """
    Return the attributes that a change sets.

    Raises:
        InvalidProperty: an instant out of range.
    """
    _check_instants(attributes)
    given = {"enabled": attributes.enabled, "nbf": attributes.nbf, "exp": attributes.exp}
    return {name: value for name, value in given.items() if value is not None}


def _check_instants(attributes: Attributes) -> None:
    for field in ("nbf", "exp"):
        seconds = getattr(attributes, field)
        if seconds is not None and not 0 <= seconds <= LAST_SECOND:
            raise InvalidProperty(f"attributes.{field}", "It is epoch seconds, from 0 to the end of the year 9999.")


def validity(row: Any, now: int) -> Literal["disabled", "expired", "not yet valid", "valid"]:
    """Tell whether a version (``enabled``, ``nbf``, ``exp``) can be used at ``now`` (epoch seconds)."""
    if not row.enabled:
        return "disabled"
    if row.exp is not None and row.exp <= now:
        return "expired"
    return "not yet valid" if row.nbf is not None and row.nbf > now else "valid"


def purge_item(core: Core, step: Row[Any]) -> int:
    """Forget a deleted key or secret whose retention is over."""
    with core.turn(VAULT, core.instant(step.at)) as turn:
        found = rows.item_to_purge(turn.connection, step.id, turn.seconds)
        if found is None:
            return 0
        rows.drop_item(turn.connection, step.id)
        turn.record("purge", f"{found.area}s/{found.name}", reason="retention over")
        return 1
