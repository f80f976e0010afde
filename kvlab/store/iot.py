"""Rows of AWS IoT's registry: accounts, access keys, device certificates and CA certificates. No rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from kvlab.store.schema import iot_access_key, iot_account, iot_ca, iot_certificate
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection


LAST = 2**31 - 1
"""The largest number that a row can have."""


class Listing:
    """
    A select that is read page by page, in the order of making or against it.

    Args:
        select: of rows that have ``number``; its conditions are on what the parameters name.
        number: the column to go by.
    """

    def __init__(self, select: sa.Select[Any], number: sa.Column[int]) -> None:
        after: sa.BindParameter[int] = bindparam("after")
        most: sa.BindParameter[int] = bindparam("most")
        self._up = Statement(select.where(number > after).order_by(number).limit(most))
        self._down = Statement(select.where(number < after).order_by(number.desc()).limit(most))

    def page(
        self, connection: Connection, of: Mapping[str, Any], *, after: int | None, most: int, ascending: bool = True
    ) -> Sequence[Any]:
        """Return at most ``most`` rows that come after the one with number ``after``, or the first ones."""
        if ascending:
            return self._up.all(connection, {**of, "after": after or 0, "most": most})
        return self._down.all(connection, {**of, "after": after or LAST, "most": most})


_ACCOUNT = Statement(
    sa.select(iot_account).where(
        iot_account.c.vault_id == bindparam("vault_id"),
        iot_account.c.account == bindparam("account"),
        iot_account.c.region == bindparam("region"),
    )
)
_ADD_ACCOUNT = Statement(iot_account.insert().returning(iot_account.c.id))
_SET_ACCOUNT = Statement(iot_account.update().where(iot_account.c.id == bindparam("of")))

_KEY = Statement(
    sa.select(iot_access_key).where(
        iot_access_key.c.vault_id == bindparam("vault_id"), iot_access_key.c.id == bindparam("id")
    )
)
_KEYS_OF_ACCOUNT = Statement(
    sa.select(iot_access_key.c.id)
    .where(iot_access_key.c.vault_id == bindparam("vault_id"), iot_access_key.c.account == bindparam("account"))
    .limit(1)
)

_OWNED = sa.select(*iot_certificate.columns, iot_account.c.account, iot_account.c.region).join(
    iot_account, iot_account.c.id == iot_certificate.c.account_id
)
_VISIBLE = Statement(
    _OWNED.where(
        iot_certificate.c.id == bindparam("id"),
        sa.or_(
            iot_certificate.c.account_id == bindparam("account_id"),
            iot_certificate.c.receiver_id == bindparam("account_id"),
        ),
    )
)
_EVERYWHERE = Statement(
    _OWNED.where(iot_certificate.c.id == bindparam("id"), iot_account.c.vault_id == bindparam("vault_id")).order_by(
        iot_certificate.c.number
    )
)
_ADD = Statement(iot_certificate.insert())
_SET = Statement(iot_certificate.update().where(iot_certificate.c.number == bindparam("of")))
_DROP = Statement(iot_certificate.delete().where(iot_certificate.c.number == bindparam("of")))

# What a list shows; not the certificate itself.
_SHOWN = (
    *(iot_certificate.c[name] for name in ("number", "id", "status", "mode", "created", "transfer_date",
                                           "transfer_message")),
    iot_account.c.account, iot_account.c.region,
)  # fmt: skip
_ROWS = sa.select(*_SHOWN).join(iot_account, iot_account.c.id == iot_certificate.c.account_id)
_MINE = Listing(_ROWS.where(iot_certificate.c.account_id == bindparam("account_id")), iot_certificate.c.number)
_INCOMING = Listing(_ROWS.where(iot_certificate.c.receiver_id == bindparam("account_id")), iot_certificate.c.number)
_OF_CA = Listing(
    _ROWS.where(iot_certificate.c.account_id == bindparam("account_id"), iot_certificate.c.ca_id == bindparam("ca_id")),
    iot_certificate.c.number,
)
_receiver = iot_account.alias("receiver")
_OUTGOING = Listing(
    sa.select(*_SHOWN, _receiver.c.account.label("receiver"))
    .join(iot_account, iot_account.c.id == iot_certificate.c.account_id)
    .join(_receiver, _receiver.c.id == iot_certificate.c.receiver_id)
    .where(iot_certificate.c.account_id == bindparam("account_id"), iot_certificate.c.receiver_id.is_not(None)),
    iot_certificate.c.number,
)

_CA_ROWS = sa.select(*iot_ca.columns, iot_account.c.account, iot_account.c.region).join(
    iot_account, iot_account.c.id == iot_ca.c.account_id
)
_CA = Statement(_CA_ROWS.where(iot_ca.c.account_id == bindparam("account_id"), iot_ca.c.id == bindparam("id")))
_CA_ANYWHERE = Statement(
    _CA_ROWS.where(
        iot_ca.c.id == bindparam("id"),
        iot_account.c.vault_id == bindparam("vault_id"),
        iot_account.c.region == bindparam("region"),
    )
)
_CAS_BY_SUBJECT = Statement(
    _CA_ROWS.where(iot_ca.c.subject_der == bindparam("subject_der"), iot_account.c.vault_id == bindparam("vault_id"))
    .order_by(iot_ca.c.number)
)  # fmt: skip
_ADD_CA = Statement(iot_ca.insert())
_SET_CA = Statement(iot_ca.update().where(iot_ca.c.number == bindparam("of")))
_DROP_CA = Statement(iot_ca.delete().where(iot_ca.c.number == bindparam("of")))
_CAS = Listing(
    sa.select(*(iot_ca.c[name] for name in ("number", "id", "status", "created", "registration_config")),
              iot_account.c.account, iot_account.c.region)
    .join(iot_account, iot_account.c.id == iot_ca.c.account_id)
    .where(iot_ca.c.account_id == bindparam("account_id")),
    iot_ca.c.number,
)  # fmt: skip


def account(connection: Connection, vault_id: int, number: str, region: str) -> Any:
    """Find an account in a region, or make it there."""
    of = {"vault_id": vault_id, "account": number, "region": region}
    found = _ACCOUNT.first(connection, of)
    if found is None:
        _ADD_ACCOUNT.scalar(connection, of)
        found = _ACCOUNT.first(connection, of)
    return found


def find_account(connection: Connection, vault_id: int, number: str, region: str) -> Any:
    """Find an account in a region; None if nobody has used it."""
    return _ACCOUNT.first(connection, {"vault_id": vault_id, "account": number, "region": region})


def set_registration_code(connection: Connection, account_id: int, code: str | None) -> None:
    """Keep an account's registration code, or forget it."""
    _SET_ACCOUNT.run(connection, {"of": account_id, "registration_code": code})


