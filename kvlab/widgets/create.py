"""The form that creates a certificate: self-signed, through a CA, or from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import InvalidName, MissingProperty, ServiceError, VaultError
from kvlab.render.call.call import Call
from kvlab.render.chapter import about
from kvlab.render.method import METHOD_PICTURES
from kvlab.render.policy import SIGNERS
from kvlab.widgets.argument import VAULT, check_argument
from kvlab.widgets.creation import CreationForm
from kvlab.widgets.field import Field, Option
from kvlab.widgets.form_page import Button, member_path
from kvlab.widgets.importing import NAME_HELP, Suitcase
from kvlab.widgets.policy_fields import TABS, certificate_fields
from kvlab.widgets.policy_sheet import KNOWN, PolicySheet
from kvlab.wire.certificate import CertificateBundle
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from kvlab.events import Event
    from kvlab.vault.vault import Vault
    from kvlab.wire.operation import CertificateOperation

METHODS = {
    "Self": ("Self-signed", "the vault signs"),
    "Unknown": ("Manual CSR", "you carry it to a CA"),
    KNOWN: ("Known issuer", "the vault asks the CA"),
    "import": ("Import", "you bring the key"),
}
_NOBODY = "This vault has no contacts, so nobody would be told: kvlab.contacts(vault) sets them."
_MINDED = ("certificates/issuers/", "certificates/contacts")
_OF_KNOWN = ("issuer", "cty", "cert_transparency")
_OF_IMPORT = ("exportable", "tags", "enabled", "keep_order")


def create(vault: Vault) -> CreateForm:
    """
    Show the form that creates a certificate.

    Args:
        vault: where to.

    Returns:
        The form. ``fields``: ``method`` (``Self``, ``Unknown``, ``known``, ``import``), ``name``; of the policy
        ``subject``, ``dns_names``, ``emails``, ``upns``, ``uris``, ``ip_addresses`` (lists, or text with commas
        between), ``kty``, ``crv``, ``key_size``, ``exportable``, ``content_type``, ``key_usage``, ``ekus``,
        ``validity_months``, ``action``, ``trigger``, ``when``, ``reuse_key``; with method ``known`` also ``issuer``,
        ``cty`` and ``cert_transparency``; with ``import`` ``file``, ``pem`` and ``password``; and ``tags``,
        ``enabled``, ``keep_order``. None leaves a member out, so that it gets the vault's default.

    Raises:
        TypeError: it is no vault.
    """
    check_argument("vault", vault, VAULT)
    return CreateForm(vault)


class CreateForm(CreationForm):
    """Makes a policy from its fields and calls ``create_certificate``, or ``import_certificate``."""

    def __init__(self, vault: Vault) -> None:
        self._suitcase = Suitcase()
        self._wanted = ""
        cards = [Option(key, label, note, METHOD_PICTURES[key]) for key, (label, note) in METHODS.items()]
        fields = [
            Field("method", "Method", "cards", value="Self", options=cards),
            Field("name", "Certificate name", "text", NAME_HELP, value=""),
            *self._suitcase.fields,
            *certificate_fields(),
        ]
        super().__init__(vault, "New certificate", "Create certificate", fields, TABS)
        self.sheet = PolicySheet(self.inputs)
        self.check()

    @property
    def method(self) -> str:
        """The chosen way."""
        return str(self.inputs["method"].value)

    @property
    def working(self) -> str:  # type: ignore[override]
        """What takes so long."""
        return "opening the file" if self.method == "import" else f"making the {self._key_words()} key and the request"

    @property
    def judges(self) -> bool:  # type: ignore[override]
        """Whether refusals come and go as somebody types; a file is only opened when it is imported."""
        return self.method != "import"

    def is_shown(self, field: Field) -> bool:
        """Tell whether a field belongs to the method and to the type of key."""
        if field.name in ("method", "name"):
            return True
        if field in self._suitcase.fields or self.method == "import":
            return self.method == "import" and (field in self._suitcase.fields or field.name in _OF_IMPORT)
        elliptic = str(self.inputs["kty"].shown).startswith("EC")
        shown: dict[str, bool] = {
            **dict.fromkeys(_OF_KNOWN, self.method == KNOWN),
            "signer": self.method != KNOWN,
            "crv": elliptic,
            "key_size": not elliptic,
            **dict.fromkeys(("trigger", "when"), self.inputs["action"].shown != ""),
            "course": self.inputs["course"].default is not None,
        }
        return shown.get(field.name, True)

    def document(self) -> dict[str, Any]:
        """Return the policy that the fields describe, as JSON."""
        return self.sheet.document()

    def policy(self) -> CertificatePolicy:
        """
        Return the policy that the fields describe.

        Raises:
            InvalidProperty: a value is of a wrong type.
        """
        return CertificatePolicy.read(self.document(), "policy")

    def problems(self) -> list[ServiceError]:
        """Return what the vault would refuse, one refusal for each field; the defaults come into the fields."""
        if self.method == "import":
            return []
        document, found = self.document(), []
        if self.method == KNOWN and not self.inputs["issuer"].value:
            found = [MissingProperty("policy.issuer.name", hint="There is no issuer object in this vault yet.")]
        proposal = self.vault.propose_certificate(self.inputs["name"].value, document, tags=self._tags())
        self.sheet.show(proposal)
        nobody = any(version.tells for version in proposal.course) and self._has_no_contacts()
        self.inputs["course"].note = ("warn", _NOBODY) if nobody else ("", "")
        return [*found, *proposal.refusals]

    def check(self) -> list[ServiceError]:
        """Look at the fields again, and show beside each what the vault would say; returns what it would refuse."""
        for field in self.inputs.values():
            field.refusal = None
        self.inputs["signer"].default = f"{self.method}: {SIGNERS.get(self.method.casefold(), '')}"
        self._list_issuers()
        touched = [error for error in self.problems() if not self._still_empty(error)]
        homeless = [error for error in touched if not self.place(error)]
        self.followed()
        if self.state not in ("busy", "done"):
            self.status = ("bad", homeless[0].message) if homeless else self._ready(touched)
        self._show_policy()
        self.draw()
        return touched

    def begin(self) -> list[ServiceError]:
        """Return what would be refused."""
        self._wanted = self.inputs["name"].value
        return self.problems()

    def ask(self, vault: Vault) -> CertificateOperation | CertificateBundle:
        """Create or import the certificate."""
        if self.method == "import":
            source, password = self._suitcase.open()
            return vault.import_certificate(self._wanted, source, pwd=password, **self._import_arguments())
        return vault.create_certificate(self._wanted, self.document(), **self._arguments())

    def end(self, answer: CertificateOperation | CertificateBundle) -> None:  # noqa: ARG002  the events tell more
        """Show how far it is."""
        self._suitcase.empty()
        self.created = self._wanted
        self.refresh()

    def call(self) -> Call | None:
        """Return the call that the button makes."""
        name = self.inputs["name"].value
        if self.method == "import":
            return Call.of("import_certificate", name, vault=self.vault, value=b"", **self._import_arguments())
        return Call.of("create_certificate", name, vault=self.vault, policy=self.document(), **self._arguments())

    def changed(self, field: Field) -> None:
        """Look again; what depends on another field goes with it."""
        if self._held:
            return
        if field.kind in ("secret", "secretarea", "file"):
            with self.holding():
                value, field.value = field.value, None
            self._suitcase.take(field, value or "")
            self.draw()
            return
        self.sheet.typed()
        if self.state == "done":
            self.state = "idle"
        if field.name == "kty":
            self._reset("crv", "key_size")
        if field.name == "method":
            self._reset(*_OF_KNOWN[1:])
            self.more_buttons, self.outcome = [], ""
        self.check()

    def opened(self) -> None:
        """Mark the lines of the policy that the tab is about."""
        self._show_policy()

    def paste(self, text: str) -> None:
        """Take a policy's JSON; the fields follow."""
        with self.holding():
            self.sheet.paste(text)
        self.check()

    def take_secret(self, field: Field, text: str) -> None:
        """Take a password or a private key."""
        self._suitcase.take(field, text)

    def take_file(self, field: Field, filename: str, octets: bytes) -> None:
        """Take a file."""
        self._suitcase.take(field, octets, filename)

    def reset(self) -> None:
        """Begin anew."""
        fresh = {field.name: field.value for field in certificate_fields()}
        with self.holding():
            for name, field in self.inputs.items():
                field.value = {"method": "Self", "name": "", **fresh}.get(name)
        self._suitcase.empty()
        self.sheet.reset()
        self.more_buttons, self.outcome, self.state = [], "", "idle"
        self.check()

    def buttons(self) -> list[Button]:
        """Return the buttons; a form that is at rest can be emptied."""
        first, *found = super().buttons()
        if self.method == "import":
            first = first._replace(label="Import certificate")
        if self.state == "busy":
            return [first, *found]
        return [first, *found, Button("reset", "Reset", self.reset, "Empty all fields.")]

    def heard(self, event: Event) -> None:
        """Follow what happens to the certificate and to the issuers, whoever makes it happen."""
        if event.kind == "refused":
            return
        thing = event.object.casefold()
        if self.created and self.state != "busy" and thing == about(self.created) and event.kind != "poll":
            self.refresh()
        elif self.state != "busy" and thing.startswith((*_MINDED, about(self.inputs["name"].value))):
            self.check()

    def field_of(self, error: ServiceError) -> str:
        """Return the field that makes the member an error names."""
        if isinstance(error, InvalidName):
            return "name"
        path = member_path(str(error.facts.get("field", "")))
        if path.startswith("lifetime_actions"):
            return "action" if ".action" in path else "when"
        return super().field_of(error)

    def _arguments(self) -> dict[str, Any]:
        """Return the arguments beside the policy, those that say something."""
        enabled, keep_order = self.inputs["enabled"].value, self.inputs["keep_order"].value
        return {
            **({} if enabled else {"attributes": {"enabled": False}}),
            **({"tags": self._tags()} if self._tags() else {}),
            **({"preserve_cert_order": True} if keep_order else {}),
        }

    def _import_arguments(self) -> dict[str, Any]:
        exportable = self.inputs["exportable"].value
        policy = {} if exportable is None else {"policy": {"key_props": {"exportable": exportable}}}
        return {**policy, **self._arguments()}

    def _tags(self) -> dict[str, str] | None:
        rows = self.inputs["tags"].value
        return {row.get("name", ""): row.get("value", "") for row in rows if row.get("name")} or None

    def _key_words(self) -> str:
        strength = "crv" if "crv" in self.fields else "key_size"
        return f"{self.inputs['kty'].shown} {self.inputs[strength].shown or ''}".strip()

    def _still_empty(self, error: ServiceError) -> bool:
        if self.state == "failed":
            return False
        field = self.inputs.get(self.field_of(error))
        return field is not None and field.value in ("", [], None) and field.name in ("name", "subject", "issuer")

    def _ready(self, touched: list[ServiceError]) -> tuple[str, str]:
        if touched or self.method == "import" or not self.inputs["name"].value or not self.inputs["subject"].value:
            return ("", "")
        return ("ok", "Ready.")

    def followed(self) -> None:
        """Say of the name whether it is free, or what there is of it."""
        field = self.inputs["name"]
        field.note = ("", "")
        if field.refusal or not field.value or self.vault.rehearse("get_certificate_versions", field.value):
            return
        versions = len(self.vault.get_certificate_versions(field.value))
        if versions:
            field.note = ("ok", f"a new version: {field.value} has {versions}")
        elif self._is_taken(field.value):
            field.note = ("now", "taken: its first version is not there yet")
        else:
            field.note = ("ok", "free")

    def _has_no_contacts(self) -> bool:
        answer = self.vault.rehearse("get_certificate_contacts")
        return answer is not None and answer.status == 404

    def _is_taken(self, name: str) -> bool:
        """Tell whether there is something of this name that has no version yet; who may not look is told by create."""
        try:
            return self.vault.glance(name).operation is not None
        except VaultError:
            return False

    def _list_issuers(self) -> None:
        field = self.inputs["issuer"]
        if self.method != KNOWN or self.vault.rehearse("get_certificate_issuers") is not None:
            return
        names = [item.id.rsplit("/", 1)[1] for item in self.vault.get_certificate_issuers()]
        if field.value and field.value not in names:
            names.append(field.value)
        field.options = tuple(Option(name, name) for name in names)
        if not field.value and names:
            with self.holding():
                field.value = names[0]

    def _show_policy(self) -> None:
        """Put the policy beside the form: lines that are refused, and those of the open tab, are marked."""
        here = [field.member for field in self.fields.values() if field.tab == self.tab and field.member]
        self.side = None if self.method == "import" else self.sheet.side(here)

    def _reset(self, *names: str) -> None:
        with self.holding():
            for name in names:
                self.inputs[name].value = None
