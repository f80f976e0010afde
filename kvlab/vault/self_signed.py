"""What the vault finishes by itself: it signs for ``Self``, and grants a cancellation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.entropy import serial_number
from kvlab.store import certificate as rows
from kvlab.vault.key_material import open_key
from kvlab.vault.operation import Move, Status, Worker, take
from kvlab.vault.policy import profile
from kvlab.vault.renewal import note_outcome
from kvlab.vault.turn import VAULT
from kvlab.vault.version import add_version
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509.certificate import BACKDATED, not_after, self_sign

if TYPE_CHECKING:
    from sqlalchemy import Row

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn


def finish_operation(core: Core, step: Row[Any]) -> int:
    """Sign a Self certificate, or end an operation that was to be cancelled."""
    with core.turn(VAULT, core.instant(step.at)) as turn:
        work = rows.work(turn.connection, step.id, step.at)
        if work is None:
            return 0
        if work.cancellation_requested:
            _move(core, turn, work, Move.CANCEL)
        else:
            _sign_self(core, turn, work)
        return 1


def _sign_self(core: Core, turn: Turn, work: Row[Any]) -> None:
    policy = CertificatePolicy.model_validate_json(work.policy)
    assert policy.x509_props is not None
    leaf = self_sign(
        profile(policy),
        open_key(core, work),
        serial_number=serial_number(core.entropy, work.name),
        not_before=turn.now - BACKDATED,
        not_after=not_after(turn.now, policy.x509_props.validity_months or 1),
        deterministic=core.seeded,
    )
    _move(core, turn, work, Move.ISSUE, version=add_version(
        turn,
        core,
        certificate_id=work.certificate_id,
        name=work.name,
        policy=policy,
        leaf_der=leaf,
        certificates_der=[leaf],
        key_id=work.key_id,
        enabled=work.enabled,
        tags=work.tags,
        preserve_cert_order=work.preserve_cert_order,
    ))  # fmt: skip


def _move(core: Core, turn: Turn, work: Row[Any], move: Move, *, version: str | None = None) -> None:
    status = take(Status(work.status), move, Worker.ISSUER, name=work.name, issuer="")
    rows.set_operation(turn.connection, work.certificate_id, status=status.value, due_at=None)
    turn.record(
        "transition",
        f"certificates/{work.name}",
        version=version,
        request_id=work.request_id,
        move=move.value,
        detail={"from": work.status, "to": status.value},
    )
    if work.renewal:
        note_outcome(core, turn, work.certificate_id, status)
