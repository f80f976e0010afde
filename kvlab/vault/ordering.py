"""
Orders at certificate authorities: place one, ask what became of it, bring the certificate home.

An order is *claimed* in one short transaction, the CA is spoken to while nothing is held but a lease, and what came of
it is *recorded* in another. Whoever dies in between leaves an order that the next one finds again by the vault's own
reference, the operation's ``request_id``; it is never placed twice.

Source: https://learn.microsoft.com/azure/key-vault/certificates/create-certificate (the flow and its steps),
https://learn.microsoft.com/azure/key-vault/certificates/create-certificate-scenarios (how an error is shown).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from kvlab.errors import X509Error
from kvlab.providers.provider import (
    TRADES,
    Answer,
    Cancelled,
    Cancels,
    Failed,
    Finds,
    Issued,
    IssuerUnavailable,
    OrderRefused,
    OrderRequest,
    Pending,
    ProviderError,
    Rejected,
    Wish,
)
from kvlab.store import certificate as rows
from kvlab.store import order as orders
from kvlab.store import vault as vault_rows
from kvlab.vault import partner
from kvlab.vault.account import account_of
from kvlab.vault.operation import Move, Status, Worker, take
from kvlab.vault.renewal import note_outcome
from kvlab.vault.turn import VAULT
from kvlab.vault.version import add_version
from kvlab.wire.issuer import IssuerBundle
from kvlab.wire.operation import OperationError
from kvlab.wire.policy import CertificatePolicy, SubjectAlternativeNames
from kvlab.x509.chain import find_leaf
from kvlab.x509.name import parse_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Row

    from kvlab.providers.message import Exchange
    from kvlab.providers.provider import Product, Provider
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

REQUEST_REJECTED = "Request rejected"
ISSUER_ERROR = "Certificate issuer error"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody answered at the CA, or it could not now."""

    reason: str
    retry_seconds: int | None


Outcome = Answer | Unanswered


def work_on_order(core: Core, step: Row[Any]) -> int:
    """Talk to the CA about a due order, and record what came of it."""
    now = core.instant(step.at)
    owner = core.store.sealer.new_id()
    with core.store.write() as connection:
        order = orders.claim(connection, step.id, now=int(now.timestamp()), owner=owner, seconds=LEASE_SECONDS)
        if order is None:
            return 0
        issuer = vault_rows.find_issuer(connection, core.vault_id, order.issuer_key)
    said: list[Exchange] = []
    try:
        outcome = _converse(core, order, issuer, owner, now, said.append)
        _record(core, order, owner, now, said, outcome)
    except BaseException:
        with core.store.write() as connection:
            orders.release(connection, order.id, owner)
        raise
    return 1


def _converse(
    core: Core, order: Any, issuer: Any, owner: str, now: datetime, note: Callable[[Exchange], None]
) -> Outcome:
    """Speak to the CA; no transaction is open meanwhile."""
    unwanted = _forgotten(order) or order.cancellation_requested
    kept = IssuerBundle.model_validate_json(issuer.body) if issuer else None
    if (mistake := _mistake(order, kept)) is not None:
        return Cancelled() if unwanted else Failed(mistake)
    assert issuer is not None
    assert kept is not None
    account = account_of(core, issuer.name, kept, issuer.sealed)
    provider = partner.provider(core, order.provider, account, now, note)
    try:
        called_off = unwanted and _call_off(provider, order)
        return Cancelled() if called_off else _ask(core, provider, order, owner)
    except IssuerUnavailable as error:
        return Unanswered(error.reason, error.retry_seconds)
    except ProviderError as error:
        return Rejected(error.reason) if isinstance(error, OrderRefused) else Failed(error.reason)


