"""The form that creates a certificate: self-signed, through a CA of your own, or from a file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ipywidgets import HTML, Button, Checkbox, Dropdown, IntText, Text, ToggleButtons

from kvlab.errors import InvalidName, MissingProperty, VaultError
from kvlab.render.certificate import bundle_html
from kvlab.render.markup import json_code, mono, pill, text
from kvlab.render.operation import KINDS
from kvlab.render.story import read_story
from kvlab.vault import policy as policies
from kvlab.vault.view import new_name_key
from kvlab.widgets.form import Form, Row, in_thread, wide
from kvlab.widgets.importing import ImportForm
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipywidgets import Widget

    from kvlab.events import Event
    from kvlab.vault.vault import Vault
    from kvlab.wire.operation import CertificateOperation

METHODS = {
    "Self-signed\nthe vault signs": "Self",
    "Known issuer\nthe vault asks a CA": "known",
    "Manual CSR\nyou carry it to a CA": "Unknown",
    "Import\nyou bring the key": "import",
}
KEYS = {"EC P-256": ("EC", "P-256"), "EC P-384": ("EC", "P-384"), "EC P-521": ("EC", "P-521"),
        "RSA 2048": ("RSA", 2048), "RSA 3072": ("RSA", 3072), "RSA 4096": ("RSA", 4096)}  # fmt: skip
PRODUCTS = {"OV-SSL: organization validated": "OV-SSL", "EV-SSL: extended validation": "EV-SSL"}
CONTENT_TYPES = {"PFX (PKCS#12)": policies.PKCS12, "PEM": policies.PEM}

# Which field of the form makes which member of the request.
_MEMBERS = {
    "policy.x509_props.subject": "subject",
    "policy.x509_props.sans": "dns_names",
    "policy.x509_props.validity_months": "validity_months",
    "policy.key_props.exportable": "exportable",
    "policy.key_props": "key",
    "policy.secret_props": "content_type",
    "policy.x509_props": "subject",
    "policy.issuer.name": "issuer",
    "policy.issuer.cty": "cty",
}
_OF_KNOWN = ("issuer", "cty")
POLL_SECONDS = 1.0


def create(vault: Vault) -> CreateForm:
    """
    Show the form that creates a certificate.

    Args:
        vault: where to.

    Returns:
        The form. ``fields``: ``method`` (``Self``, ``known``, ``Unknown``, ``import``), ``name``, ``subject``,
        ``dns_names`` (text, separated by commas or spaces), ``key`` (such as ``("EC", "P-256")``),
        ``validity_months``, ``content_type``, ``exportable``; with method ``known`` also ``issuer`` (the name of an
        issuer object) and ``cty``; with method ``import`` those of ``import_form``.
    """
    return CreateForm(vault)


class CreateForm(Form):
    """Makes a policy from its fields and calls ``create_certificate``, or hands over to the form that imports."""

    def __init__(self, vault: Vault) -> None:
        super().__init__(vault, "New certificate", "Create certificate")
        self.method = ToggleButtons(options=[*METHODS.items()], value="Self", description="Method")
        self.method.add_class("kvw-methods")
        self.importing = ImportForm(vault)
        self.name = ""
        self.rows = _rows()
        self._preview = HTML()
        self.right.children = [HTML("Policy, as it will be sent").add_class("kvw-side"), self._preview]
        self.body.children = [self.left, self.right]
        self.advance = Button(description="Advance the clock by 10 s")
        self.advance.on_click(lambda _: self.vault.clock.advance(10))  # type: ignore[attr-defined]
        self.method.observe(lambda _: self._show_method(), "value")
        for field in super().fields.values():
            field.observe(lambda _: self.check(), "value")
        if vault.clock.kind == "simulated":
            vault.events.subscribe(self._heard)
        self._show_method()

    @property
    def fields(self) -> Mapping[str, Widget]:
        """The inputs by name, those of the chosen method."""
        own = self.importing.fields if self.method.value == "import" else super().fields
        return {"method": self.method, **{name: field for name, field in own.items() if self._is_shown(name)}}

    def policy(self) -> CertificatePolicy:
        """
        Return the policy that the fields describe.

        Raises:
            InvalidProperty: a value is of a wrong type.
        """
        fields = super().fields
        kty, strength = fields["key"].value
        known = self.method.value == "known"
        return CertificatePolicy.of(
            (fields["issuer"].value or "") if known else self.method.value,
            fields["subject"].value,
            dns_names=fields["dns_names"].value.replace(",", " ").split(),
            kty=kty,
            crv=strength if kty == "EC" else None,
            key_size=strength if kty == "RSA" else None,
            exportable=fields["exportable"].value,
            content_type=fields["content_type"].value,
            validity_months=fields["validity_months"].value,
            cty=fields["cty"].value if known else None,
        )

    def problems(self) -> list[VaultError]:
        """Return what the vault would refuse of what can be known without asking it to create anything."""
        found: list[VaultError] = []
        try:
            new_name_key(super().fields["name"].value)
        except VaultError as error:
            found.append(error)
        if self.method.value == "known" and not super().fields["issuer"].value:
            found.append(MissingProperty("policy.issuer.name", hint="There is no issuer object in this vault yet."))
        try:
            policies.complete(self.policy())
        except VaultError as error:
            found.append(error)
        return found

    def check(self) -> list[VaultError]:
        """Look at the fields again, and show beside each what the vault would say; returns what it would refuse."""
        for row in self.rows.values():
            row.refuse(None)
        touched = [error for error in self.problems() if not self._still_empty(error)]
        for error in touched:
            self.place(error)
        self.status.value = self.count(touched)
        if not any(self.field_of(error) == "name" for error in touched):
            self._say_whether_free()
        self._preview.value = json_code(self.policy().model_dump(mode="json"))
        return touched

    def field_of(self, error: VaultError) -> str:
        """Return the field that makes the member an error names."""
        if isinstance(error, InvalidName):
            return "name"
        member = getattr(error, "field", "") or ""
        return next((field for path, field in _MEMBERS.items() if member.startswith(path)), "")

    def submit(self) -> Any:
        """
        Create (or import) the certificate.

        Returns:
            The operation (for an import the certificate), or a list of what the vault refuses.
        """
        if self.method.value == "import":
            answer = self.importing.submit()
            self.state = self.importing.state
            return answer
        refused = self._begin()
        return refused or self._end(self._call())

    async def click_async(self) -> None:
        """Create the certificate, the key being made in a thread; then poll, on a clock that runs."""
        if self.method.value == "import" or self._begin():
            if self.method.value == "import":
                self.submit()
            return
        self._end(await in_thread(self._call))
        follows = self.state == "done" and self.method.value != "Unknown" and self.vault.clock.kind == "system"
        while follows and self.refresh() == "inProgress":  # noqa: ASYNC110  a poll, as clients of the service do it
            await asyncio.sleep(POLL_SECONDS)

    def refresh(self) -> str:
        """Show how far the certificate is; returns the operation's status."""
        story = read_story(self.vault.events, self.name)
        parts = [f"<div>{self.flow(self.name)}{self._next_step(story.status)}"]
        if story.status == "completed":
            parts.append(bundle_html(self.vault.get_certificate(self.name)))
        self.outcome.value = "".join([*parts, "</div>"])
        waiting = story.status == "inProgress" and story.kind != "manual" and self.vault.clock.kind == "simulated"
        self.foot.children = [self.button, *([self.advance] if waiting else []), self.status]
        self.status.value = pill(f"{self.name}: {story.status}", KINDS.get(story.status, ""))
        return story.status

    def _begin(self) -> list[VaultError]:
        problems = self.problems()
        if problems:
            return self.refuse(problems)
        self.state = "busy"
        self.button.disabled = True
        self.name = super().fields["name"].value
        self.status.value = pill("making the key and the request", "now")
        return []

    def _call(self) -> CertificateOperation | VaultError:
        try:
            return self.vault.create_certificate(self.name, self.policy())
        except VaultError as error:
            return error

    def _end(self, answer: CertificateOperation | VaultError) -> CertificateOperation | list[VaultError]:
        self.button.disabled = False
        if isinstance(answer, VaultError):
            return self.refuse([answer])
        self.state = "done"
        self.refresh()
        return answer

    def _next_step(self, status: str) -> str:
        name = text(self.name)
        if status != "inProgress":
            return ""
        if self.method.value == "Unknown":
            call = mono(f'kvlab.merge(vault, "{self.name}")')
            return f"<p><b>Next:</b> take the request to your CA, and bring its answer back with {call}.</p>"
        if self.vault.clock.kind == "simulated":
            signs = "the vault asks the CA" if self.method.value == "known" else "the vault signs"
            return f"<p><b>Next:</b> the clock stands still, so {name} waits. Advance it, and {signs}.</p>"
        return "<p>It is under way; this page looks again every second.</p>"

    def _heard(self, event: Event) -> None:
        """Follow what happens to the certificate, whoever makes it happen."""
        if self.state == "done" and event.object.casefold() == f"certificates/{self.name}".casefold():
            self.refresh()

    def _still_empty(self, error: VaultError) -> bool:
        row = self.rows.get(self.field_of(error))
        return row is not None and row.field.value == ""

    def _say_whether_free(self) -> None:
        name = super().fields["name"].value
        if not name:
            return
        try:
            versions = len(self.vault.get_certificate_versions(name))
        except VaultError:
            return
        words = f"a new version: {text(name)} has {versions}" if versions else "free"
        self.rows["name"].say(f'<span class="kvw-good"><i>✓</i> {words}</span>')

    def _show_method(self) -> None:
        importing = self.method.value == "import"
        shown = self.importing if importing else self
        self.children = [self.head, self.method, shown.body, shown.foot, shown.outcome]
        if not importing:
            self._list_issuers()
            self.left.children = [row for name, row in self.rows.items() if self._is_shown(name)]
            self.check()

    def _is_shown(self, name: str) -> bool:
        return name not in _OF_KNOWN or self.method.value == "known"

    def _list_issuers(self) -> None:
        issuer = self.rows["issuer"].field
        try:
            names = [item.id.rsplit("/", 1)[1] for item in self.vault.get_certificate_issuers()]
        except VaultError:
            names = []
        if list(issuer.options) != names:
            issuer.options = names
            issuer.value = next(iter(names), None)


