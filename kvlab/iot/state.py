"""The statuses of a device certificate, and every move between them on one screen; nothing else assigns a status."""

from __future__ import annotations

from enum import StrEnum

from kvlab.errors import CertificateStateException, InvalidRequestException, IotError, TransferAlreadyCompletedException


class Status(StrEnum):
    """What a device certificate in the registry can be."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    REVOKED = "REVOKED"
    PENDING_TRANSFER = "PENDING_TRANSFER"
    PENDING_ACTIVATION = "PENDING_ACTIVATION"


class Step(StrEnum):
    """What can be done with one."""

    ACTIVATE = "UpdateCertificate ACTIVE"
    DEACTIVATE = "UpdateCertificate INACTIVE"
    REVOKE = "UpdateCertificate REVOKED"
    TRANSFER = "TransferCertificate"
    ACCEPT = "AcceptCertificateTransfer"
    ACCEPT_ACTIVE = "AcceptCertificateTransfer setAsActive"
    REJECT = "RejectCertificateTransfer"
    CANCEL = "CancelCertificateTransfer"
    DELETE = "DeleteCertificate"


class Gone:
    """What is left of a deleted certificate."""


Outcome = Status | type[Gone] | type[IotError]

_A, _I, _R = Status.ACTIVE, Status.INACTIVE, Status.REVOKED
_T, _P = Status.PENDING_TRANSFER, Status.PENDING_ACTIVATION
_state, _done = CertificateStateException, TransferAlreadyCompletedException

# REVOKED is final; the two PENDING statuses are reached by a transfer and by a first connection only.
# Choices, for no text of AWS's says it: a certificate is not touched while its transfer is pending, nor is anything
# attached to it then; and one that is revoked is not transferred, for whoever accepts it could use it again.
# fmt: off
TRANSITIONS: dict[Step, dict[Status, Outcome]] = {
    #                    ACTIVE      INACTIVE    REVOKED     PENDING_TRANSFER  PENDING_ACTIVATION
    Step.ACTIVATE:      {_A: _A,     _I: _A,     _R: _state, _T: _state,       _P: _A},
    Step.DEACTIVATE:    {_A: _I,     _I: _I,     _R: _state, _T: _state,       _P: _I},
    Step.REVOKE:        {_A: _R,     _I: _R,     _R: _R,     _T: _state,       _P: _R},
    Step.TRANSFER:      {_A: _state, _I: _T,     _R: _state, _T: _state,       _P: _state},
    Step.ACCEPT:        {_A: _done,  _I: _done,  _R: _done,  _T: _I,           _P: _done},
    Step.ACCEPT_ACTIVE: {_A: _done,  _I: _done,  _R: _done,  _T: _A,           _P: _done},
    Step.REJECT:        {_A: _done,  _I: _done,  _R: _done,  _T: _I,           _P: _done},
    Step.CANCEL:        {_A: _done,  _I: _done,  _R: _done,  _T: _I,           _P: _done},
    Step.DELETE:        {_A: _state, _I: Gone,   _R: Gone,   _T: _state,       _P: Gone},
}
# fmt: on

UPDATES = {"ACTIVE": Step.ACTIVATE, "INACTIVE": Step.DEACTIVATE, "REVOKED": Step.REVOKE}
"""What a caller may ask UpdateCertificate for; the other statuses are not for callers."""

REGISTERED: dict[str, Status | type[IotError]] = {
    "ACTIVE": _A, "INACTIVE": _I, "REVOKED": _R, "PENDING_TRANSFER": _state, "PENDING_ACTIVATION": _state,
    "REGISTER_INACTIVE": InvalidRequestException,
}  # fmt: skip
"""What a certificate is after it was registered with a status."""

_SENTENCES = {
    (Step.DELETE, _A): "Certificate must be deactivated (not ACTIVE) before deletion. Id: {id}",
    **dict.fromkeys(
        ((Step.TRANSFER, status) for status in Status),
        "Certificate must be INACTIVE before it is transferred, it is {status}. Id: {id}",
    ),
}


def created(*, active: bool | None) -> Status:
    """Return the status of a certificate that AWS IoT made, or that a transfer brought."""
    return Status.ACTIVE if active else Status.INACTIVE


def registered(status: str | None) -> Status:
    """
    Return the status of a certificate that is registered with one, INACTIVE if none is given.

    Raises:
        CertificateStateException: it is one of the two that only the service sets.
        InvalidRequestException: it is deprecated.
    """
    outcome = REGISTERED[status or "INACTIVE"]
    if isinstance(outcome, Status):
        return outcome
    raise outcome(f"A certificate can not be registered with the status {status}.")


def update_step(new_status: str) -> Step:
    """
    Return what UpdateCertificate does for a new status.

    Raises:
        InvalidRequestException: callers do not set this status.
    """
    step = UPDATES.get(new_status)
    if step is None:
        raise InvalidRequestException(
            f"The status {new_status} is not for callers to set: newStatus is one of {', '.join(UPDATES)}.",
            new_status=new_status,
        )
    return step


def take(status: str, step: Step, certificate_id: str) -> Status | None:
    """
    Return the status after a step; None if the certificate is gone then.

    Raises:
        CertificateStateException: the status does not allow it.
        TransferAlreadyCompletedException: no transfer is pending.
    """
    outcome = TRANSITIONS[step][Status(status)]
    if isinstance(outcome, Status):
        return outcome
    if outcome is Gone:
        return None
    assert issubclass(outcome, IotError)
    if outcome is TransferAlreadyCompletedException:
        raise outcome(f"No transfer of the certificate is pending. Id: {certificate_id}", status=status)
    sentence = _SENTENCES.get((step, Status(status)), "Certificate is {status}; {step} is not allowed. Id: {id}")
    raise outcome(sentence.format(status=status, step=step.value, id=certificate_id), status=status)
