"""What can be done with a certificate now, and what the vault would answer to the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.errors import ServiceError, VaultError
from kvlab.render.call.call import Call
from kvlab.render.operation import KINDS
from kvlab.widgets.argument import NAME, VAULT, check_argument
from kvlab.widgets.field import Field
from kvlab.widgets.moves import MovesForm, move_fields

if TYPE_CHECKING:
    from kvlab.events import Event
    from kvlab.vault.vault import Vault


class Move(NamedTuple):
    """
    Something that can be done with a certificate.

    Attributes:
        operation: of the vault.
        label: the button's words.
        help: one sentence.
        arguments: beside the name.
    """

    operation: str
    label: str
    help: str
    arguments: dict[str, Any]


_ENABLED, _DISABLED = {"attributes": {"enabled": True}}, {"attributes": {"enabled": False}}
MOVES = {
    "enable": Move("update_certificate", "Enable", "Key and secret can be used.", _ENABLED),
    "disable": Move("update_certificate", "Disable", "Key and secret can not be used until it is enabled.", _DISABLED),
    "new_version": Move("create_certificate", "New version", "Made by the stored policy; the name stays.", {}),
    "cancel": Move("update_certificate_operation", "Ask to cancel", "A request only: an issuer may be quicker.", {}),
    "delete_operation": Move(
        "delete_certificate_operation", "Delete operation", "Forgets the pending object; versions stay.", {}
    ),
    "delete": Move("delete_certificate", "Delete", "With key, secret and all versions; it can be recovered.", {}),
    "recover": Move("recover_deleted_certificate", "Recover", "Brings it back with all versions.", {}),
    "purge": Move(
        "purge_deleted_certificate", "Purge", "Destroys it at once and for ever; the name is free again.", {}
    ),
    "backup": Move("backup_certificate", "Back up", "A blob with everything, sealed under the master key.", {}),
    "restore": Move("restore_certificate", "Restore", "From the backup that is at hand.", {}),
}
"""Key of a button -> what it does. Whether it may be done now is the vault's to say."""

_NO_BACKUP = "There is no backup at hand: make one, or choose a file."


def lifecycle(vault: Vault, name: str) -> LifecycleForm:
    """
    Show what can be done with a certificate.

    Args:
        vault: where it is.
        name: of the certificate; it need not be there (any more).

    Returns:
        The buttons. ``form.do("disable")`` presses one and waits; ``form.legal()`` says of each whether it may be
        pressed; ``form.backup`` is the blob of the last backup.

    Raises:
        TypeError: it is no vault, or the name no text.
    """
    check_argument("vault", vault, VAULT)
    check_argument("name", name, NAME)
    return LifecycleForm(vault, name)


class LifecycleForm(MovesForm):
    """A button for each move: what is not legal now says what the vault would answer."""

    moves = MOVES
    made = "backup"

    def __init__(self, vault: Vault, name: str) -> None:
        self.name = name
        self.backup: bytes | None = None
        blob = Field(
            "file", "A backup", "file", "The blob of a backup, for Restore.", accept=".certificate-backup,.blob"
        )
        super().__init__(vault, f"Life of {name}", "", [*move_fields(MOVES), blob])
        self.look()

    def look(self) -> None:
        """Ask the vault again what can be done."""
        enabled = self._enabled()
        for key in MOVES:
            self.inputs[key].off = self._answer_now(key, enabled)
        self._say_state(enabled)
        self.draw()

    def ask(self, vault: Vault) -> Any:
        """Make the move."""
        first = self.backup if self.made == "restore" else self.name
        move = MOVES[self.made]
        return getattr(vault, move.operation)(first, **move.arguments)

    def end(self, answer: Any) -> None:
        """Say what was done."""
        if self.made == "backup":
            self._keep("the backup made now", answer.value)
        super().end(answer)

    def take_file(self, field: Field, filename: str, octets: bytes) -> None:
        """Take a backup as a file."""
        del field
        self._keep(filename, octets)
        self.look()

    def call(self) -> Call:
        """Return the call of the move that was made last."""
        if self.made == "restore":
            return Call.of("restore_certificate", vault=self.vault, value=self.backup or b"")
        move = MOVES[self.made]
        return Call.of(move.operation, self.name, vault=self.vault, **move.arguments)

    def concerns(self, event: Event) -> bool:
        """Whether something happened to the certificate."""
        mine = event.object.casefold() == f"certificates/{self.name}".casefold()
        return mine and event.kind not in ("poll", "refused")

    def _answer_now(self, key: str, enabled: bool | None) -> ServiceError | str | None:
        move = MOVES[key]
        if key == "restore":
            return _NO_BACKUP if self.backup is None else self.vault.rehearse(move.operation, self.backup)
        answer = self.vault.rehearse(move.operation, self.name, **move.arguments)
        if answer is None and (key, enabled) in (("enable", True), ("disable", False)):
            return f"It is {'enabled' if enabled else 'disabled'} already."
        return answer

    def _enabled(self) -> bool | None:
        if self.vault.rehearse("get_certificate", self.name) is not None:
            return None
        return self.vault.get_certificate(self.name).attributes.enabled

    def _say_state(self, enabled: bool | None) -> None:
        if self.state == "busy":
            return
        try:
            seen = self.vault.glance(self.name)
        except VaultError as error:
            self.status = ("bad", error.message)
            return
        if seen.deleted:
            self.status = ("bad", f"{self.name}: deleted; it can be recovered or purged")
        elif seen.bundle is None and seen.operation is None:
            self.status = ("", f"{self.name}: there is no such certificate")
        else:
            versions = seen.bundle is not None
            usable = {True: ", enabled", False: ", disabled", None: ""}[enabled if versions else None]
            self.status = (KINDS.get(seen.status, ""), f"{self.name}: {seen.status}{usable}")

    def _keep(self, called: str, octets: bytes) -> None:
        self.backup = octets
        self.inputs["file"].note = ("ok", f"{called}: {len(octets):,} octets at hand (form.backup)")