def _rows() -> dict[str, Row]:
    months = IntText(policies.DEFAULT_VALIDITY, **wide(description="Validity, months"))
    return {
        "name": Row(
            Text("", **wide(description="Certificate name")),
            "Letters, digits and hyphens. A key and a secret of this name come with it.",
        ),
        "subject": Row(
            Text("", **wide(description="Subject")), "Who the certificate is about, such as CN=shop.contoso.com."
        ),
        "dns_names": Row(
            Text("", **wide(description="DNS names")), "The names that browsers compare; commas or spaces between them."
        ),
        "issuer": Row(
            Dropdown(options=[], **wide(description="Issuer")), "An issuer object of this vault, not the CA's own name."
        ),
        "cty": Row(
            Dropdown(options=[*PRODUCTS.items()], **wide(description="Kind")), "What the CA checks before it signs."
        ),
        "key": Row(Dropdown(options=[*KEYS.items()], **wide(description="Key")), "Made inside the vault."),
        "validity_months": Row(months, "Calendar months, 1 to 120. A CA may decide otherwise."),
        "content_type": Row(
            Dropdown(options=[*CONTENT_TYPES.items()], **wide(description="Secret holds")), "How the secret is written."
        ),
        "exportable": Row(
            Checkbox(value=True, description="Exportable: the secret may hold the private key", indent=False).add_class(
                "kvw-check"
            )
        ),
    }
