"""
AutoRenew: a certificate is created again with its stored policy, by the vault itself.

Source: https://learn.microsoft.com/azure/key-vault/certificates/overview-renew-certificate
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kvlab.errors import OperationInProgress, StoreUnavailable, VaultError
from kvlab.store import certificate as rows
from kvlab.vault import creation
from kvlab.vault.creation import Order
from kvlab.vault.lifetime import DAY
from kvlab.vault.notice import News, instant_text, tell
from kvlab.vault.operation import Status
from kvlab.vault.policy import issuer_name
from kvlab.vault.turn import VAULT
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from sqlalchemy import Row

    from kvlab.vault.core import Core
    from kvlab.vault.creation import Requested
    from kvlab.vault.turn import Turn

LONGEST_PAUSE_DAYS = 8


def pause_seconds(attempt: int) -> int:
    """Return how long after an attempt (1, 2, …) the vault looks again: 1, 2, 4, then always 8 days."""
    return min(1 << (attempt - 1), LONGEST_PAUSE_DAYS) * DAY


def renew_certificate(core: Core, step: Row[Any]) -> int:
    """Begin the renewal of a current version; put it off where that can not be now."""
    with core.read() as connection:
        row = rows.lifetime(connection, step.id)
    if not _is_due(row, step):
        return 0
    order = Order(
        name=row.name,
        name_key=row.name_key,
        meaning=None,
        enabled=True,
        tags=json.loads(row.tags) if row.tags else None,
        preserve_cert_order=row.preserve_cert_order,
        ignored=[],
        renewal=True,
    )
    try:
        with creation.requested(core, order, VAULT, core.instant(step.at)) as requested:
            return _begin(core, step, order, requested)
    except StoreUnavailable:
        raise
    except VaultError as refusal:
        return _put_off(core, step, refusal)


def note_outcome(core: Core, turn: Turn, certificate_id: int, status: Status, reason: str = "") -> None:
    """Record how the operation of a renewal ended, and tell the contacts."""
    row = rows.lifetime(turn.connection, certificate_id)
    if row is None:
        return
    if status is Status.COMPLETED:
        text = f"This is the new version. Its issuer is {_issuer(row)}. Whoever uses the certificate can fetch it now."
        _record(core, turn, row, "renewed", News.RENEWED, text)
    else:
        _record_failure(core, turn, row, status.value, reason or f"The operation is {status.value}.", row.renew_at)


def _begin(core: Core, step: Row[Any], order: Order, requested: Requested) -> int:
    turn = requested.turn
    row = rows.lifetime(turn.connection, step.id)
    if not _is_due(row, step):
        return 0
    attempt = row.renew_attempts + 1
    _look_again(turn, row, attempt, pause_seconds(attempt))
    if attempt == 1:
        text = f"The vault renews it now with issuer {_issuer(row)}. Until that is done this version stays in use."
        _record(core, turn, row, "begun", News.RENEWING, text)
    else:
        turn.record(
            "lifetime_action", f"certificates/{row.name}", version=row.version, action="AutoRenew", outcome="begun",
            attempt=attempt,
        )  # fmt: skip
    creation.begin_operation(core, order, requested)
    return 1


def _put_off(core: Core, step: Row[Any], refusal: VaultError) -> int:
    with core.turn(VAULT, core.instant(step.at)) as turn:
        row = rows.lifetime(turn.connection, step.id)
        if not _is_due(row, step):
            return 0
        if not isinstance(refusal, OperationInProgress):
            attempt = row.renew_attempts + 1
            again = _look_again(turn, row, attempt, pause_seconds(attempt))
            _record_failure(core, turn, row, "failed", refusal.message, again)
            return 1
        again = _look_again(turn, row, row.renew_attempts, DAY)
        if not row.renewal:
            # A person began an operation; our own, which an issuer is still at work on, is nothing new.
            turn.record(
                "lifetime_action", f"certificates/{row.name}", version=row.version, action="AutoRenew",
                outcome="put off", reason=refusal.message, retry_at=again,
            )  # fmt: skip
        return 1


def _look_again(turn: Turn, row: Row[Any], attempts: int, pause: int) -> int:
    again = turn.seconds + pause
    rows.set_certificate(turn.connection, row.id, renew_at=again, renew_attempts=attempts)
    turn.due.append(again)
    return again


def _record_failure(core: Core, turn: Turn, row: Row[Any], outcome: str, reason: str, again: int | None) -> None:
    retry = f"The vault tries again on {instant_text(again)}." if again else "The vault does not try again."
    text = f"{reason.rstrip()} {retry} If that fails too, renew it yourself."
    _record(core, turn, row, outcome, News.NOT_RENEWED, text, reason=reason, retry_at=again)


def _record(core: Core, turn: Turn, row: Row[Any], outcome: str, news: News, text: str, **facts: Any) -> None:
    facts = {"action": "AutoRenew", "outcome": outcome, **facts, **tell(core, turn, row, news, text)}
    turn.record("lifetime_action", f"certificates/{row.name}", version=row.version, detail=facts)


def _is_due(row: Any, step: Row[Any]) -> bool:
    return row is not None and row.renew_at is not None and row.renew_at <= step.at


def _issuer(row: Row[Any]) -> str:
    return issuer_name(CertificatePolicy.model_validate_json(row.policy))
