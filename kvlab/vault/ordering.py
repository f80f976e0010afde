"""
Orders at certificate authorities: claimed, talked about, recorded; and the certificate brought home.

An order is *claimed* in one short transaction, the CA is spoken to while nothing is held but a lease, and what came of
it is *recorded* in another. Whoever dies in between leaves an order that the next one finds again by the vault's own
reference, the operation's ``request_id``; it is never placed twice.

Source: https://learn.microsoft.com/azure/key-vault/certificates/create-certificate (the flow and its steps),
https://learn.microsoft.com/azure/key-vault/certificates/create-certificate-scenarios (how an error is shown).
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography import x509

from kvlab.errors import X509Error
from kvlab.providers.provider import Answer, Cancelled, Failed, Issued, Pending, Rejected
from kvlab.store import certificate as rows
from kvlab.store import order as orders
from kvlab.vault.conversation import Conversation, Outcome, Unanswered
from kvlab.vault.operation import Move, Status, Worker, take
from kvlab.vault.renewal import note_outcome
from kvlab.vault.turn import VAULT
from kvlab.vault.version import add_version
from kvlab.wire.operation import OperationError
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509.chain import find_leaf, order_from_leaf

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from kvlab.providers.message import Exchange
    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn

LEASE_SECONDS = 60
"""How long one conversation with a CA may take before somebody else tries."""

POLL_SECONDS = 60
"""Where the CA does not say when to ask again: doubled each time."""

RETRY_SECONDS = 10
"""Where the CA does not answer: doubled each time."""

LONGEST_SECONDS = 3600
FORGOTTEN_ATTEMPTS = 8
"""How often the vault tries to cancel the order of an operation that was deleted."""

_NO_ANSWER = "The issuer does not answer: "

REQUEST_REJECTED = "Request rejected"
ISSUER_ERROR = "Certificate issuer error"


def work_on_order(core: Core, step: Row[Any]) -> int:
    """Talk to the CA about a due order, and record what came of it."""
    now = core.instant(step.at)
    owner = core.store.sealer.new_id()
    with core.store.write() as connection:
        order = orders.claim(connection, step.id, now=int(now.timestamp()), owner=owner, seconds=LEASE_SECONDS)
    if order is None:
        return 0
    policy = None if _forgotten(order) else CertificatePolicy.model_validate_json(order.policy)
    talk = Conversation(core, order, policy, now)
    try:
        outcome = talk.hold()
        with core.turn(VAULT, now) as turn:
            # Whose lease ran out has no say any more: somebody else has taken over.
            if (held := orders.held(turn.connection, order.id, owner)) is not None:
                asked_meanwhile = held.cancellation_requested and not order.cancellation_requested
                _record(_Case(core, turn, held, policy), talk, outcome, asked_meanwhile=bool(asked_meanwhile))
    except BaseException:
        with core.store.write() as connection:
            orders.release(connection, order.id, owner)
        raise
    return 1


def _forgotten(order: Any) -> bool:
    """Tell whether the operation was deleted, so that the order is only to be cancelled."""
    return order.status is None


class _Case(NamedTuple):
    """An order in its turn, as it is now; ``policy`` is the operation's, and there is one unless it was deleted."""

    core: Core
    turn: Turn
    order: Any
    policy: CertificatePolicy | None


def _record(case: _Case, talk: Conversation, outcome: Outcome, *, asked_meanwhile: bool) -> None:
    """Keep what was said and what follows from it."""
    turn, order = case.turn, case.order
    for exchange in talk.said:
        _note(turn, order, exchange)
    if _forgotten(order):
        _let_go(case, talk, outcome)
    elif order.deleted_at is not None:
        # Nobody works for a certificate that is gone; the order waits for it to be recovered.
        orders.put_off(turn.connection, order.id, order_id=talk.order_id, due_at=None)
    elif isinstance(outcome, (Pending, Unanswered)):
        _wait(case, talk, outcome, at_once=asked_meanwhile)
    else:
        orders.drop(turn.connection, order.id)
        _finish(case, outcome)


def _note(turn: Turn, order: Any, exchange: Exchange) -> None:
    request = exchange.direction == "request"
    turn.record(
        "ca.request" if request else "ca.answer",
        f"certificates/{order.name}",
        request_id=order.reference,
        step=exchange.step,
        actor=VAULT if request else exchange.authority,
        authority=exchange.authority,
        summary=exchange.summary,
        body=exchange.body or None,
    )


def _let_go(case: _Case, talk: Conversation, outcome: Outcome) -> None:
    """Go on with the order of an operation that was deleted, until the CA has heard of it or it makes no sense."""
    turn, order = case.turn, case.order
    if isinstance(outcome, Cancelled | Failed | Rejected) or order.attempts > FORGOTTEN_ATTEMPTS:
        orders.drop(turn.connection, order.id)
        return
    seconds = _patience(RETRY_SECONDS, order.attempts) if isinstance(outcome, Unanswered) else 0
    orders.put_off(turn.connection, order.id, order_id=talk.order_id, due_at=_after(case, seconds))


