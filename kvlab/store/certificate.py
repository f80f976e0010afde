"""Rows of certificates, their versions and pending operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam, literal

from kvlab.store.schema import certificate, issuer_order, item, key, pending, version
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row

NO_LIMIT = 2**31


def _columns(table: sa.Table, prefix: str) -> list[sa.Label[Any]]:
    return [column.label(f"{prefix}_{column.name}") for column in table.columns]


_NAME = sa.and_(certificate.c.vault_id == bindparam("vault_id"), certificate.c.name_key == bindparam("name_key"))
_LIVE = certificate.c.deleted_at.is_(None)

_LATEST = Statement(
    sa.select(*_columns(certificate, "c"), *_columns(version, "v"), *_columns(pending, "p"), key.c.public_der)
    .select_from(
        certificate.outerjoin(version, version.c.id == certificate.c.current_id)
        .outerjoin(pending, pending.c.certificate_id == certificate.c.id)
        .outerjoin(key, key.c.id == version.c.key_id)
    )
    .where(_NAME)
)

_OCCUPANTS = Statement(sa.union_all(
    sa.select(literal("certificate").label("area"), certificate.c.id, certificate.c.name, certificate.c.deleted_at,
              certificate.c.current_id, certificate.c.policy, pending.c.status, pending.c.issuer)
    .select_from(certificate.outerjoin(pending, pending.c.certificate_id == certificate.c.id))
    .where(_NAME),
    sa.select(item.c.area, item.c.id, item.c.name, item.c.deleted_at, item.c.current_id,
              sa.null().label("policy"), sa.null().label("status"), sa.null().label("issuer"))
    .where(item.c.vault_id == bindparam("vault_id"), item.c.name_key == bindparam("name_key")),
))  # fmt: skip

_VERSION = Statement(
    sa.select(*_columns(certificate, "c"), *_columns(version, "v"), *_columns(pending, "p"), key.c.public_der)
    .select_from(
        certificate.join(version, version.c.certificate_id == certificate.c.id)
        .outerjoin(pending, pending.c.certificate_id == certificate.c.id)
        .join(key, key.c.id == version.c.key_id)
    )
    .where(_NAME, version.c.version == bindparam("version"))
)

# What a list shows of a version; neither certificates nor keys.
_SHOWN = ("version", "x5t", "enabled", "nbf", "exp", "created", "updated", "tags", "content_type", "key_type")

_VERSIONS = Statement(
    sa.select(*_columns(certificate, "c"), *(version.c[name].label(f"v_{name}") for name in _SHOWN))
    .join(version, version.c.certificate_id == certificate.c.id)
    .where(_NAME, _LIVE, version.c.version > bindparam("after"))
    .order_by(version.c.version)
    .limit(bindparam("most"))
)

_VERSION_BEFORE = Statement(
    sa.select(version.c.version)
    .where(version.c.certificate_id == bindparam("certificate_id"), version.c.id < bindparam("id"))
    .order_by(version.c.id.desc())
    .limit(1)
)

_OPERATION = Statement(
    sa.select(certificate.c.name, certificate.c.deleted_at, certificate.c.current_id, *pending.columns)
    .join(pending, pending.c.certificate_id == certificate.c.id)
    .where(_NAME)
)

_WORK = Statement(
    sa.select(*pending.columns, certificate.c.name, certificate.c.current_id, key.c.sealed, key.c.public_der, key.c.kty)
    .join(certificate, certificate.c.id == pending.c.certificate_id)
    .join(key, key.c.id == pending.c.key_id)
    .where(pending.c.certificate_id == bindparam("id"), pending.c.due_at <= bindparam("now"))
    .with_for_update(skip_locked=True, of=pending)
)

_LIFETIME = Statement(
    sa.select(
        *(certificate.c[name] for name in (
            "id", "name", "name_key", "policy", "deleted_at", "renew_at", "renew_attempts", "notice_at", "noticed",
            "expire_at",
        )),
        *(version.c[name] for name in ("version", "created", "enabled", "nbf", "exp", "tags", "preserve_cert_order")),
        pending.c.status,
        pending.c.renewal,
    )
    .select_from(
        certificate.join(version, version.c.id == certificate.c.current_id)
        .outerjoin(pending, pending.c.certificate_id == certificate.c.id)
    )
    .where(certificate.c.id == bindparam("id"))
)  # fmt: skip
_NEXT_OPERATION = Statement(
    sa.select(sa.func.min(sa.text("at")).label("at")).select_from(
        sa.union_all(*(
            sa.select(sa.func.min(table.c.due_at).label("at")).where(
                table.c.vault_id == bindparam("vault_id"), table.c.due_at.is_not(None)
            )
            for table in (pending, issuer_order)
        )).subquery()
    )
)  # fmt: skip


def _listing(*, deleted: bool, with_pending: bool) -> Statement:
    return Statement(
        sa.select(
            *_columns(certificate, "c"),
            *(version.c[name].label(f"v_{name}") for name in _SHOWN),
            pending.c.tags.label("p_tags"),
            pending.c.status.label("p_status"),
        )
        .select_from(
            certificate.outerjoin(version, version.c.id == certificate.c.current_id).outerjoin(
                pending, pending.c.certificate_id == certificate.c.id
            )
        )
        .where(certificate.c.vault_id == bindparam("vault_id"), certificate.c.name_key > bindparam("after"))
        .where(certificate.c.deleted_at.is_not(None) if deleted else _LIVE)
        .where(sa.true() if with_pending else certificate.c.current_id.is_not(None))
        .order_by(certificate.c.name_key)
        .limit(bindparam("most"))
    )


_LISTINGS = {
    (deleted, with_pending): _listing(deleted=deleted, with_pending=with_pending)
    for deleted in (False, True)
    for with_pending in (False, True)
}

# What a change sets comes from the names of its parameters.
_SET_CERTIFICATE = Statement(certificate.update().where(certificate.c.id == bindparam("of")))
_SET_VERSION = Statement(version.update().where(version.c.id == bindparam("of")))
_SET_OPERATION = Statement(pending.update().where(pending.c.certificate_id == bindparam("of")))

_ADD_KEY = Statement(key.insert())
_ADD_CERTIFICATE = Statement(certificate.insert().returning(certificate.c.id))
_ADD_VERSION = Statement(version.insert().returning(version.c.id))
_ADD_OPERATION = Statement(pending.insert())
_DROP_OPERATION = Statement(
    pending.delete().where(pending.c.certificate_id == bindparam("of")).returning(pending.c.key_id)
)
_DROP_UNUSED_KEY = Statement(
    key.delete().where(
        key.c.id == bindparam("of"),
        *(
            ~sa.exists().where(column == bindparam("of"))
            for table in key.metadata.tables.values()
            for column in table.columns
            if column.references(key.c.id)
        ),
    )
)
_FIND_KEY = Statement(sa.select(key).where(key.c.id == bindparam("id")))


def limited(after: Any, limit: int | None) -> dict[str, Any]:
    """Return the parameters that begin a page after something and end it after so many rows; None is no end."""
    return {"after": after, "most": NO_LIMIT if limit is None else limit}


def latest(connection: Connection, vault_id: int, name_key: str) -> Any:
    """Find a certificate, live or deleted, with its newest version (``v_…``) and pending operation (``p_…``)."""
    return _LATEST.first(connection, {"vault_id": vault_id, "name_key": name_key})


def one_version(connection: Connection, vault_id: int, name_key: str, version_id: str) -> Any:
    """Find one version with its certificate (``c_…``) and the certificate's pending operation (``p_…``)."""
    return _VERSION.first(connection, {"vault_id": vault_id, "name_key": name_key, "version": version_id})


