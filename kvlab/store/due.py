"""What waits for an instant, of any kind: found by index, so that what does not wait costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam, literal

from kvlab.store.order import leased
from kvlab.store.schema import certificate, issuer_order, item, pending
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

BATCH = 64
"""At most so many are listed at a time."""


class _Wait(NamedTuple):
    kind: str
    id: sa.Column[Any]
    at: sa.Column[Any]
    unless: sa.ColumnElement[bool] = sa.false()


_WAITS = (
    _Wait("operation", pending.c.certificate_id, pending.c.due_at),
    # Whoever holds the lease on an order reports when it falls due again.
    _Wait("order", issuer_order.c.id, issuer_order.c.due_at, leased()),
    _Wait("certificate", certificate.c.id, certificate.c.purge_at),
    _Wait("renewal", certificate.c.id, certificate.c.renew_at),
    _Wait("notice", certificate.c.id, certificate.c.notice_at),
    _Wait("expiry", certificate.c.id, certificate.c.expire_at),
    _Wait("item", item.c.id, item.c.purge_at),
)


def _of_vault(wait: _Wait) -> sa.ColumnElement[bool]:
    return sa.and_(wait.at.table.c.vault_id == bindparam("vault_id"), sa.not_(wait.unless))


_DUE = Statement(
    sa.union_all(
        *(
            sa.select(literal(wait.kind).label("kind"), wait.id.label("id"), wait.at.label("at")).where(
                _of_vault(wait), wait.at <= bindparam("now")
            )
            for wait in _WAITS
        )
    )
    .order_by("at", "kind", "id")
    .limit(BATCH)
)

_NEXT_DUE = Statement(
    sa.select(sa.func.min(sa.text("at")).label("at")).select_from(
        sa.union_all(
            *(
                sa.select(sa.func.min(wait.at).label("at")).where(_of_vault(wait), wait.at.is_not(None))
                for wait in _WAITS
            )
        ).subquery()
    )
)


def due(connection: Connection, vault_id: int, now: int) -> Sequence[Row[Any]]:
    """List what fell due by ``now`` (``kind``, ``id``, ``at``), the earliest first, at most ``BATCH`` of it."""
    return _DUE.all(connection, {"vault_id": vault_id, "now": now})


def next_due(connection: Connection, vault_id: int) -> int | None:
    """Return when something falls due next, in epoch seconds."""
    at: int | None = _NEXT_DUE.scalar(connection, {"vault_id": vault_id})
    return at
