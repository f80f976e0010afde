"""The form that sets up certificate authorities for the vault to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import InvalidName, ServiceError, VaultError
from kvlab.render.call.call import Call
from kvlab.render.error import error_html
from kvlab.render.issuer import issuer_html
from kvlab.vault.account import PROVIDERS
from kvlab.widgets.argument import VAULT, check_argument
from kvlab.widgets.field import Field, Option
from kvlab.widgets.form import Form
from kvlab.widgets.form_page import Button
from kvlab.wire.issuer import IssuerBundle
from kvlab.wire.policy import PolicyAttributes

if TYPE_CHECKING:
    from kvlab.events import Event
    from kvlab.vault.vault import Vault

_TEXTS = {"account_id": "credentials.account_id", "organization": "org_details.id", "zip": "org_details.zip"}
_NEW = "(a new one)"


def issuer(vault: Vault) -> IssuerForm:
    """
    Show the form that sets up, changes and removes issuer objects.

    Args:
        vault: where.

    Returns:
        The form. ``fields``: ``existing`` (an issuer's name, or empty for a new one), ``name``, ``provider``,
        ``account_id``, ``password``, ``organization``, ``zip``, ``administrators`` (rows), ``enabled``.

    Raises:
        TypeError: it is no vault.
    """
    check_argument("vault", vault, VAULT)
    return IssuerForm(vault)


class IssuerForm(Form):
    """Calls ``set_certificate_issuer``, or ``update_certificate_issuer`` for one that is there."""

    def __init__(self, vault: Vault) -> None:
        self._password: str | None = None
        super().__init__(vault, "Certificate authorities", "Set up issuer", _fields())
        self.check()

    @property
    def existing(self) -> str:
        """The issuer that is changed; empty for a new one."""
        return str(self.inputs["existing"].value)

    @property
    def name(self) -> str:
        """The issuer's name."""
        return self.existing or str(self.inputs["name"].value)

    def is_shown(self, field: Field) -> bool:
        """Tell whether a field is there: an issuer keeps its name."""
        return field.name != "name" or not self.existing

    def document(self) -> dict[str, Any]:
        """Return the issuer object that the fields describe, without its password."""
        fields = self.inputs
        admins = [{key: part for key, part in row.items() if part} for row in fields["administrators"].value]
        # A change keeps what it leaves out: what was emptied here has to be said to be empty, as the service does.
        nothing: dict[str, Any] = {"id": "", "zip": 0, "admin_details": []} if self.existing else {}
        organization = nothing | _given(
            {
                "id": fields["organization"].value or None,
                "zip": fields["zip"].value,
                "admin_details": [row for row in admins if row] or None,
            }
        )
        account = fields["account_id"].value
        return {
            "provider": fields["provider"].value,
            **({"credentials": {"account_id": account}} if account else {}),
            **({"org_details": organization} if organization else {}),
            "attributes": {"enabled": fields["enabled"].value},
        }

    def check(self) -> None:
        """Ask what the vault would say of the issuer as it is, and show it beside the field."""
        self._list_existing()
        for field in self.inputs.values():
            field.refusal = None
        foreseen = self._foreseen() if self.name else None
        homeless = foreseen if foreseen is not None and not self.place(foreseen) else None
        if self.state not in ("busy", "done"):
            self.status = ("bad", homeless.message) if homeless else ("", "")
        self.draw()

    def begin(self) -> list[ServiceError]:
        """Return what would be refused."""
        foreseen = self._foreseen()
        return [] if foreseen is None else [foreseen]

    def ask(self, vault: Vault) -> IssuerBundle:
        """Keep the issuer object; the password is used for this try and forgotten."""
        arguments = self._arguments()
        self._password = None
        made: IssuerBundle = getattr(vault, self._operation)(self.name, **arguments)
        return made

    def end(self, answer: IssuerBundle) -> None:
        """Show the issuer object."""
        name = self.name
        self.inputs["password"].note = ("", "")
        self.status = ("ok", f"{name}: kept. A policy can name it now.")
        self.outcome = f"<div>{issuer_html(answer)}</div>"
        self._list_existing()
        with self.holding():
            self.inputs["existing"].value = name
        self.draw()

    def delete(self) -> None:
        """Remove the issuer that is chosen."""
        name = self.existing
        try:
            self.vault.delete_certificate_issuer(name)
        except VaultError as error:
            self.refuse([error])
            return
        self.inputs["existing"].value = ""
        self.status, self.outcome = ("ok", f"{name}: removed. Policies that name it make no more certificates."), ""
        self.draw()

    def buttons(self) -> list[Button]:
        """Return the buttons; one that is there can be removed."""
        first, *others = super().buttons()
        if not self.existing or self.state == "busy":
            return [first, *others]
        removing = Button("delete", "Remove issuer", self.delete, "Also one in use: its orders under way fail.")
        return [first._replace(label="Change issuer"), removing, *others]

    def call(self) -> Call:
        """Return the call; what is secret is not in it."""
        document = self.document()
        if self._password is not None or not self.existing:
            document["credentials"] = {**document.get("credentials", {}), "pwd": "given"}
        return Call.of(self._operation, self.name, vault=self.vault, **document)

    def changed(self, field: Field) -> None:
        """Look again; another issuer comes with all it has."""
        if self._held:
            return
        if field.kind == "secret":
            with self.holding():
                text, field.value = field.value, None
            self.take_secret(field, text or "")
            return
        if self.state == "done":
            self.state = "idle"
        if field.name == "existing":
            self._load()
        self.check()

    def take_secret(self, field: Field, text: str) -> None:
        """Take the password."""
        if text:
            self._password = text
            field.note = ("ok", "at hand, for one try")
        self.check()

    def heard(self, event: Event) -> None:
        """Follow what happens to issuers, whoever makes it happen."""
        if event.object.startswith("certificates/issuers") and event.kind != "refused" and self.state != "busy":
            self.check()

    def field_of(self, error: ServiceError) -> str:
        """Return the field an error is about."""
        return "name" if isinstance(error, InvalidName) else super().field_of(error)

    @property
    def _operation(self) -> str:
        return "update_certificate_issuer" if self.existing else "set_certificate_issuer"

    def _arguments(self) -> dict[str, Any]:
        document = self.document()
        if self._password is not None:
            document["credentials"] = {**document.get("credentials", {}), "pwd": self._password}
        return document

    def _foreseen(self) -> ServiceError | None:
        return self.vault.rehearse(self._operation, self.name, **self._arguments())

    def _list_existing(self) -> None:
        field = self.inputs["existing"]
        names = []
        if self.vault.rehearse("get_certificate_issuers") is None:
            names = [item.id.rsplit("/", 1)[1] for item in self.vault.get_certificate_issuers()]
        field.options = (Option("", _NEW), *(Option(name, name) for name in names))
        if field.value and field.value not in names:
            with self.holding():
                field.value = ""

    def _load(self) -> None:
        """Fill the fields with the issuer that is chosen."""
        self._password, self.outcome = None, ""
        try:
            found = self.vault.get_certificate_issuer(self.existing) if self.existing else IssuerBundle()
        except VaultError as error:
            # Removed a moment ago, or not for this principal to see: nothing that is there may be emptied for it.
            found, self.outcome = IssuerBundle(), f"<div>{error_html(error)}</div>"
            with self.holding():
                self.inputs["existing"].value = ""
        whole = found.model_dump(mode="json")
        organization, credentials = whole.get("org_details", {}), whole.get("credentials", {})
        with self.holding():
            self.inputs["name"].value = ""
            self.inputs["provider"].value = found.provider or PROVIDERS[0]
            self.inputs["account_id"].value = credentials.get("account_id", "")
            self.inputs["organization"].value = organization.get("id", "")
            self.inputs["zip"].value = organization.get("zip") or None
            self.inputs["administrators"].value = organization.get("admin_details", [])
            self.inputs["enabled"].value = whole.get("attributes", {}).get("enabled", True)
        self.inputs["password"].note = (
            ("", "the one that is kept stays, unless you give another") if self.existing else ("", "")
        )


def _fields() -> list[Field]:
    columns = [
        Option("first_name", "First name"), Option("last_name", "Last name"), Option("email", "E-mail"),
        Option("phone", "Phone"),
    ]  # fmt: skip
    told = IssuerBundle.describe
    secret = f"{told('credentials.pwd')} It leaves this field at once."
    return [
        Field("existing", "Issuer object", "choice", "One that is there, to change it; or a new one.", value="",
              options=[Option("", _NEW)]),
        Field("name", "Name", "text", "What policies call it: 1 to 127 letters, digits and hyphens.", value="",
              member="issuer-name"),
        Field("provider", "Provider", "segments", told("provider"), value=PROVIDERS[0], member="provider",
              options=[Option(name, name) for name in PROVIDERS]),
        Field("account_id", "Account", "text", told("credentials.account_id"), value="", member=_TEXTS["account_id"]),
        Field("password", "Password or API key", "secret", secret, member="credentials.pwd"),
        Field("organization", "Organization id", "text", told("org_details.id"), value="",
              member=_TEXTS["organization"]),
        Field("zip", "Postal code", "number", told("org_details.zip"), member=_TEXTS["zip"]),
        Field("administrators", "Administrators", "rows", told("org_details.admin_details"), value=[],
              member="org_details.admin_details", options=columns),
        Field("enabled", "Enabled", "check", PolicyAttributes.describe("enabled"), value=True),
    ]  # fmt: skip


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
