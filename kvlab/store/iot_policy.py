"""Rows of IoT policies, their versions, and what they are attached to. No rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from kvlab.store.iot import Listing
from kvlab.store.schema import iot_account, iot_attachment, iot_policy, iot_policy_version
from kvlab.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

_FIND = Statement(
    sa.select(iot_policy, iot_policy_version.c.document)
    .join(
        iot_policy_version,
        sa.and_(
            iot_policy_version.c.policy == iot_policy.c.number,
            iot_policy_version.c.version == iot_policy.c.default_version,
        ),
    )
    .where(iot_policy.c.account_id == bindparam("account_id"), iot_policy.c.name == bindparam("name"))
)
_ADD = Statement(iot_policy.insert().returning(iot_policy.c.number))
_SET = Statement(iot_policy.update().where(iot_policy.c.number == bindparam("of")))
_DROP = Statement(iot_policy.delete().where(iot_policy.c.number == bindparam("of")))
_LIST = Listing(
    sa.select(iot_policy.c.number, iot_policy.c.name).where(iot_policy.c.account_id == bindparam("account_id")),
    iot_policy.c.number,
)
_VERSIONS = Statement(
    sa.select(iot_policy_version.c.version, iot_policy_version.c.created)
    .where(iot_policy_version.c.policy == bindparam("policy"))
    .order_by(iot_policy_version.c.version.desc())
)
_VERSION = Statement(
    sa.select(iot_policy_version).where(
        iot_policy_version.c.policy == bindparam("policy"), iot_policy_version.c.version == bindparam("version")
    )
)
_ADD_VERSION = Statement(iot_policy_version.insert())
_DROP_VERSION = Statement(
    iot_policy_version.delete().where(
        iot_policy_version.c.policy == bindparam("of"), iot_policy_version.c.version == bindparam("named")
    )
)
_DROP_VERSIONS = Statement(iot_policy_version.delete().where(iot_policy_version.c.policy == bindparam("of")))

_ATTACHED_ROWS = (
    sa.select(iot_attachment.c.number, iot_policy.c.name, iot_account.c.account, iot_account.c.region)
    .join(iot_policy, iot_policy.c.number == iot_attachment.c.policy)
    .join(iot_account, iot_account.c.id == iot_policy.c.account_id)
)
_ATTACHED = Listing(
    _ATTACHED_ROWS.where(
        iot_attachment.c.target == bindparam("target"), iot_policy.c.account_id == bindparam("account_id")
    ),
    iot_attachment.c.number,
)
_DOCUMENTS = Statement(
    sa.select(iot_policy.c.name, iot_policy.c.default_version, iot_policy_version.c.document, iot_account.c.account,
              iot_account.c.region)
    .select_from(
        iot_attachment.join(iot_policy, iot_policy.c.number == iot_attachment.c.policy)
        .join(iot_account, iot_account.c.id == iot_policy.c.account_id)
        .join(
            iot_policy_version,
            sa.and_(
                iot_policy_version.c.policy == iot_policy.c.number,
                iot_policy_version.c.version == iot_policy.c.default_version,
            ),
        )
    )
    .where(iot_attachment.c.target == bindparam("target"), iot_account.c.vault_id == bindparam("vault_id"))
    .order_by(iot_attachment.c.number)
)  # fmt: skip
_TARGETS = Listing(
    sa.select(iot_attachment.c.number, iot_attachment.c.target).where(iot_attachment.c.policy == bindparam("policy")),
    iot_attachment.c.number,
)
_ATTACHMENT = Statement(
    sa.select(iot_attachment.c.number).where(
        iot_attachment.c.policy == bindparam("policy"), iot_attachment.c.target == bindparam("target")
    )
)
_ATTACH = Statement(iot_attachment.insert())
_DETACH = Statement(iot_attachment.delete().where(iot_attachment.c.number == bindparam("of")))
_DETACH_ALL = Statement(iot_attachment.delete().where(iot_attachment.c.target == bindparam("of")))
_COUNT = Statement(
    sa.select(sa.func.count().label("policies")).where(iot_attachment.c.target == bindparam("target"))
)  # fmt: skip


def policy(connection: Connection, account_id: int, name: str) -> Any:
    """Find a policy with the ``document`` of its default version."""
    return _FIND.first(connection, {"account_id": account_id, "name": name})


def add_policy(connection: Connection, row: Mapping[str, Any], document: str) -> None:
    """Keep a policy and its first version."""
    number = _ADD.scalar(connection, {**row, "default_version": 1, "last_version": 1})
    add_version(connection, number, 1, document, row["created"])


def set_policy(connection: Connection, number: int, **values: Any) -> None:
    """Change a policy's row."""
    _SET.run(connection, {"of": number, **values})


def drop_policy(connection: Connection, number: int) -> None:
    """Forget a policy and its versions."""
    _DROP_VERSIONS.run(connection, {"of": number})
    _DROP.run(connection, {"of": number})


def policies(
    connection: Connection, account_id: int, *, after: int | None, most: int, ascending: bool
) -> Sequence[Any]:
    """List an account's policies."""
    return _LIST.page(connection, {"account_id": account_id}, after=after, most=most, ascending=ascending)


def versions(connection: Connection, number: int) -> Sequence[Any]:
    """List a policy's versions, the newest first."""
    return _VERSIONS.all(connection, {"policy": number})


def version(connection: Connection, number: int, name: int) -> Any:
    """Find a version of a policy."""
    return _VERSION.first(connection, {"policy": number, "version": name})


def add_version(connection: Connection, number: int, name: int, document: str, created: int) -> None:
    """Keep a version of a policy."""
    _ADD_VERSION.run(connection, {"policy": number, "version": name, "document": document, "created": created})


def drop_version(connection: Connection, number: int, name: int) -> None:
    """Forget a version of a policy."""
    _DROP_VERSION.run(connection, {"of": number, "named": name})


def attachment(connection: Connection, number: int, target: str) -> int | None:
    """Return the number of a policy's attachment to a target; None if it is not attached."""
    found: int | None = _ATTACHMENT.scalar(connection, {"policy": number, "target": target})
    return found


def attach(connection: Connection, number: int, target: str) -> None:
    """Attach a policy to a target."""
    _ATTACH.run(connection, {"policy": number, "target": target})


def detach(connection: Connection, attached: int) -> None:
    """Undo one attachment."""
    _DETACH.run(connection, {"of": attached})


def detach_all(connection: Connection, target: str) -> None:
    """Undo all attachments to a target."""
    _DETACH_ALL.run(connection, {"of": target})


def count_attached(connection: Connection, target: str) -> int:
    """Count the policies that are attached to a target."""
    return int(_COUNT.scalar(connection, {"target": target}))


def attached(
    connection: Connection, account_id: int, target: str, *, after: int | None, most: int, ascending: bool = True
) -> Sequence[Any]:
    """List an account's policies that are attached to a target."""
    of = {"account_id": account_id, "target": target}
    return _ATTACHED.page(connection, of, after=after, most=most, ascending=ascending)


def documents(connection: Connection, vault_id: int, target: str) -> Sequence[Any]:
    """List the policies that are attached to a target, each with the ``document`` of its default version."""
    return _DOCUMENTS.all(connection, {"vault_id": vault_id, "target": target})


def targets(
    connection: Connection, number: int, *, after: int | None, most: int, ascending: bool = True
) -> Sequence[Any]:
    """List what a policy is attached to."""
    return _TARGETS.page(connection, {"policy": number}, after=after, most=most, ascending=ascending)
