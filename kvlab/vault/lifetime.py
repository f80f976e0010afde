"""
When a certificate's lifetime actions fall due, and its end: instants that are stored, so that an index finds them.

Source: https://learn.microsoft.com/azure/key-vault/certificates/overview-renew-certificate and
https://learn.microsoft.com/rest/api/keyvault/certificates/create-certificate#trigger.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.store import certificate as rows
from kvlab.vault.turn import VAULT
from kvlab.wire.model import WireModel
from kvlab.wire.policy import LifetimeAction
from kvlab.x509.certificate import BACKDATED, not_after

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Row

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn
    from kvlab.wire.policy import ActionType, CertificatePolicy, Trigger

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


class Foreseen(NamedTuple):
    """
    A version that is not made yet; all instants are aware, UTC.

    Attributes:
        begins: when it is made.
        ends: when it expires.
        renews: when the vault begins to make the next one; None if it does not.
        tells: when the contacts are told that its end comes near.
    """

    begins: datetime
    ends: datetime
    renews: datetime | None = None
    tells: tuple[datetime, ...] = ()


def foresee(
    policy: CertificatePolicy, now: datetime, longest: Callable[[datetime], int] | None = None, *, most: int = 5
) -> list[Foreseen]:
    """
    Tell what would become of a certificate by its policy, if whoever signs answers at once.

    Args:
        policy: a complete one.
        now: when the first version would be made; aware, UTC.
        longest: for how many days a CA issues then at most; None where nobody shortens it.
        most: how many versions are looked ahead; renewals go on.

    Returns:
        The first version, and those that the vault makes by itself after it.
    """
    assert policy.x509_props is not None
    found: list[Foreseen] = []
    begins: datetime | None = now
    while begins is not None and len(found) < most:
        start = begins - BACKDATED
        months = policy.x509_props.validity_months or 1
        if longest is None:
            ends = not_after(begins, months)
        else:
            # A CA counts from where the validity begins, and both its ends belong to it.
            ends = min(not_after(start, months), start + timedelta(days=longest(begins))) - timedelta(seconds=1)
        made = int(begins.timestamp())
        strikes = _strikes(policy.lifetime_actions, int(start.timestamp()), int(ends.timestamp()))
        renewals, notices = ([_instant(_rested(at, made)) for at in each] for each in strikes)
        renews = min(renewals, default=None)
        found.append(Foreseen(begins, ends, renews, tuple(at for at in notices if renews is None or at < renews)))
        begins = renews
    return found


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
    renew_at = max(_rested(renewals[0], row.created), now) if renewals else None
    return Waits(renew_at, _next(row, notices, row.noticed, now), expire_at)


def notice_done(row: Row[Any], now: int) -> tuple[int | None, int | None]:
    """
    Tell how it stands once the contacts have been told what they should know by now.

    Returns:
        The newest trigger they know of, and when they are told next.
    """
    notices = _triggers(row)[1]
    struck = [at for at in notices if _rested(at, row.created) <= now]
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
    return _strikes(_Planned.model_validate_json(row.policy).lifetime_actions, row.nbf, row.exp)


def _strikes(actions: Sequence[LifetimeAction] | None, nbf: int, exp: int) -> tuple[list[int], list[int]]:
    found: dict[ActionType, list[int]] = {"AutoRenew": [], "EmailContacts": []}
    for wish in actions or ():
        found[wish.action.action_type].append(trigger_at(wish.trigger, nbf, exp))
    return sorted(found["AutoRenew"]), sorted(found["EmailContacts"])


def _next(row: Row[Any], notices: Sequence[int], noticed: int | None, now: int) -> int | None:
    ahead = [at for at in notices if noticed is None or at > noticed]
    return max(_rested(ahead[0], row.created), now) if ahead else None


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _rested(at: int, created: int) -> int:
    return at if at > created else created + REST_SECONDS