def _wait(case: _Case, talk: Conversation, outcome: Pending | Unanswered, *, at_once: bool) -> None:
    """Ask again when the CA says, or in a rhythm that grows."""
    turn, order = case.turn, case.order
    silent = isinstance(outcome, Unanswered)
    if isinstance(outcome, Pending):
        words, first = outcome.detail, POLL_SECONDS
    else:
        words, first = f"{_NO_ANSWER}{outcome.reason} It is asked again.", RETRY_SECONDS
    # Whose silence begins, or ends, is asked in that rhythm from its start.
    attempts = order.attempts if silent is (order.status_details or "").startswith(_NO_ANSWER) else 1
    seconds = _patience(first, attempts) if outcome.retry_seconds is None else outcome.retry_seconds
    heard = isinstance(outcome, Pending) and outcome.retry_seconds is not None
    orders.put_off(
        turn.connection,
        order.id,
        order_id=talk.order_id,
        due_at=_after(case, 0 if at_once else seconds),
        attempts=0 if heard else attempts,
    )
    if words != order.status_details:
        rows.set_operation(turn.connection, order.certificate_id, status_details=words)


def _patience(first: int, attempts: int) -> int:
    return int(min(first * 2 ** min(attempts - 1, 20), LONGEST_SECONDS))


def _after(case: _Case, seconds: int) -> int:
    """Say that the order falls due in so many seconds, and return when: in whole epoch seconds, never before."""
    core, turn = case.core, case.turn
    at = turn.seconds + seconds if core.worker is None else math.ceil(core.clock.now().timestamp() + seconds)
    turn.due.append(at)
    return at


def _finish(case: _Case, outcome: Answer) -> None:
    """Bring the certificate home, or end the operation with the CA's words."""
    match outcome:
        case Issued():
            try:
                _check_leaf(outcome.leaf_der, case.order.public_der, case.turn.now)
                chain = _chain(outcome, keep_order=case.order.preserve_cert_order)
            except ValueError as error:
                # An X509Error is one; what only cryptography can not read (a date that is none) is another.
                _fail(case, ISSUER_ERROR, f"The issuer's certificate can not be merged: {error}")
            else:
                _merge(case, outcome, chain)
        case Rejected(reason):
            _fail(case, REQUEST_REJECTED, reason)
        case Failed(reason):
            _fail(case, ISSUER_ERROR, reason)
        case Cancelled():
            _move(case, Move.CANCEL)


def _check_leaf(leaf_der: bytes, public_der: bytes, now: datetime) -> None:
    """
    Refuse what can not be merged.

    Raises:
        ValueError: it is no certificate, is for another key, or is expired.
    """
    find_leaf([leaf_der], public_der)
    not_after = x509.load_der_x509_certificate(leaf_der).not_valid_after_utc
    if not_after <= now:
        raise X509Error(f"It is expired: its notAfter is {not_after.isoformat()}.")


def _chain(issued: Issued, *, keep_order: bool) -> list[bytes]:
    """Return all certificates in the order the secret will show, as with a merge by hand."""
    if keep_order:
        return [issued.leaf_der, *issued.chain_der]
    return order_from_leaf(issued.leaf_der, issued.chain_der)


def _merge(case: _Case, issued: Issued, certificates_der: list[bytes]) -> None:
    order = case.order
    assert case.policy is not None
    overrides = [override._asdict() for override in issued.overrides]
    version = add_version(
        case.turn,
        case.core,
        certificate_id=order.certificate_id,
        name=order.name,
        policy=case.policy,
        leaf_der=issued.leaf_der,
        certificates_der=certificates_der,
        key_id=order.key_id,
        enabled=order.enabled,
        tags=order.tags,
        preserve_cert_order=order.preserve_cert_order,
        overrides=json.dumps(overrides),
    )
    _move(case, Move.ISSUE, version=version, step=5, overrides=overrides)


def _fail(case: _Case, code: str, message: str) -> None:
    _move(case, Move.FAIL, error=OperationError(code=code, message=message))


def _move(
    case: _Case,
    move: Move,
    *,
    version: str | None = None,
    step: int | None = None,
    error: OperationError | None = None,
    overrides: list[dict[str, str]] | None = None,
) -> None:
    turn, order = case.turn, case.order
    status = take(Status(order.status), move, Worker.ISSUER, name=order.name, issuer=order.issuer)
    rows.set_operation(
        turn.connection,
        order.certificate_id,
        status=status.value,
        status_details=None,
        error=error.model_dump_json() if error else None,
    )
    turn.record(
        "transition",
        f"certificates/{order.name}",
        version=version,
        request_id=order.reference,
        step=step,
        move=move.value,
        error=error.model_dump() if error else None,
        overrides=overrides,
        detail={"from": order.status, "to": status.value},
    )
    if order.renewal:
        note_outcome(case.core, turn, order.certificate_id, status, error.message if error else "")
