"""Rows of the orders a vault has with certificate authorities; who talks to a CA about one holds a lease on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from kvlab.store.schema import certificate, issuer, issuer_order, key, pending
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection


class DatabaseSeconds(FunctionElement[int]):
    """The database's own time in epoch seconds: the one clock that all servers of a vault share."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(DatabaseSeconds, "sqlite")
def _sqlite_seconds(_element: DatabaseSeconds, _compiler: object, **_options: object) -> str:
    return "CAST(strftime('%s', 'now') AS INTEGER)"


@compiles(DatabaseSeconds, "postgresql")
def _postgresql_seconds(_element: DatabaseSeconds, _compiler: object, **_options: object) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT)"


def leased() -> sa.ColumnElement[bool]:
    """Return the condition that somebody holds a lease on an order; one that ran out is none."""
    return sa.and_(issuer_order.c.lease_until.is_not(None), issuer_order.c.lease_until > DatabaseSeconds())


_WITH_OPERATION = (
    sa.select(
        *(column for column in issuer_order.columns if column.name != "vault_id"),
        pending.c.issuer, pending.c.status, pending.c.status_details, pending.c.cancellation_requested,
        pending.c.csr, pending.c.policy, pending.c.key_id, pending.c.enabled, pending.c.tags,
        pending.c.preserve_cert_order, pending.c.renewal, certificate.c.deleted_at, key.c.public_der,
        issuer.c.name.label("issuer_name"), issuer.c.body.label("issuer_body"), issuer.c.sealed.label("issuer_sealed"),
    )
    .select_from(
        issuer_order.outerjoin(
            pending,
            sa.and_(
                pending.c.certificate_id == issuer_order.c.certificate_id,
                pending.c.request_id == issuer_order.c.reference,
            ),
        )
        .outerjoin(certificate, certificate.c.id == pending.c.certificate_id)
        .outerjoin(key, key.c.id == pending.c.key_id)
        .outerjoin(
            issuer,
            sa.and_(issuer.c.vault_id == issuer_order.c.vault_id, issuer.c.name_key == issuer_order.c.issuer_key),
        )
    )
    .where(issuer_order.c.id == bindparam("id"))
)  # fmt: skip

_CLAIMABLE = Statement(
    _WITH_OPERATION.where(issuer_order.c.due_at <= bindparam("now"), sa.not_(leased())).with_for_update(
        skip_locked=True, of=issuer_order
    )
)
_HELD = Statement(
    _WITH_OPERATION.where(issuer_order.c.lease_owner == bindparam("lease_owner")).with_for_update(of=issuer_order)
)
_LEASE = Statement(
    issuer_order.update()
    .where(issuer_order.c.id == bindparam("of"))
    .values(
        lease_owner=bindparam("owner"),
        lease_until=DatabaseSeconds() + bindparam("seconds"),
        attempts=issuer_order.c.attempts + 1,
    )
)
_SET = Statement(issuer_order.update().where(issuer_order.c.id == bindparam("of")))
_SET_BY_REFERENCE = Statement(issuer_order.update().where(issuer_order.c.reference == bindparam("of")))
_ABANDON = Statement(
    issuer_order.update()
    .where(
        issuer_order.c.reference
        == sa.select(pending.c.request_id).where(pending.c.certificate_id == bindparam("of")).scalar_subquery()
    )
    .values(attempts=sa.case((issuer_order.c.attempts > 0, 1), else_=0))
)
_SET_HELD = Statement(
    issuer_order.update().where(issuer_order.c.id == bindparam("of"), issuer_order.c.lease_owner == bindparam("by"))
)
_ADD = Statement(issuer_order.insert())
_DROP = Statement(issuer_order.delete().where(issuer_order.c.id == bindparam("of")))
_LEASE_END = Statement(
    sa.select(sa.func.min(issuer_order.c.lease_until).label("at")).where(
        issuer_order.c.vault_id == bindparam("vault_id"), issuer_order.c.lease_until.is_not(None)
    )
)
_BUSY = Statement(
    sa.select(sa.func.count().label("busy")).where(
        issuer_order.c.vault_id == bindparam("vault_id"),
        issuer_order.c.lease_until > DatabaseSeconds(),
        issuer_order.c.due_at <= bindparam("now"),
    )
)


def add(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep a new order, not yet placed."""
    _ADD.run(connection, row)


def claim(connection: Connection, order: int, *, now: int, owner: str, seconds: int) -> Any:
    """
    Take a lease on a due order that nobody has one on.

    Args:
        connection: a transaction of its own, to be committed before the CA is spoken to.
        order: its row id.
        now: epoch seconds of the vault's clock.
        owner: 32 hexadecimal digits that nobody else draws.
        seconds: how long the lease holds, in the database's time.

    Returns:
        The order as it was, with its pending operation and issuer object (NULLs where these are gone), or None.
    """
    found = _CLAIMABLE.first(connection, {"id": order, "now": now})
    if found is not None:
        _LEASE.run(connection, {"of": order, "owner": owner, "seconds": seconds})
    return found


def held(connection: Connection, order: int, owner: str) -> Any:
    """Find an order on which ``owner`` still has the lease, with its pending operation as it is now."""
    return _HELD.first(connection, {"id": order, "lease_owner": owner})


def release(connection: Connection, order: int, owner: str) -> None:
    """Give a lease back; the order is due as it was."""
    _SET_HELD.run(connection, {"of": order, "by": owner, "lease_owner": None, "lease_until": None})


def put_off(connection: Connection, order: int, **values: Any) -> None:
    """Give the lease back and say when the order falls due again (``due_at``), with what else changed."""
    _SET.run(connection, {"of": order, "lease_owner": None, "lease_until": None, **values})


def set_due(connection: Connection, reference: str, at: int | None) -> bool:
    """Say when the order of a pending operation falls due, None while nobody works on it; tell whether there is one."""
    return _SET_BY_REFERENCE.run(connection, {"of": reference, "due_at": at}) > 0


def abandon(connection: Connection, certificate_id: int, at: int) -> None:
    """Before the pending operation of a certificate goes: at ``at`` its order, if it has one, is to be cancelled."""
    _ABANDON.run(connection, {"of": certificate_id, "due_at": at})


def drop(connection: Connection, order: int) -> None:
    """Forget an order that is over."""
    _DROP.run(connection, {"of": order})


def busy(connection: Connection, vault_id: int, now: int) -> bool:
    """Tell whether somebody is at work on an order that is due."""
    return bool(_BUSY.scalar(connection, {"vault_id": vault_id, "now": now}))


def lease_end(connection: Connection, vault_id: int) -> int | None:
    """Return when the first lease ends, in the database's epoch seconds: then somebody may have died."""
    at: int | None = _LEASE_END.scalar(connection, {"vault_id": vault_id})
    return at
