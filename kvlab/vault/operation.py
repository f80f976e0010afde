"""
The state machine of a pending operation, as one table; nothing else in kvlab assigns a status.

Source: https://learn.microsoft.com/azure/key-vault/certificates/create-certificate-scenarios (create, poll, cancel,
delete, merge, with the answers of the illegal moves).
"""

from __future__ import annotations

from enum import StrEnum

from kvlab.errors import (
    MergeForbidden,
    OperationInProgress,
    OperationNotInProgress,
    PendingCertificateNotFound,
    VaultError,
)


class Status(StrEnum):
    """The status of an operation; ``none`` where there is no pending object."""

    NONE = "none"
    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Move(StrEnum):
    """What a caller, an issuer or the vault tries."""

    CREATE = "create"
    IMPORT = "import"
    POLL = "poll"
    ASK_CANCEL = "ask to cancel"
    MERGE = "merge"
    DELETE = "delete"
    ISSUE = "issue"
    FAIL = "fail"
    CANCEL = "cancel"


class Worker(StrEnum):
    """Who has to sign: the caller's own CA (issuer ``Unknown``), or an issuer (``Self`` or a named one)."""

    CALLER = "caller"
    ISSUER = "issuer"


class IllegalMove(AssertionError):
    """The vault itself tried a move its own table forbids: a bug, not a refusal."""


_NO, _RUN, _OK, _CAN, _BAD = Status
Outcome = Status | type[VaultError]

# fmt: off
TRANSITIONS: dict[tuple[Status, Move, Worker | None], Outcome] = {
    (_NO,  Move.CREATE,     None): _RUN,
    (_NO,  Move.IMPORT,     None): _NO,
    (_NO,  Move.POLL,       None): PendingCertificateNotFound,
    (_NO,  Move.ASK_CANCEL, None): PendingCertificateNotFound,
    (_NO,  Move.MERGE,      None): PendingCertificateNotFound,
    (_NO,  Move.DELETE,     None): PendingCertificateNotFound,

    (_RUN, Move.CREATE,     None): OperationInProgress,
    (_RUN, Move.IMPORT,     None): OperationInProgress,
    (_RUN, Move.POLL,       None): _RUN,
    (_RUN, Move.ASK_CANCEL, None): _RUN,                 # only a request: an issuer may still be quicker
    (_RUN, Move.MERGE,      Worker.CALLER): _OK,
    (_RUN, Move.MERGE,      Worker.ISSUER): MergeForbidden,
    (_RUN, Move.ISSUE,      Worker.ISSUER): _OK,
    (_RUN, Move.FAIL,       Worker.ISSUER): _BAD,
    (_RUN, Move.CANCEL,     Worker.ISSUER): _CAN,        # nobody works on Unknown, so nobody grants it
    (_RUN, Move.DELETE,     None): _NO,

    (_OK,  Move.CREATE,     None): _RUN,
    (_OK,  Move.IMPORT,     None): _NO,
    (_OK,  Move.POLL,       None): _OK,
    (_OK,  Move.ASK_CANCEL, None): OperationNotInProgress,
    (_OK,  Move.MERGE,      None): PendingCertificateNotFound,
    (_OK,  Move.DELETE,     None): _NO,

    (_CAN, Move.CREATE,     None): _RUN,
    (_CAN, Move.IMPORT,     None): _NO,
    (_CAN, Move.POLL,       None): _CAN,
    (_CAN, Move.ASK_CANCEL, None): OperationNotInProgress,
    (_CAN, Move.MERGE,      None): _OK,
    (_CAN, Move.DELETE,     None): _NO,

    (_BAD, Move.CREATE,     None): _RUN,
    (_BAD, Move.IMPORT,     None): _NO,
    (_BAD, Move.POLL,       None): _BAD,
    (_BAD, Move.ASK_CANCEL, None): OperationNotInProgress,
    (_BAD, Move.MERGE,      None): _OK,
    (_BAD, Move.DELETE,     None): _NO,
}
# fmt: on


CALLS: dict[Move, str] = {
    Move.CREATE: "create_certificate",
    Move.IMPORT: "import_certificate",
    Move.POLL: "get_certificate_operation",
    Move.ASK_CANCEL: "update_certificate_operation",
    Move.MERGE: "merge_certificate",
    Move.DELETE: "delete_certificate_operation",
}
"""By which method of the vault a caller makes a move; the others are made by an issuer, or by the vault for it."""


def outcome(status: Status, move: Move, worker: Worker) -> Outcome | None:
    """Return what a move leads to: a status, the refusal it gets, or None where only the vault moves and may not."""
    found = TRANSITIONS.get((status, move, None))
    return found if found is not None else TRANSITIONS.get((status, move, worker))


def take(status: Status, move: Move, worker: Worker, *, name: str, issuer: str) -> Status:
    """
    Make a move.

    Args:
        status: where the operation is.
        move: what is tried.
        worker: who has to sign.
        name: the certificate, for the refusal's sentence.
        issuer: the issuer's name, for the refusal's sentence.

    Returns:
        The status after the move.

    Raises:
        VaultError: the refusal that the table names.
        IllegalMove: the vault's own step does not fit (a bug).
    """
    result = answer(status, move, worker, name=name, issuer=issuer)
    if isinstance(result, Status):
        return result
    if result is None:
        raise IllegalMove(f"{move} while {status} ({worker})")
    raise result


def answer(status: Status, move: Move, worker: Worker, *, name: str, issuer: str) -> Status | VaultError | None:
    """Return what ``take`` would: the status after the move, or the refusal; None where only the vault moves."""
    result = outcome(status, move, worker)
    return result if result is None or isinstance(result, Status) else _refusal(result, status, move, name, issuer)


def _refusal(kind: type[VaultError], status: Status, move: Move, name: str, issuer: str) -> VaultError:
    if kind is MergeForbidden:
        return MergeForbidden(issuer)
    if kind is OperationNotInProgress:
        return OperationNotInProgress(name, status)
    if kind is PendingCertificateNotFound:
        return PendingCertificateNotFound(name, merging=move is Move.MERGE)
    return OperationInProgress(name)
