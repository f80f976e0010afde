"""
When a certificate's lifetime actions fall due, and its end: instants that are stored, so that an index finds them.

Source: https://learn.microsoft.com/azure/key-vault/certificates/overview-renew-certificate and
https://learn.microsoft.com/rest/api/keyvault/certificates/create-certificate#trigger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.store import certificate as rows
from kvlab.vault.turn import VAULT
from kvlab.wire.model import WireModel
from kvlab.wire.policy import LifetimeAction

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


class _Planned(WireModel):
    """What of a stored policy is read here: this is done for every new version."""

    lifetime_actions: list[LifetimeAction] | None = None


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
    renewals, notices = _triggers(row)
    renew_at = max(_rested(row, renewals[0]), now) if renewals else None
    return Waits(renew_at, _next(row, notices, row.noticed, now), expire_at)


def notice_done(row: Row[Any], now: int) -> tuple[int | None, int | None]:
    """
    Tell how it stands once the contacts have been told what they should know by now.

    Returns:
        The newest trigger they know of, and when they are told next.
    """
    notices = _triggers(row)[1]
    struck = [at for at in notices if _rested(row, at) <= now]
    noticed = max([at for at in (row.noticed, *struck[-1:]) if at is not None], default=None)
    return noticed, _next(row, notices, noticed, now)


def reschedule(turn: Turn, certificate_id: int) -> None:
    """
    Store anew what a certificate waits for, and what the list shows of its current version.

    To be called when its current version, its policy, or whether it is enabled or deleted has changed.
    """
    row = rows.lifetime(turn.connection, certificate_id)
    if row is None:
        return
    found = waits(row, turn.seconds)
    shown = {"current_enabled": row.enabled, "current_nbf": row.nbf, "current_exp": row.exp}
    rows.set_certificate(turn.connection, certificate_id, renew_attempts=0, **shown, **found._asdict())
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


def _triggers(row: Row[Any]) -> tuple[list[int], list[int]]:
    """Return when the stored policy's triggers of AutoRenew and of EmailContacts strike for the current version."""
    policy = _Planned.model_validate_json(row.policy)
    found: dict[ActionType, list[int]] = {"AutoRenew": [], "EmailContacts": []}
    for wish in policy.lifetime_actions or ():
        found[wish.action.action_type].append(trigger_at(wish.trigger, row.nbf, row.exp))
    return sorted(found["AutoRenew"]), sorted(found["EmailContacts"])


def _next(row: Row[Any], notices: Sequence[int], noticed: int | None, now: int) -> int | None:
    ahead = [at for at in notices if noticed is None or at > noticed]
    return max(_rested(row, ahead[0]), now) if ahead else None


def _rested(row: Row[Any], at: int) -> int:
    return at if at > row.created else row.created + REST_SECONDS
