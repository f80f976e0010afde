"""Creating certificates: the checks before a request, and the request itself."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.entropy import identifier
from kvlab.errors import InvalidProperty, MissingProperty, NameDeleted, NameInUse
from kvlab.store import certificate as rows
from kvlab.store import order as orders
from kvlab.store import vault as vault_rows
from kvlab.vault import policy as policies
from kvlab.vault.account import check_names, check_order
from kvlab.vault.answer import OperationRow
from kvlab.vault.key_material import make_key, open_key, sealed_key
from kvlab.vault.lifetime import reschedule
from kvlab.vault.operation import Move, Status, Worker, take
from kvlab.vault.version import tags_text
from kvlab.vault.view import is_name
from kvlab.wire.issuer import IssuerBundle
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509.key import key_spec
from kvlab.x509.request import build_request
from kvlab.x509.words import wanted_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from kvlab.providers.provider import Trade
    from kvlab.vault.core import Core
    from kvlab.vault.policy import Meaning
    from kvlab.vault.turn import Turn
    from kvlab.x509.key import PrivateKey


class Order(NamedTuple):
    """What a caller asked for, checked as far as it goes without the store."""

    name: str
    name_key: str
    meaning: Meaning | None
    enabled: bool
    tags: dict[str, str] | None
    preserve_cert_order: bool
    ignored: list[str]
    renewal: bool = False


class Plan(NamedTuple):
    """What the store had to say: the certificate of this name, the policy that counts, who sells, the key to reuse."""

    row: Row[Any] | None
    policy: CertificatePolicy
    new_policy: bool
    trade: Trade | None
    reused: Row[Any] | None


class Requested(NamedTuple):
    """An order in its turn: what the store says of it now, the key and the request made for it."""

    turn: Turn
    plan: Plan
    key: PrivateKey
    csr: bytes


@contextmanager
def requested(core: Core, order: Order, actor: str, now: datetime | None = None) -> Iterator[Requested]:
    """
    Make key and request of an order, then open the turn in which the operation can begin.

    The slow part comes before any transaction; if others had their turns meanwhile and it does not fit any more, it is
    made again.

    Args:
        core: the vault.
        order: what is asked for.
        actor: whose turn it is.
        now: the instant of work that fell due.

    Raises:
        VaultError: as ``plan``.
    """
    while True:
        with core.read() as connection:
            first_look = plan(core, connection, order)
        key, csr = _make_request(core, order, first_look)
        with core.turn(actor, now) as turn:
            second_look = plan(core, turn.connection, order)
            if _same_request(first_look, second_look):
                yield Requested(turn, second_look, key, csr)
                return


def check_name_free(occupants: Sequence[Row[Any]], name: str, move: Move) -> Row[Any] | None:
    """
    Return the live certificate of a name, if there is one.

    Raises:
        NameInUse: a key or secret that no certificate manages has the name.
        NameDeleted: a deleted certificate, key or secret has it.
        OperationInProgress: an operation on the certificate is in progress.
    """
    found = None
    for row in occupants:
        if row.deleted_at is not None:
            raise NameDeleted(row.area.capitalize(), name)
        if row.area != "certificate":
            raise NameInUse(name, row.area)
        found = row
    if found is not None:
        worker = worker_of(found.issuer) if found.issuer else Worker.CALLER
        take(Status(found.status or Status.NONE), move, worker, name=name, issuer="")
    return found


def worker_of(issuer: str) -> Worker:
    """Tell who has to sign for an issuer's name."""
    return Worker.CALLER if issuer.casefold() == policies.UNKNOWN.casefold() else Worker.ISSUER


def signs_itself(issuer: str) -> bool:
    """Tell whether an issuer's name is ``Self``."""
    return issuer.casefold() == policies.SELF.casefold()


def plan(core: Core, connection: Connection, order: Order) -> Plan:
    """
    Check an order against the store.

    Raises:
        VaultError: as ``check_name_free``; or there is neither a policy nor a stored one, or no such issuer.
    """
    found = rows.occupants(connection, core.vault_id, order.name_key)
    row = check_name_free(found, order.name, Move.CREATE) if found else None
    if order.meaning is not None:
        policy = order.meaning.policy
    elif row is not None:
        policy = CertificatePolicy.model_validate_json(row.policy)
    else:
        raise MissingProperty("policy", hint="The first version of a certificate needs a policy.")
    trade = check_issuer(core, connection, policy)
    if trade is not None:
        check_names(trade, policy)
    reused = _key_to_reuse(core, connection, order, row, policy)
    return Plan(row, policy, order.meaning is not None, trade, reused)


def check_issuer(core: Core, connection: Connection, policy: CertificatePolicy) -> Trade | None:
    """
    Refuse a policy whose issuer is neither ``Self`` nor ``Unknown`` nor an issuer object that can be used for it.

    Returns:
        What the issuer's provider sells; None where no order is placed (``Self``, ``Unknown``, ``Test``).

    Raises:
        InvalidProperty: there is no such issuer, it is disabled, or does not sell the certificate type.
    """
    if policies.is_unknown(policy) or policies.is_self(policy):
        return None
    name = policies.issuer_name(policy)
    # What is no name could hold a NUL, with which not every database can be asked.
    found = vault_rows.find_issuer(connection, core.vault_id, name.casefold()) if is_name(name) else None
    if found is None:
        raise InvalidProperty(
            "policy.issuer.name", f"It is Self, Unknown or the name of an issuer object; there is no issuer '{name}'."
        )
    return check_order(IssuerBundle.model_validate_json(found.body), policy)


def _same_request(before: Plan, now: Plan) -> bool:
    """Tell whether key and request still fit, after others had their turns while they were made."""
    reused = [plan.reused.id if plan.reused else None for plan in (before, now)]
    return reused[0] == reused[1] and before.policy == now.policy


