"""What falls due as time passes: a Self certificate, a granted cancellation, the end of a retention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.entropy import serial_number
from kvlab.store import certificate as rows
from kvlab.store import item as items
from kvlab.vault.key_material import open_key
from kvlab.vault.operation import Move, Status, Worker, take
from kvlab.vault.policy import profile
from kvlab.vault.version import add_version
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509.certificate import BACKDATED, not_after, self_sign

if TYPE_CHECKING:
    from sqlalchemy import Row

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn

ACTOR = "vault"


def do_step(core: Core, step: Row[Any]) -> int:
    """Do one due step in a turn of its own, if it is still to be done; returns how many were done, 0 or 1."""
    with core.turn(ACTOR, core.instant(step.at)) as turn:
        if step.kind == "certificate":
            return _purge_certificate(turn, step.id)
        if step.kind == "item":
            return _purge_item(turn, step.id)
        work = rows.work(turn.connection, step.id, step.at)
        if work is None:
            return 0
        if work.cancellation_requested:
            _grant_cancellation(turn, work)
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
    _move(turn, work, Move.ISSUE, version=add_version(
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


def _grant_cancellation(turn: Turn, work: Row[Any]) -> None:
    _move(turn, work, Move.CANCEL)


def _move(turn: Turn, work: Row[Any], move: Move, *, version: str | None = None) -> None:
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


def _purge_certificate(turn: Turn, certificate_id: int) -> int:
    name = rows.name_to_purge(turn.connection, certificate_id, turn.seconds)
    if name is None:
        return 0
    rows.drop_certificate(turn.connection, certificate_id)
    turn.record("purge", f"certificates/{name}", reason="retention over")
    return 1


def _purge_item(turn: Turn, item_id: int) -> int:
    found = items.item_to_purge(turn.connection, item_id, turn.seconds)
    if found is None:
        return 0
    items.drop_item(turn.connection, item_id)
    turn.record("purge", f"{found.area}s/{found.name}", reason="retention over")
    return 1
