"""
When a certificate's lifetime actions fall due, and its end: instants that are stored, so that an index finds them.

Source: https://learn.microsoft.com/azure/key-vault/certificates/overview-renew-certificate and
https://learn.microsoft.com/rest/api/keyvault/certificates/create-certificate#trigger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.store import certificate as rows
from kvlab.vault.turn import VAULT
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn
    from kvlab.wire.policy import ActionType, Trigger

DAY = 86400

REST_SECONDS = DAY
"""
How long a new version is left alone by a trigger that lies before it was made.

The service looks about once a day. Without a rest a certificate that lives shorter than ``days_before_expiry`` asks
(a public CA gives 199 days, whatever the policy says) would be renewed for ever within one instant.
"""


class Waits(NamedTuple):
    """What a certificate waits for, in epoch seconds; None for what will not come."""

    renew_at: int | None = None
    notice_at: int | None = None
    expire_at: int | None = None


def trigger_at(trigger: Trigger, nbf: int, exp: int) -> int:
    """Return when a trigger strikes in a validity from ``nbf`` to ``exp`` (epoch seconds), on the next whole second."""
    if trigger.days_before_expiry is not None:
        return exp - trigger.days_before_expiry * DAY
    return nbf - (nbf - exp) * (trigger.lifetime_percentage or 0) // 100


def triggers(row: Row[Any], action: ActionType) -> list[int]:
    """Return when the stored policy's triggers of an action strike for the current version, in order."""
    policy = CertificatePolicy.model_validate_json(row.policy)
    return sorted(
        trigger_at(wish.trigger, row.nbf, row.exp)
        for wish in policy.lifetime_actions or ()
        if wish.action.action_type == action
    )


def waits(row: Row[Any], now: int) -> Waits:
    """
    Tell what a certificate waits for; a deleted one for nothing, a disabled one only for its end.

    Args:
        row: as ``kvlab.store.certificate.lifetime`` returns it.
        now: epoch seconds; what should have happened earlier happens now.
    """
    if row.deleted_at is not None:
        return Waits()
    expire_at = row.exp if row.exp > now else None
    if not row.enabled:
        return Waits(expire_at=expire_at)
    renewals = triggers(row, "AutoRenew")
    return Waits(
        renew_at=max(_rested(row, renewals[0]), now) if renewals else None,
        notice_at=next_notice(row, row.noticed, now),
        expire_at=expire_at,
    )


def next_notice(row: Row[Any], noticed: int | None, now: int) -> int | None:
    """Return when the contacts are told next, if ``noticed`` was the newest trigger they know of."""
    ahead = untold(row, noticed)
    return max(_rested(row, ahead[0]), now) if ahead else None


def untold(row: Row[Any], noticed: int | None, until: int | None = None) -> Sequence[int]:
    """Return the triggers of EmailContacts after ``noticed``, in order; with ``until``, those that strike by then."""
    ahead = [at for at in triggers(row, "EmailContacts") if noticed is None or at > noticed]
    return ahead if until is None else [at for at in ahead if _rested(row, at) <= until]


def reschedule(turn: Turn, certificate_id: int) -> None:
    """
    Store anew what a certificate waits for.

    To be called when its current version, its policy, or whether it is enabled or deleted has changed.
    """
    row = rows.lifetime(turn.connection, certificate_id)
    if row is None:
        return
    found = waits(row, turn.seconds)
    rows.set_certificate(turn.connection, certificate_id, renew_attempts=0, **found._asdict())
    turn.due += [at for at in found if at is not None]


def note_expiry(core: Core, step: Row[Any]) -> int:
    """Note that a current version expired; its key and secret are inoperable from now on."""
    with core.turn(VAULT, core.instant(step.at)) as turn:
        row = rows.lifetime(turn.connection, step.id)
        if row is None or row.expire_at is None or row.expire_at > step.at:
            return 0
        rows.set_certificate(turn.connection, row.id, expire_at=None)
        turn.record("expired", f"certificates/{row.name}", version=row.version)
        return 1


def _rested(row: Row[Any], at: int) -> int:
    return at if at > row.created else row.created + REST_SECONDS