def _mistake(order: Any, issuer: IssuerBundle | None) -> str | None:
    """Say why nobody can be asked: what happened to the issuer object since the operation began."""
    name = order.issuer or order.issuer_key
    if issuer is None:
        return f"The issuer '{name}' was deleted."
    if issuer.provider != order.provider:
        return f"The issuer '{name}' was {order.provider}'s when this was ordered, and is {issuer.provider}'s now."
    if order.order_id is None and issuer.attributes is not None and issuer.attributes.enabled is False:
        return f"The issuer '{name}' is disabled."
    return None


def _call_off(provider: Provider, order: Any) -> bool:
    """Cancel the order at the CA, if there is one; false where it is too late."""
    order_id = order.order_id
    if order_id is None and order.attempts and isinstance(provider, Finds):
        # Somebody began to place it and did not come back to say so.
        order_id = provider.find(order.reference)
    if order_id is None:
        return True
    cancelled = isinstance(provider, Cancels) and provider.cancel(order_id)
    return cancelled or _forgotten(order)


def _forgotten(order: Any) -> bool:
    """Tell whether the operation was deleted, so that the order is only to be cancelled."""
    return order.status is None


def _ask(core: Core, provider: Provider, order: Any, owner: str) -> Answer:
    request = order_request(order)
    order_id = order.order_id
    if order_id is None:
        order_id = provider.submit(request)
        with core.store.write() as connection:
            orders.placed(connection, order.id, owner, order_id)
    return provider.poll(order_id, request)


def order_request(order: Any) -> OrderRequest:
    """Make what is ordered from an operation's stored policy and request; always the same for the same operation."""
    policy = CertificatePolicy.model_validate_json(order.policy)
    props = policy.x509_props
    assert props is not None
    assert policy.issuer is not None
    sans = props.sans or SubjectAlternativeNames()
    names = parse_name(props.subject or "").get_attributes_for_oid(NameOID.COMMON_NAME)
    return OrderRequest(
        reference=order.reference,
        csr_der=order.csr,
        common_name=str(names[0].value) if names else "",
        dns_names=tuple(sans.dns_names or ()),
        validity_months=props.validity_months or 1,
        product=_product(order.provider, policy.issuer.cty),
        wish=Wish(
            subject=props.subject or "",
            dns_names=tuple(sans.dns_names or ()),
            emails=tuple(sans.emails or ()),
            upns=tuple(sans.upns or ()),
            uris=tuple(sans.uris or ()),
            ip_addresses=tuple(sans.ip_addresses or ()),
            key_usage=tuple(props.key_usage or ()),
            ekus=tuple(props.ekus or ()),
        ),
    )


def _product(provider: str, cty: str | None) -> Product | None:
    wanted = (cty or "").casefold()
    return next((product for product in TRADES[provider].products if product.casefold() == wanted), None)


def _record(core: Core, claimed: Any, owner: str, now: datetime, said: list[Exchange], outcome: Outcome) -> None:
    """Keep what was said and what follows from it, if the lease still holds."""
    with core.turn(VAULT, now) as turn:
        order = orders.held(turn.connection, claimed.id, owner)
        if order is None:
            return
        for exchange in said:
            _note(turn, order, exchange)
        if _forgotten(order):
            _let_go(core, turn, order, outcome)
        elif order.deleted_at is not None:
            # Nobody works for a certificate that is gone; the order waits for it to be recovered.
            orders.put_off(turn.connection, order.id, due_at=None)
        elif isinstance(outcome, (Pending, Unanswered)):
            news = order.cancellation_requested and not claimed.cancellation_requested
            _wait(core, turn, order, outcome, at_once=news)
        else:
            orders.drop(turn.connection, order.id)
            _finish(core, turn, order, outcome)


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


def _let_go(core: Core, turn: Turn, order: Any, outcome: Outcome) -> None:
    """Go on with the order of an operation that was deleted, until the CA has heard of it or it makes no sense."""
    if isinstance(outcome, Cancelled | Failed | Rejected) or order.attempts > FORGOTTEN_ATTEMPTS:
        orders.drop(turn.connection, order.id)
        return
    seconds = _patience(RETRY_SECONDS, order.attempts) if isinstance(outcome, Unanswered) else 0
    orders.put_off(turn.connection, order.id, due_at=_after(core, turn, seconds))


