"""The form that imports a certificate with its private key. What is secret never stays in a field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipywidgets import Checkbox, FileUpload, Password, Text, Textarea

from kvlab.errors import InvalidName, MissingProperty, VaultError
from kvlab.render.certificate import bundle_html
from kvlab.render.markup import pill, text
from kvlab.widgets.form import Form, Row, wide

if TYPE_CHECKING:
    from kvlab.vault.vault import Vault
    from kvlab.wire.certificate import CertificateBundle


_FILES = ".pfx,.p12,.pem,.crt,.key"


def import_form(vault: Vault) -> ImportForm:
    """
    Show the form that imports a certificate with its private key.

    Args:
        vault: where to.

    Returns:
        The form. ``fields``: ``name``, ``file`` (an upload), ``pem`` (pasted text), ``password``, ``exportable``; from
        Python ``form.load(octets_or_path, password)`` takes the place of the three in the middle.
    """
    return ImportForm(vault)


class ImportForm(Form):
    """
    Calls ``import_certificate``.

    A field's value is part of a notebook's saved state; so a file, pasted text or a password is taken out of its field
    as soon as it arrives, and kept by the form until the import, or the password until the next try.
    """

    def __init__(self, vault: Vault) -> None:
        super().__init__(vault, "Import a certificate", "Import certificate")
        self._source: bytes | None = None
        self._password: str | None = None
        self.rows = {
            "name": Row(
                Text("", **wide(description="Certificate name")),
                "Letters, digits and hyphens. A key and a secret of this name come with it.",
            ),
            "file": Row(
                FileUpload(accept=_FILES, description="Choose a PFX or PEM file").add_class("kvw-file"),
                "A PFX, or a PEM file with certificates and one PKCS#8 private key.",
            ),
            "pem": Row(
                Textarea("", rows=3, continuous_update=False, **wide(description="or paste PEM")),
                "It leaves this field at once; the vault gets it when you import.",
            ),
            "password": Row(
                Password(value="", continuous_update=False, **wide(description="Password")),
                "Of the PFX or the encrypted key. It leaves this field at once, is used once and is not kept.",
            ),
            "exportable": Row(
                Checkbox(value=True, description="Exportable: the secret may hold the private key", indent=False)
                .add_class("kvw-check")
            ),
        }  # fmt: skip
        self.left.children = [*self.rows.values()]
        for name in ("file", "pem", "password"):
            self.fields[name].observe(lambda change, name=name: self._take(name, change["new"]), "value")

    def load(self, source: bytes | str | Path, password: str | None = None) -> ImportForm:
        """
        Take what to import, as the upload does.

        Args:
            source: PFX or PEM octets, PEM text, or the path of a file.
            password: of the PFX or the encrypted key.

        Returns:
            The form itself.
        """
        octets = source.read_bytes() if isinstance(source, Path) else source
        self._source = octets.encode() if isinstance(octets, str) else octets
        self._password = password
        self._say_loaded()
        return self

    def submit(self) -> CertificateBundle | list[VaultError]:
        """
        Import the certificate.

        Returns:
            The new version, or a list of what the vault refuses.
        """
        for row in self.rows.values():
            row.refuse(None)
        password, self._password = self._password, None
        name = self.fields["name"].value
        if self._source is None:
            return self.refuse([MissingProperty("value", hint="Choose a file or paste PEM.")])
        policy: dict[str, Any] = {"key_props": {"exportable": self.fields["exportable"].value}}
        try:
            made = self.vault.import_certificate(name, self._source, pwd=password, policy=policy)
        except VaultError as error:
            return self.refuse([error])
        self._source = None
        self.state = "done"
        self.status.value = pill(f"{name}: imported", "ok")
        self.outcome.value = f"<div>{self.flow(name)}{bundle_html(made)}</div>"
        return made

    def field_of(self, error: VaultError) -> str:
        """Return the field an error is about."""
        if isinstance(error, InvalidName):
            return "name"
        facts = error.facts.get("field")
        return {"value": "file", "pwd": "password"}.get(str(facts), "")

    def _take(self, name: str, value: Any) -> None:
        """Take a secret out of its field."""
        if not value:
            return
        if name == "password":
            self._password = value
        else:
            self._source = value.encode() if name == "pem" else bytes(value[0]["content"])
        self.fields[name].value = () if name == "file" else ""
        self._say_loaded()

    def _say_loaded(self) -> None:
        if self._source is not None:
            kind = "PEM" if b"-----BEGIN" in self._source else "PFX"
            words = f"{kind} of {len(self._source)} octets at hand"
            self.rows["file"].say(f'<span class="kvw-good"><i>✓</i> {text(words)}</span>')
        if self._password is not None:
            self.rows["password"].say('<span class="kvw-good"><i>✓</i> at hand, for one try</span>')