def _make_request(core: Core, order: Order, plan: Plan) -> tuple[PrivateKey, bytes]:
    """Make (or take again) the private key and the request; outside any transaction, for this is the slow part."""
    assert plan.policy.key_props is not None
    if plan.reused is not None:
        key = open_key(core, plan.reused)
    else:
        key = make_key(core, order.name_key, plan.policy.key_props)
    profile = order.meaning.profile if order.meaning else policies.profile(plan.policy)
    return key, build_request(profile, key, deterministic=core.seeded)


def begin_operation(core: Core, order: Order, requested: Requested) -> OperationRow:
    """Keep the key, the policy and the pending operation, and note both events; returns the operation."""
    turn, plan, key, csr = requested
    certificate_id, policy_json = _keep_policy(core, turn, order, plan)
    if plan.reused is not None:
        key_id = plan.reused.id
    else:
        row = sealed_key(core, key, seeded=core.seeded)
        rows.add_key(turn.connection, row)
        key_id = row["id"]
    issuer = policies.issuer_name(plan.policy)
    request_id = identifier(core.entropy, order.name_key, "request id")
    operation: dict[str, Any] = {
        "certificate_id": certificate_id, "vault_id": core.vault_id, "request_id": request_id,
        "created": turn.seconds,
        "issuer": issuer, "status": Status.IN_PROGRESS.value, "cancellation_requested": False,
        "csr": csr, "key_id": key_id, "policy": policy_json, "enabled": order.enabled, "tags": tags_text(order.tags),
        "preserve_cert_order": order.preserve_cert_order, "renewal": order.renewal,
        "due_at": _due_at(core, turn) if signs_itself(issuer) else None,
    }  # fmt: skip
    rows.put_operation(turn.connection, operation, replace=plan.row is not None)
    due_at = operation["due_at"]
    if plan.trade is not None:
        due_at = turn.seconds
        orders.add(turn.connection, {
            "vault_id": core.vault_id, "reference": request_id, "certificate_id": certificate_id,
            "name": plan.row.name if plan.row else order.name, "issuer_key": issuer.casefold(),
            "provider": plan.trade.name, "attempts": 0, "due_at": due_at,
        })  # fmt: skip
    if due_at is not None:
        turn.due.append(due_at)
    about = f"certificates/{order.name}"
    turn.record(
        "create_certificate", about, request_id=request_id, step=1, issuer=issuer, ignored=order.ignored or None,
        key_type=plan.policy.key_props and plan.policy.key_props.kty,
        exportable=plan.policy.key_props and plan.policy.key_props.exportable, seeded=core.seeded or None,
        key_reused=True if plan.reused is not None else None,
    )  # fmt: skip
    before = (plan.row.status if plan.row else None) or Status.NONE.value
    turn.record(
        "transition", about, request_id=request_id, step=2 if policies.is_unknown(plan.policy) else None,
        detail={"move": Move.CREATE.value, "from": before, "to": Status.IN_PROGRESS.value},
    )  # fmt: skip
    return OperationRow(name=plan.row.name if plan.row else order.name, error=None, status_details=None, **{
        **{member: operation[member] for member in OperationRow.__annotations__ if member in operation},
        "due_at": due_at,
    })  # fmt: skip


def _keep_policy(core: Core, turn: Turn, order: Order, plan: Plan) -> tuple[int, str]:
    placeholder = identifier(core.entropy, order.name_key, "placeholder version")
    if plan.row is None:
        policy_json = policies.stamped(plan.policy, created=turn.seconds, updated=turn.seconds).model_dump_json()
        certificate_id = rows.add_certificate(turn.connection, {
            "vault_id": core.vault_id, "name_key": order.name_key, "name": order.name, "policy": policy_json,
            "created": turn.seconds, "placeholder": placeholder,
            "words": wanted_words([order.name, *policies.names_of(plan.policy)]),
        })  # fmt: skip
        return certificate_id, policy_json
    change: dict[str, Any] = {"placeholder": placeholder}
    policy_json = plan.row.policy
    if plan.new_policy:
        policy_json = replaced_policy(turn, plan.row.policy, plan.policy)
        change["policy"] = policy_json
    if plan.row.current_id is None:
        change["created"] = turn.seconds
    rows.set_certificate(turn.connection, plan.row.id, **change)
    if plan.new_policy:
        reschedule(turn, plan.row.id)
    return plan.row.id, policy_json


def replaced_policy(turn: Turn, stored_json: str, policy: CertificatePolicy) -> str:
    """Return the JSON of a policy that takes the stored one's place: ``created`` stays, ``updated`` moves."""
    stored = CertificatePolicy.model_validate_json(stored_json).attributes
    created = (stored and stored.created) or turn.seconds
    return policies.stamped(policy, created=created, updated=turn.seconds).model_dump_json()


def _key_to_reuse(
    core: Core, connection: Connection, order: Order, row: Row[Any] | None, policy: CertificatePolicy
) -> Row[Any] | None:
    props = policy.key_props
    if row is None or row.current_id is None or props is None or not props.reuse_key:
        return None
    newest = rows.latest(connection, core.vault_id, order.name_key)
    assert newest is not None
    key = rows.find_key(connection, newest.v_key_id)
    spec = key_spec(open_key(core, key).public_key())
    fits = (spec.kty, spec.key_size, spec.crv) == ((props.kty or "").split("-")[0], props.key_size, props.crv)
    return key if fits and newest.v_key_type == props.kty else None


def _due_at(core: Core, turn: Turn) -> int:
    """Return when the vault signs, in whole epoch seconds; never before the delay is over."""
    if not core.self_delay_seconds:
        return turn.seconds
    return math.ceil(turn.exact.timestamp() + core.self_delay_seconds)
