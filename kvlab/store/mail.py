"""Rows of the outbox: mails to the vault's contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from kvlab.store.certificate import NO_LIMIT
from kvlab.store.schema import mail, vault
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

_CONTACTS = Statement(sa.select(vault.c.contacts).where(vault.c.id == bindparam("vault_id")))
_LAST = Statement(
    sa.select(sa.func.coalesce(sa.func.max(mail.c.seq), 0).label("seq")).where(mail.c.vault_id == bindparam("vault_id"))
)
_ADD = Statement(mail.insert())
_MAILS = Statement(
    sa.select(mail)
    .where(mail.c.vault_id == bindparam("vault_id"), mail.c.seq > bindparam("after"))
    .order_by(mail.c.seq)
    .limit(bindparam("most"))
)
_WAITING = Statement(
    sa.select(mail)
    .where(mail.c.vault_id == bindparam("vault_id"), mail.c.waiting.is_not(None), mail.c.seq > bindparam("after"))
    .order_by(mail.c.seq)
    .limit(bindparam("most"))
)
_SET = Statement(mail.update().where(mail.c.vault_id == bindparam("of"), mail.c.seq == bindparam("number")))


def contacts(connection: Connection, vault_id: int) -> str | None:
    """Return the stored contacts (JSON), if there are any."""
    text: str | None = _CONTACTS.scalar(connection, {"vault_id": vault_id})
    return text


def last_mail(connection: Connection, vault_id: int) -> int:
    """Return the number of the newest mail, 0 if there is none."""
    return int(_LAST.scalar(connection, {"vault_id": vault_id}))


def add_mails(connection: Connection, vault_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep mails under the next numbers; they wait for a mail server."""
    first = last_mail(connection, vault_id) + 1
    numbered = [{"vault_id": vault_id, "seq": first + index, "waiting": True, **row} for index, row in enumerate(rows)]
    _ADD.run_many(connection, numbered)


def mails(connection: Connection, vault_id: int, after: int = 0, limit: int | None = None) -> Sequence[Row[Any]]:
    """List mails with a number above ``after``, the oldest first."""
    most = NO_LIMIT if limit is None else limit
    return _MAILS.all(connection, {"vault_id": vault_id, "after": after, "most": most})


def waiting(connection: Connection, vault_id: int, after: int, limit: int) -> Sequence[Row[Any]]:
    """List the mails with a number above ``after`` that no mail server has taken yet, the oldest first."""
    return _WAITING.all(connection, {"vault_id": vault_id, "after": after, "most": limit})


def settle(connection: Connection, vault_id: int, seq: int, refusal: str | None) -> None:
    """Note that a mail server took a mail, or why it never will."""
    _SET.run(connection, {"of": vault_id, "number": seq, "waiting": None, "refusal": refusal})