def _wait(core: Core, turn: Turn, order: Any, outcome: Pending | Unanswered, *, at_once: bool) -> None:
    """Ask again when the CA says, or in a rhythm that grows."""
    if isinstance(outcome, Pending):
        words, first = outcome.detail, POLL_SECONDS
    else:
        words, first = f"The issuer does not answer: {outcome.reason} It is asked again.", RETRY_SECONDS
    seconds = _patience(first, order.attempts) if outcome.retry_seconds is None else outcome.retry_seconds
    due_at = _after(core, turn, 0 if at_once else seconds)
    heard = isinstance(outcome, Pending) and outcome.retry_seconds is not None
    orders.put_off(turn.connection, order.id, due_at=due_at, attempts=0 if heard else order.attempts)
    if words != order.status_details:
        rows.set_operation(turn.connection, order.certificate_id, status_details=words)


def _patience(first: int, attempts: int) -> int:
    return int(min(first * 2 ** min(attempts - 1, 20), LONGEST_SECONDS))


def _after(core: Core, turn: Turn, seconds: int) -> int:
    """Say that the order falls due in so many seconds, and return when: in whole epoch seconds, never before."""
    at = turn.seconds + seconds if core.worker is None else math.ceil(core.clock.now().timestamp() + seconds)
    turn.due.append(at)
    return at


def _finish(core: Core, turn: Turn, order: Any, outcome: Answer) -> None:
    """Bring the certificate home, or end the operation with the CA's words."""
    match outcome:
        case Issued():
            try:
                _check_leaf(outcome.leaf_der, order.public_der, turn.now)
            except X509Error as error:
                _fail(core, turn, order, ISSUER_ERROR, f"The issuer's certificate can not be merged: {error}")
            else:
                _merge(core, turn, order, outcome)
        case Rejected(reason):
            _fail(core, turn, order, REQUEST_REJECTED, reason)
        case Failed(reason):
            _fail(core, turn, order, ISSUER_ERROR, reason)
        case Cancelled():
            _move(core, turn, order, Move.CANCEL)


def _check_leaf(leaf_der: bytes, public_der: bytes, now: datetime) -> None:
    """
    Refuse what can not be merged.

    Raises:
        X509Error: it is no certificate, is for another key, or is expired.
    """
    find_leaf([leaf_der], public_der)
    not_after = x509.load_der_x509_certificate(leaf_der).not_valid_after_utc
    if not_after <= now:
        raise X509Error(f"It is expired: its notAfter is {not_after.isoformat()}.")


def _merge(core: Core, turn: Turn, order: Any, issued: Issued) -> None:
    overrides = [override._asdict() for override in issued.overrides]
    version = add_version(
        turn,
        core,
        certificate_id=order.certificate_id,
        name=order.name,
        policy=CertificatePolicy.model_validate_json(order.policy),
        leaf_der=issued.leaf_der,
        certificates_der=[issued.leaf_der, *issued.chain_der],
        key_id=order.key_id,
        enabled=order.enabled,
        tags=order.tags,
        preserve_cert_order=order.preserve_cert_order,
        overrides=json.dumps(overrides),
    )
    _move(core, turn, order, Move.ISSUE, version=version, step=5, overrides=overrides)


def _fail(core: Core, turn: Turn, order: Any, code: str, message: str) -> None:
    error = OperationError(code=code, message=message)
    _move(core, turn, order, Move.FAIL, error=error)


def _move(
    core: Core,
    turn: Turn,
    order: Any,
    move: Move,
    *,
    version: str | None = None,
    step: int | None = None,
    error: OperationError | None = None,
    overrides: list[dict[str, str]] | None = None,
) -> None:
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
        note_outcome(core, turn, order.certificate_id, status, error.message if error else "")
