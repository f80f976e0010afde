"""What falls due as time passes, by kind: one row here and one branch of the store's list of due work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.vault.deleted import purge_certificate
from kvlab.vault.item import purge_item
from kvlab.vault.lifetime import note_expiry
from kvlab.vault.notice import notify_contacts
from kvlab.vault.ordering import work_on_order
from kvlab.vault.renewal import renew_certificate
from kvlab.vault.self_signed import finish_operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Row

    from kvlab.vault.core import Core

STEPS: dict[str, Callable[[Core, Row[Any]], int]] = {
    "operation": finish_operation,
    "order": work_on_order,
    "certificate": purge_certificate,
    "item": purge_item,
    "renewal": renew_certificate,
    "notice": notify_contacts,
    "expiry": note_expiry,
}
"""Who does what falls due: each opens its turn at ``core.instant(step.at)`` and looks whether it is still to do."""


def do_step(core: Core, step: Row[Any]) -> int:
    """Do one due step, if it is still to be done; returns how many were done, 0 or 1."""
    return STEPS[step.kind](core, step)
