"""The form for the vault's contacts: who is told when a certificate renews or is about to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import ServiceError, VaultError
from kvlab.render.call.call import Call
from kvlab.widgets.argument import VAULT, check_argument
from kvlab.widgets.field import Field, Option
from kvlab.widgets.form import Form
from kvlab.widgets.form_page import Button
from kvlab.wire.issuer import Contacts

if TYPE_CHECKING:
    from kvlab.events import Event
    from kvlab.vault.vault import Vault


def contacts(vault: Vault) -> ContactsForm:
    """
    Show the form for the vault's contacts.

    Args:
        vault: whose.

    Returns:
        The form. ``fields``: ``contacts``, rows of ``email``, ``name`` and ``phone``.

    Raises:
        TypeError: it is no vault.
    """
    check_argument("vault", vault, VAULT)
    return ContactsForm(vault)


class ContactsForm(Form):
    """Calls ``set_certificate_contacts``, which replaces all of them, or ``delete_certificate_contacts``."""

    def __init__(self, vault: Vault) -> None:
        columns = [Option("email", "E-mail"), Option("name", "Name"), Option("phone", "Phone")]
        help_text = f"{Contacts.describe('contacts')} Only an e-mail address is needed."
        field = Field("contacts", "Contacts", "rows", help_text, value=[], member="contacts", options=columns)
        self._kept: list[dict[str, str]] = []
        super().__init__(vault, "Contacts", "Keep contacts", [field])
        self._load()

    def document(self) -> list[dict[str, str]]:
        """Return the contacts; a row in which nothing stands is none."""
        rows = [{key: part for key, part in row.items() if part} for row in self.inputs["contacts"].value]
        return [row for row in rows if row]

    def begin(self) -> list[ServiceError]:
        """Return what would be refused."""
        foreseen = self.vault.rehearse("set_certificate_contacts", self.document())
        return [] if foreseen is None else [foreseen]

    def ask(self, vault: Vault) -> Contacts:
        """Keep the contacts."""
        return vault.set_certificate_contacts(self.document())

    def end(self, answer: Contacts) -> None:
        """Say how many there are."""
        self._kept = self.document()
        number = len(answer.contacts or ())
        self.status = ("ok", f"Kept: {number} contact{'' if number == 1 else 's'}.")

    def delete(self) -> None:
        """Remove all contacts."""
        try:
            self.vault.delete_certificate_contacts()
        except VaultError as error:
            self.refuse([error])
        else:
            self._load()
            self.status = ("ok", "Removed: nobody is told any more.")
        self.draw()

    def buttons(self) -> list[Button]:
        """Return the buttons; contacts that are kept can be removed."""
        first, *others = super().buttons()
        if self.state == "busy" or self.vault.rehearse("delete_certificate_contacts") is not None:
            return [first, *others]
        return [first, Button("delete", "Remove all", self.delete, "Nobody is told any more."), *others]

    def call(self) -> Call:
        """Return the call."""
        return Call.of("set_certificate_contacts", vault=self.vault, contacts=self.document())

    def changed(self, field: Field) -> None:
        """Ask what the vault would say, once there is something to say."""
        if self._held:
            return
        self.state = "idle"
        foreseen = self.begin()
        field.refusal = foreseen[0] if foreseen and self.document() else None
        self.status = ("", "")
        self.draw()

    def heard(self, event: Event) -> None:
        """Show what somebody else has made of the contacts."""
        if event.object != "certificates/contacts" or event.kind == "refused" or self.state == "busy":
            return
        if self.document() == self._kept:
            self._load()
        else:
            self.status = ("now", "Somebody else has changed the contacts; what you typed is kept here.")
            self.draw()

    def _load(self) -> None:
        found: list[Any] = []
        if self.vault.rehearse("get_certificate_contacts") is None:
            found = self.vault.get_certificate_contacts().model_dump(mode="json").get("contacts", [])
        with self.holding():
            self.inputs["contacts"].value = found
        self._kept = self.document()
        self.draw()
