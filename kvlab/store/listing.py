"""The certificates of a vault, searched, counted by state, and a page at a time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.ext.compiler import compiles

from kvlab.store.schema import certificate, pending, version
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

Order = Literal["name", "expires", "made"]

ORDERS: dict[Order, tuple[sa.Column[Any], ...]] = {
    "name": (certificate.c.name_key,),
    "expires": (certificate.c.current_exp, certificate.c.name_key),
    "made": (certificate.c.id,),
}
STATES = ("valid", "expires soon", "expired", "not yet valid", "disabled", "pending", "failed", "deleted")

_PENDING_STATUS = sa.select(pending.c.status).where(pending.c.certificate_id == certificate.c.id).scalar_subquery()


def _word(state: str) -> sa.ColumnElement[str]:
    assert state in STATES
    return sa.literal_column(f"'{state}'", sa.String)


# The first that holds.
_STATE = sa.case(
    (certificate.c.deleted_at.is_not(None), _word("deleted")),
    (
        sa.and_(certificate.c.current_id.is_(None), sa.literal_column("'inProgress'") == _PENDING_STATUS),
        _word("pending"),
    ),
    (certificate.c.current_id.is_(None), _word("failed")),
    (certificate.c.current_enabled.is_(sa.false()), _word("disabled")),
    (certificate.c.current_exp <= bindparam("now"), _word("expired")),
    (certificate.c.current_nbf > bindparam("now"), _word("not yet valid")),
    (certificate.c.current_exp <= bindparam("soon"), _word("expires soon")),
    else_=_word("valid"),
)


class Wanted(NamedTuple):
    """
    What is looked for.

    Attributes:
        terms: pairs of a text and of a number, empty for none; one of each pair occurs in the certificate's words.
        now: epoch seconds.
        soon: epoch seconds; what expires until then expires soon.
    """

    terms: Sequence[tuple[str, str]]
    now: int
    soon: int


def count(connection: Connection, vault_id: int, wanted: Wanted, *, only_deleted: bool = False) -> dict[str, int]:
    """Count what is found, by state; the deleted alone are found by their index."""
    statement = _counting(_shape(wanted), only_deleted)
    return {row.state: row.number for row in statement.all(connection, _parameters(vault_id, wanted))}


def page(
    connection: Connection,
    vault_id: int,
    wanted: Wanted,
    *,
    states: Sequence[str],
    order: Order,
    descending: bool,
    first: int,
    most: int,
) -> list[Any]:
    """
    List what is found in some states.

    Args:
        connection: a transaction.
        vault_id: the vault's row.
        wanted: what is looked for.
        states: which states; none is all but deleted.
        order: by what.
        descending: whether the last comes first.
        first: how many to skip.
        most: how many at most.

    Returns:
        Rows with ``name``, ``state``, ``version``, ``enabled``, ``nbf``, ``exp``, ``leaf_der``, ``key_type``,
        ``operation`` (the pending one's status) and ``issuer`` (whom it waits for).
    """
    statement = _paging(_shape(wanted), tuple(states), order, descending)
    return statement.all(connection, {**_parameters(vault_id, wanted), "first": first, "most": most})


def one(connection: Connection, vault_id: int, wanted: Wanted, name_key: str) -> Any:
    """Find one certificate by its casefolded name, deleted or not: a row as of ``page``, or None."""
    return _ONE.first(connection, {**_parameters(vault_id, wanted), "name_key": name_key})


@cache
def _counting(terms: tuple[bool, ...], only_deleted: bool) -> Statement:
    # What is deleted is to be purged one day; SQLite has an index of that which it prefers to reading all words.
    conditions = [certificate.c.purge_at.is_not(None)] if only_deleted else []
    found = sa.select(_STATE.label("state")).where(*_matching(terms), *conditions).subquery("found")
    return Statement(sa.select(found.c.state, sa.func.count().label("number")).group_by(found.c.state))


@cache
def _paging(terms: tuple[bool, ...], states: tuple[str, ...], order: Order, descending: bool) -> Statement:
    state = sa.or_(*(_word(state) == _STATE for state in states)) if states else certificate.c.deleted_at.is_(None)
    by = [column.desc().nulls_last() if descending else column.asc().nulls_last() for column in ORDERS[order]]
    found = (
        sa.select(certificate.c.id, _STATE.label("state"))
        .where(*_matching(terms), state)
        .order_by(*by)
        .limit(bindparam("most"))
        .offset(bindparam("first"))
    )
    return Statement(_shown(found.subquery("found")).order_by(*by))


def _shown(found: sa.Subquery) -> sa.Select[Any]:
    """Read the wide rows only now, and of them only those that are shown."""
    return sa.select(
        certificate.c.name, found.c.state, version.c.version, version.c.enabled, version.c.nbf, version.c.exp,
        version.c.leaf_der, version.c.key_type, pending.c.status.label("operation"), pending.c.issuer,
    ).select_from(
        found.join(certificate, certificate.c.id == found.c.id)
        .outerjoin(version, version.c.id == certificate.c.current_id)
        .outerjoin(pending, pending.c.certificate_id == certificate.c.id)
    )  # fmt: skip


class _Place(sa.sql.functions.FunctionElement[int]):
    """Where a text begins in another, from 1; 0 if nowhere. Case counts, which LIKE does not know on SQLite."""

    type = sa.Integer()
    inherit_cache = True


@compiles(_Place)
def _strpos(element: Any, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@compiles(_Place, "sqlite")
def _instr(element: Any, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


def _shape(wanted: Wanted) -> tuple[bool, ...]:
    """Tell of each term whether it can be a number."""
    return tuple(bool(number) for _, number in wanted.terms)


def _matching(terms: tuple[bool, ...]) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [certificate.c.vault_id == bindparam("vault_id")]
    for place, is_number in enumerate(terms):
        kinds = ("text", "number") if is_number else ("text",)
        wanted = [bindparam(f"{kind}{place}", type_=sa.Text) for kind in kinds]
        found.append(sa.or_(*(_Place(certificate.c.words, text) > 0 for text in wanted)))
    return found


def _parameters(vault_id: int, wanted: Wanted) -> Mapping[str, Any]:
    terms: dict[str, Any] = {}
    for place, (text, number) in enumerate(wanted.terms):
        terms |= {f"text{place}": text, **({f"number{place}": number} if number else {})}
    return {"vault_id": vault_id, "now": wanted.now, "soon": wanted.soon, **terms}


_ONE = Statement(
    _shown(
        sa.select(certificate.c.id, _STATE.label("state"))
        .where(certificate.c.vault_id == bindparam("vault_id"), certificate.c.name_key == bindparam("name_key"))
        .subquery("found")
    )
)
