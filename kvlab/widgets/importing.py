"""The form that imports a certificate with its private key. What is secret never stays in a field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvlab.errors import InvalidName, MissingProperty, ServiceError
from kvlab.render.call.call import Call
from kvlab.render.certificate import bundle_html
from kvlab.widgets.argument import VAULT, check_argument
from kvlab.widgets.field import Field
from kvlab.widgets.form import Form
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from kvlab.vault.vault import Vault
    from kvlab.wire.certificate import CertificateBundle

NAME_HELP = "1 to 127 letters, digits and hyphens. A key and a secret of this name come with it."
_FILES = ".pfx,.p12,.pem,.crt,.key"


def import_form(vault: Vault) -> ImportForm:
    """
    Show the form that imports a certificate with its private key.

    Args:
        vault: where to.

    Returns:
        The form. ``fields``: ``name``, ``file`` (an upload), ``pem`` (pasted text), ``password``, ``exportable``; from
        Python ``form.load(octets_or_path, password)`` takes the place of the three in the middle.

    Raises:
        TypeError: it is no vault.
    """
    check_argument("vault", vault, VAULT)
    return ImportForm(vault)


class Suitcase:
    """
    What is to be imported: kept here from the moment it arrives until it is imported, the password for one try.

    Attributes:
        fields: an upload, a place to paste, and a password; none of them keeps what it is given.
    """

    def __init__(self) -> None:
        self._source: bytes | None = None
        self._password: str | None = None
        self.fields = [
            Field("file", "PFX or PEM file", "file",
                  "A PFX, or a PEM file with certificates and one PKCS#8 private key.", member="value", accept=_FILES),
            Field("pem", "or paste PEM", "secretarea",
                  "It leaves this field at once; the vault gets it when you import.", placeholder="-----BEGIN …"),
            Field("password", "Password", "secret",
                  "Of the PFX or the encrypted key. It leaves this field at once, is used once and is not kept.",
                  member="pwd"),
        ]  # fmt: skip

    def take(self, field: Field, value: bytes | str, filename: str = "") -> None:
        """Take a secret out of the hands of the browser."""
        if value == "":
            return
        if field.kind == "secret":
            assert isinstance(value, str)
            self._password = value
        else:
            # Half a character is in no file; that it is no PEM is said as of any other text.
            self._source = value.encode(errors="replace") if isinstance(value, str) else bytes(value)
        self._say(filename)

    def load(self, source: bytes | str | Path, password: str | None) -> None:
        """Take what to import from Python."""
        octets = source.read_bytes() if isinstance(source, Path) else source
        self._source = octets.encode(errors="replace") if isinstance(octets, str) else octets
        self._password = password
        self._say(source.name if isinstance(source, Path) else "")

    def open(self) -> tuple[bytes, str | None]:
        """
        Return source and password; the password is forgotten with this try.

        Raises:
            MissingProperty: there is nothing to import yet.
        """
        password, self._password = self._password, None
        self.fields[2].note = ("", "")
        if self._source is None:
            raise MissingProperty("value", hint="Choose a file or paste PEM.")
        return self._source, password

    def empty(self) -> None:
        """Forget everything."""
        self._source = self._password = None
        for field in self.fields:
            field.note = ("", "")

    def _say(self, filename: str) -> None:
        if self._source is not None:
            called = f"{filename}: " if filename else ""
            size = f"{len(self._source):,} octets at hand"
            # A PFX is one DER sequence.
            kind = "PEM" if b"-----BEGIN" in self._source else "PFX" if self._source.startswith(b"\x30") else ""
            self.fields[0].note = (
                ("ok", f"{called}{kind} of {size}") if kind else ("warn", f"{called}{size}, neither PFX nor PEM")
            )
            self.fields[0].refusal = None
        if self._password is not None:
            self.fields[2].note = ("ok", "at hand, for one try")
            self.fields[2].refusal = None

    def __repr__(self) -> str:
        return "<Suitcase>"


class ImportForm(Form):
    """Calls ``import_certificate``."""

    judges = False
    working = "opening the file and importing it"

    def __init__(self, vault: Vault) -> None:
        self._suitcase = Suitcase()
        exportable = CertificatePolicy.describe("key_props.exportable")
        super().__init__(
            vault,
            "Import a certificate",
            "Import certificate",
            [
                Field("name", "Certificate name", "text", NAME_HELP, value=""),
                *self._suitcase.fields,
                Field("exportable", "Exportable", "check", exportable, value=True, member="key_props.exportable"),
            ],
        )
        self.draw()

    def load(self, source: bytes | str | Path, password: str | None = None) -> ImportForm:
        """
        Take what to import, as the upload does.

        Args:
            source: PFX or PEM octets, PEM text, or the path of a file.
            password: of the PFX or the encrypted key.

        Returns:
            The form itself.
        """
        self._suitcase.load(source, password)
        self.draw()
        return self

    def ask(self, vault: Vault) -> CertificateBundle:
        """Import what is at hand."""
        source, password = self._suitcase.open()
        policy: dict[str, Any] = {"key_props": {"exportable": self.fields["exportable"].value}}
        return vault.import_certificate(self.fields["name"].value, source, pwd=password, policy=policy)

    def end(self, answer: CertificateBundle) -> None:
        """Show what was imported."""
        self._suitcase.empty()
        name = self.fields["name"].value
        self.status = ("ok", f"{name}: imported")
        self.outcome = f"<div>{self.flow(name)}{bundle_html(answer)}</div>"

    def call(self) -> Call:
        """Return the call; what is secret is not in it."""
        policy = {"key_props": {"exportable": self.fields["exportable"].value}}
        name = self.fields["name"].value
        return Call.of("import_certificate", name, vault=self.vault, value=b"", policy=policy)

    def field_of(self, error: ServiceError) -> str:
        """Return the field an error is about."""
        return "name" if isinstance(error, InvalidName) else super().field_of(error)

    def changed(self, field: Field) -> None:
        """Take a secret that was put into a field from Python out of it again."""
        if field.kind in ("secret", "secretarea", "file"):
            value, field.value = field.value, None
            self._suitcase.take(field, value or "")
        super().changed(field)

    def take_secret(self, field: Field, text: str) -> None:
        """Take a password or a private key."""
        self._suitcase.take(field, text)

    def take_file(self, field: Field, filename: str, octets: bytes) -> None:
        """Take a file."""
        self._suitcase.take(field, octets, filename)
