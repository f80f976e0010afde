"""The form for permissions: say what somebody may do, then use the vault as they do, and be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import ServiceError, VaultError
from kvlab.render.error import error_html
from kvlab.render.markup import mono, pill, text
from kvlab.vault.access import NAMES, OWNER, PERMISSIONS, ROLES
from kvlab.widgets.argument import VAULT, check_argument
from kvlab.widgets.field import Field, Option
from kvlab.widgets.form import Form
from kvlab.widgets.form_page import Button

if TYPE_CHECKING:
    from kvlab.events import Event
    from kvlab.vault.vault import Vault

_SAMPLE = {"issuer": {"name": "Self"}, "key_props": {"kty": "EC"}, "x509_props": {"subject": "CN=trial"}}
_TRIALS: dict[str, dict[str, Any]] = {
    "get_certificate": {}, "get_certificates": {}, "get_certificate_policy": {},
    "create_certificate": {"policy": _SAMPLE}, "update_certificate": {}, "delete_certificate": {},
    "recover_deleted_certificate": {}, "purge_deleted_certificate": {}, "backup_certificate": {},
    "get_certificate_issuers": {}, "get_certificate_contacts": {}, "get_key": {}, "get_keys": {}, "delete_key": {},
    "get_secret": {}, "get_secrets": {}, "set_secret": {"value": "trial"}, "delete_secret": {},
}  # fmt: skip
"""Operation that can be tried -> its arguments beside the name."""

_NAMELESS = ("get_certificates", "get_certificate_issuers", "get_certificate_contacts", "get_keys", "get_secrets")
TABS = {"certificates": "Certificates", "keys": "Keys", "secrets": "Secrets", "roles": "Roles", "trial": "Act as"}


def access(vault: Vault) -> AccessForm:
    """
    Show the form that says what principals may do, and tries it.

    Args:
        vault: used as its owner; nobody else may set principals.

    Returns:
        The form. ``fields``: ``principal``, ``certificates``, ``keys``, ``secrets``, ``roles`` (lists of names), and
        for a trial ``operation`` and ``name``. ``form.bound`` is the vault used as that principal.

    Raises:
        TypeError: it is no vault.
    """
    check_argument("vault", vault, VAULT)
    return AccessForm(vault)


class AccessForm(Form):
    """Calls ``set_principal``; a trial asks as the principal, and changes nothing."""

    def __init__(self, vault: Vault) -> None:
        names = {area: [Option(name, name) for name in sorted(NAMES[area])] for area in NAMES}
        trials = [Option(operation, operation) for operation in _TRIALS]
        told = "What somebody may do with {}, in an access policy's words. A role adds to it."
        fields = [
            Field("principal", "Principal", "text", "Any text: whom the vault is used as. The owner may do everything.",
                  value="", member="principal"),
            *(Field(area, area.capitalize(), "checks", told.format(area), value=[], member=area, tab=area,
                    options=names[area]) for area in NAMES),
            Field("roles", "Roles", "checks", "Built-in roles of Azure RBAC.", value=[], member="roles", tab="roles",
                  options=[Option(role, role) for role in ROLES]),
            Field("operation", "Operation", "choice", "What to try as this principal; nothing is changed by it.",
                  value="get_certificate", options=trials, tab="trial"),
            Field("name", "Object's name", "text", "Of the certificate, key or secret.", value="web", tab="trial"),
        ]  # fmt: skip
        self._known: dict[str, list[str]] = {}
        super().__init__(vault, "Who may do what", "Set permissions", fields, TABS)
        self._known = self._grants()
        self.draw()

    @property
    def bound(self) -> Vault:
        """The vault, used as the principal of the form."""
        return self.vault.as_principal(self.inputs["principal"].value)

    def begin(self) -> list[ServiceError]:
        """Return what would be refused."""
        foreseen = self.vault.rehearse("set_principal", self.inputs["principal"].value, **self._grants())
        return [] if foreseen is None else [foreseen]

    def ask(self, vault: Vault) -> Vault:
        """Say what the principal may do."""
        vault.set_principal(self.inputs["principal"].value, **self._grants())
        return self.bound

    def end(self, answer: Vault) -> None:
        """Say how to use the vault as the principal."""
        self._known = self._grants()
        self.status = ("ok", f"{answer.principal} may do this now.")
        call = mono(f'vault.as_principal("{answer.principal}")')
        self.outcome = f"<div>The vault as they see it: {call}, and here as <code>form.bound</code>.</div>"

    def trial(self) -> ServiceError | None:
        """
        Try the chosen operation as the principal.

        Returns:
            The refusal, which is in the log as any other; None if it would be done. It is not done.
        """
        fields = self.inputs
        operation, name = fields["operation"].value, fields["name"].value
        arguments = [] if operation in _NAMELESS else [name]
        try:
            bound = self.bound
            refused = bound.rehearse(operation, *arguments, **_TRIALS[operation])
            if refused is not None:
                bound.note_refusal(operation, f"{PERMISSIONS[operation].area}/{name}", refused)
        except VaultError as error:
            refused = error
        who, what = text(fields["principal"].value or OWNER), mono(operation)
        if refused is None:
            self.outcome = f"<div>{pill('It would be done', 'ok')} {what} as <b>{who}</b>. Nothing was changed.</div>"
        else:
            self.outcome = f"<div>{what} as <b>{who}</b>:{error_html(refused)}</div>"
        self.status = ("bad", f"{refused.status} {refused.code}") if refused else ("ok", "permitted")
        self.draw()
        return refused

    def buttons(self) -> list[Button]:
        """Return the buttons; who is named can be tried."""
        first, *others = super().buttons()
        trying = Button("trial", "Try it as this principal", self.trial, "Asks the vault as them; nothing is changed.")
        return [first, *others] if self.state == "busy" else [first, trying, *others]

    def changed(self, field: Field) -> None:
        """Look again; a principal that is known comes with what it may do."""
        if self._held:
            return
        if field.name == "principal":
            self._load()
        if self.state == "done":
            self.state = "idle"
        for other in self.inputs.values():
            other.refusal = None
        for error in self.begin() if self.inputs["principal"].value else []:
            self.place(error)
        self.status = ("", "")
        self.draw()

    def heard(self, event: Event) -> None:
        """Show what somebody else has said of the principal."""
        if event.object == f"principals/{self.inputs['principal'].value}" and event.kind == "set_principal":
            if self._grants() == self._known:
                self._load()
            elif self.state != "busy":
                who = self.inputs["principal"].value
                self.status = ("now", f"Somebody else has changed {who}; what you chose is kept here.")
            self.draw()

    def _grants(self) -> dict[str, list[str]]:
        return {area: self.inputs[area].value for area in (*NAMES, "roles")}

    def _load(self) -> None:
        try:
            grants = self.vault.principals().get(self.inputs["principal"].value)
        except VaultError:
            return
        note = "known" if grants else "a new principal: it may do nothing yet"
        self.inputs["principal"].note = ("ok" if grants else "", note) if self.inputs["principal"].value else ("", "")
        if grants:
            with self.holding():
                for area in (*NAMES, "roles"):
                    self.inputs[area].value = grants[area]
        self._known = self._grants()
