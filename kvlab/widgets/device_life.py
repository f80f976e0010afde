"""What can be done with a device certificate now, and what AWS IoT would answer to the rest."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from kvlab.errors import IotError, ServiceError
from kvlab.iot.state import Status, Step, take
from kvlab.iot.view import certificate_not_found
from kvlab.render.call.iot.call import IotCall
from kvlab.widgets.argument import DEVICE, REGISTRY, check_argument
from kvlab.widgets.device import IotForm
from kvlab.widgets.moves import MovesForm, move_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kvlab.events import Event
    from kvlab.iot.iot import Iot
    from kvlab.vault.vault import Vault


class Move(NamedTuple):
    """
    Something that can be done with a device certificate.

    Attributes:
        step: in the registry's table of statuses.
        label: the button's words.
        help: one sentence.
        operation: of the registry.
        arguments: after the certificate's id.
    """

    step: Step
    label: str
    help: str
    operation: str = "update_certificate"
    arguments: Mapping[str, str] = MappingProxyType({})


MOVES = {
    "activate": Move(Step.ACTIVATE, "Activate", "Devices can connect with it.", arguments={"new_status": "ACTIVE"}),
    "deactivate": Move(Step.DEACTIVATE, "Deactivate", "Its connections fall off; it can be activated again.",
                       arguments={"new_status": "INACTIVE"}),
    "revoke": Move(Step.REVOKE, "Revoke", "Its connections fall off, for ever.", arguments={"new_status": "REVOKED"}),
    "delete": Move(Step.DELETE, "Delete", "Policies and things must be detached before.", "delete_certificate"),
}  # fmt: skip
"""Key of a button -> what it does. Whether it may be done now is the registry's to say."""

_KINDS = {Status.ACTIVE: "ok", Status.REVOKED: "bad"}


def device_life(iot: Iot, certificate_id: str) -> DeviceLifeForm:
    """
    Show what can be done with a device certificate.

    Args:
        iot: the registry of the account.
        certificate_id: 64 hexadecimal digits; it need not be there (any more).

    Returns:
        The buttons. ``form.do("revoke")`` presses one and waits; ``form.legal()`` says of each whether it may be
        pressed.

    Raises:
        TypeError: it is no registry, or the id no text.
    """
    check_argument("iot", iot, REGISTRY)
    check_argument("certificate_id", certificate_id, DEVICE)
    return DeviceLifeForm(iot, certificate_id)


class DeviceLifeForm(MovesForm, IotForm):
    """A button for each move: what the status does not allow says what AWS IoT would answer."""

    moves = MOVES
    made = "activate"

    def __init__(self, iot: Iot, certificate_id: str) -> None:
        self.certificate_id = certificate_id.lower()
        super().__init__(iot, f"Life of {self.certificate_id[:12]}…", "", move_fields(MOVES))
        self.look()

    def look(self) -> None:
        """Look again what the registry's table allows."""
        status = self.iot.glance(self.certificate_id)
        for key, move in MOVES.items():
            self.inputs[key].off = self._answer_now(move, status)
        if self.state != "busy":
            self.status = (_KINDS.get(status, ""), status.value) if status else ("", "There is no such certificate.")
        self.draw()

    def ask(self, vault: Vault) -> None:
        """Make the move."""
        move = MOVES[self.made]
        getattr(self.registry(vault), move.operation)(self.certificate_id, **move.arguments)

    def call(self) -> IotCall:
        """Return the call of the move that was made last."""
        move = MOVES[self.made]
        return IotCall.of(self.iot, move.operation, certificate_id=self.certificate_id, **move.arguments)

    def concerns(self, event: Event) -> bool:
        """Whether something happened to the certificate."""
        return event.object.endswith(f":cert/{self.certificate_id}")

    def _answer_now(self, move: Move, status: Status | None) -> ServiceError | str | None:
        if status is None:
            return certificate_not_found(self.certificate_id)
        try:
            after = take(status, move.step, self.certificate_id)
        except IotError as error:
            return error
        return f"It is {status} already." if after is status else None