def versions(
    connection: Connection, vault_id: int, name_key: str, *, after: str, limit: int | None
) -> Sequence[Row[Any]]:
    """List the versions of a live certificate by version id, those after the id ``after`` only."""
    return _VERSIONS.all(connection, {"vault_id": vault_id, "name_key": name_key, **limited(after, limit)})


def version_before(connection: Connection, certificate_id: int, row_id: int) -> str | None:
    """Return the version id that was made before a version (its row id); None if that is the first."""
    found: str | None = _VERSION_BEFORE.scalar(connection, {"certificate_id": certificate_id, "id": row_id})
    return found


def all_versions(connection: Connection, certificate_id: int) -> list[dict[str, Any]]:
    """Return the whole rows of a certificate's versions, the oldest first."""
    query = sa.select(version).where(version.c.certificate_id == certificate_id).order_by(version.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def occupants(connection: Connection, vault_id: int, name_key: str) -> Sequence[Row[Any]]:
    """List who holds a name: a certificate, and keys or secrets that none manages; deleted ones too."""
    return _OCCUPANTS.all(connection, {"vault_id": vault_id, "name_key": name_key})


def operation(connection: Connection, vault_id: int, name_key: str) -> Any:
    """Find the pending operation of a name."""
    return _OPERATION.first(connection, {"vault_id": vault_id, "name_key": name_key})


def operation_of_request(connection: Connection, vault_id: int, csr: bytes) -> Any:
    """Find whose pending operation a request (DER) is."""
    query = (
        sa.select(certificate.c.name, pending.c.request_id)
        .join(pending, pending.c.certificate_id == certificate.c.id)
        .where(pending.c.vault_id == vault_id, pending.c.csr == csr)
    )
    return connection.execute(query).first()


def work(connection: Connection, certificate_id: int, now: int) -> Any:
    """Find an operation that is (still) due, with its key; no other server works on it until the transaction ends."""
    return _WORK.first(connection, {"id": certificate_id, "now": now})


def lifetime(connection: Connection, certificate_id: int) -> Any:
    """Find a certificate's current version with what waits for it, and the pending operation's status, if any."""
    return _LIFETIME.first(connection, {"id": certificate_id})


def next_operation_due(connection: Connection, vault_id: int) -> int | None:
    """Return when a pending operation goes on next, in epoch seconds."""
    at: int | None = _NEXT_OPERATION.scalar(connection, {"vault_id": vault_id})
    return at


def all_latest(
    connection: Connection, vault_id: int, *, deleted: bool, after: str, limit: int | None, with_pending: bool
) -> Sequence[Row[Any]]:
    """List certificates by name with their newest version, those after the casefolded name ``after`` only."""
    return _LISTINGS[deleted, with_pending].all(connection, {"vault_id": vault_id, **limited(after, limit)})


def add_key(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep a sealed key."""
    _ADD_KEY.run(connection, row)


def add_certificate(connection: Connection, row: Mapping[str, Any]) -> int:
    """Keep a new certificate; returns its row id."""
    return int(_ADD_CERTIFICATE.scalar(connection, row))


def set_certificate(connection: Connection, certificate_id: int, **values: Any) -> None:
    """Change a certificate's row."""
    _SET_CERTIFICATE.run(connection, {"of": certificate_id, **values})


def add_version(connection: Connection, row: Mapping[str, Any]) -> int:
    """Keep a new version; returns its row id."""
    return int(_ADD_VERSION.scalar(connection, row))


def set_version(connection: Connection, version_id: int, **values: Any) -> None:
    """Change a version's row."""
    _SET_VERSION.run(connection, {"of": version_id, **values})


def put_operation(connection: Connection, row: Mapping[str, Any], *, replace: bool) -> None:
    """Keep a new pending operation, in place of an earlier one."""
    if replace:
        drop_operation(connection, row["certificate_id"])
    _ADD_OPERATION.run(connection, row)


def set_operation(connection: Connection, certificate_id: int, **values: Any) -> None:
    """Change a pending operation's row."""
    _SET_OPERATION.run(connection, {"of": certificate_id, **values})


def drop_operation(connection: Connection, certificate_id: int) -> None:
    """Forget a certificate's pending operation, and its key if no version uses it."""
    key_id = _DROP_OPERATION.scalar(connection, {"of": certificate_id})
    if key_id is not None:
        drop_unused_keys(connection, [key_id])


def drop_certificate(connection: Connection, certificate_id: int) -> None:
    """Forget a certificate, its versions, its operation and their keys."""
    of_versions = sa.select(version.c.key_id).where(version.c.certificate_id == certificate_id)
    of_pending = sa.select(pending.c.key_id).where(pending.c.certificate_id == certificate_id)
    key_ids = list(connection.scalars(of_versions.union(of_pending)))
    for table in (pending, version):
        connection.execute(table.delete().where(table.c.certificate_id == certificate_id))
    connection.execute(certificate.delete().where(certificate.c.id == certificate_id))
    drop_unused_keys(connection, key_ids)


def name_to_purge(connection: Connection, certificate_id: int, now: int) -> str | None:
    """Return the name of a deleted certificate whose retention is over."""
    query = sa.select(certificate.c.name).where(certificate.c.id == certificate_id, certificate.c.purge_at <= now)
    return connection.scalar(query)


def find_key(connection: Connection, key_id: str) -> Any:
    """Return a sealed key's row."""
    return _FIND_KEY.first(connection, {"id": key_id})


def has_unseeded_key(connection: Connection) -> bool:
    """Tell whether the database holds a key that no seed made."""
    query = sa.select(key.c.id).where(key.c.seeded.is_(False)).limit(1)
    return connection.execute(query).first() is not None


def drop_unused_keys(connection: Connection, key_ids: Iterable[str]) -> None:
    """Forget those of these keys that nothing uses any more."""
    for key_id in key_ids:
        _DROP_UNUSED_KEY.run(connection, {"of": key_id})