def access_key(connection: Connection, vault_id: int, access_key_id: str) -> Any:
    """Find an access key."""
    return _KEY.first(connection, {"vault_id": vault_id, "id": access_key_id})


def has_access_keys(connection: Connection, vault_id: int, number: str) -> bool:
    """Tell whether an account has any access key."""
    return _KEYS_OF_ACCOUNT.first(connection, {"vault_id": vault_id, "account": number}) is not None


def put_access_key(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep an access key, in place of an earlier one of its id."""
    table = iot_access_key
    connection.execute(table.delete().where(table.c.vault_id == row["vault_id"], table.c.id == row["id"]))
    connection.execute(table.insert(), row)


def certificate(connection: Connection, account_id: int, certificate_id: str) -> Any:
    """Find a certificate that an account owns, or is offered, with its owner (``account``, ``region``)."""
    found = _VISIBLE.all(connection, {"id": certificate_id, "account_id": account_id})
    return next((row for row in found if row.account_id == account_id), found[0] if found else None)


def certificates_everywhere(connection: Connection, vault_id: int, certificate_id: str) -> Sequence[Any]:
    """List the registrations of a certificate in all accounts and regions, the oldest first."""
    return _EVERYWHERE.all(connection, {"id": certificate_id, "vault_id": vault_id})


def add_certificate(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep a certificate."""
    _ADD.run(connection, row)


def set_certificate(connection: Connection, number: int, **values: Any) -> None:
    """Change a certificate's row."""
    _SET.run(connection, {"of": number, **values})


def drop_certificate(connection: Connection, number: int) -> None:
    """Forget a certificate."""
    _DROP.run(connection, {"of": number})


def certificates(
    connection: Connection, account_id: int, *, after: int | None, most: int, ascending: bool
) -> Sequence[Any]:
    """List what an account owns and what it is offered."""
    mine, offered = (
        listing.page(connection, {"account_id": account_id}, after=after, most=most, ascending=ascending)
        for listing in (_MINE, _INCOMING)
    )
    if not offered:
        return mine
    return sorted([*mine, *offered], key=lambda row: row.number, reverse=not ascending)[:most]


def certificates_of_ca(
    connection: Connection, account_id: int, ca_id: str, *, after: int | None, most: int, ascending: bool
) -> Sequence[Any]:
    """List the certificates that a registered CA signed."""
    of = {"account_id": account_id, "ca_id": ca_id}
    return _OF_CA.page(connection, of, after=after, most=most, ascending=ascending)


def outgoing(
    connection: Connection, account_id: int, *, after: int | None, most: int, ascending: bool
) -> Sequence[Any]:
    """List the certificates whose transfer is pending, with whom they go to (``receiver``)."""
    return _OUTGOING.page(connection, {"account_id": account_id}, after=after, most=most, ascending=ascending)


def ca(connection: Connection, account_id: int, ca_id: str) -> Any:
    """Find a CA that an account has registered."""
    return _CA.first(connection, {"account_id": account_id, "id": ca_id})


def ca_anywhere(connection: Connection, vault_id: int, region: str, ca_id: str) -> Sequence[Any]:
    """List the registrations of a CA in all accounts of a region."""
    return _CA_ANYWHERE.all(connection, {"vault_id": vault_id, "region": region, "id": ca_id})


def cas_by_subject(connection: Connection, vault_id: int, subject_der: bytes) -> Sequence[Any]:
    """List the registered CAs of a subject (DER of the name), in all accounts and regions, the oldest first."""
    return _CAS_BY_SUBJECT.all(connection, {"vault_id": vault_id, "subject_der": subject_der})


def add_ca(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep a CA."""
    _ADD_CA.run(connection, row)


def set_ca(connection: Connection, number: int, **values: Any) -> None:
    """Change a CA's row."""
    _SET_CA.run(connection, {"of": number, **values})


def drop_ca(connection: Connection, number: int) -> None:
    """Forget a CA."""
    _DROP_CA.run(connection, {"of": number})


def cas(connection: Connection, account_id: int, *, after: int | None, most: int, ascending: bool) -> Sequence[Any]:
    """List an account's CAs."""
    return _CAS.page(connection, {"account_id": account_id}, after=after, most=most, ascending=ascending)
