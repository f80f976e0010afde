"""The form that brings home what a CA made of a pending request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import ServiceError, VaultError
from kvlab.render.call.call import Call
from kvlab.render.certificate import bundle_html
from kvlab.widgets.argument import NAME, VAULT, check_argument
from kvlab.widgets.field import Field
from kvlab.widgets.form import Form
from kvlab.widgets.form_page import Button
from kvlab.x509.container import pem_certificate, pem_request

if TYPE_CHECKING:
    from kvlab.events import Event
    from kvlab.vault.vault import Vault
    from kvlab.wire.certificate import CertificateBundle
    from kvlab.wire.operation import CertificateOperation

_ANSWER = "PEM: your CA's answer, and below it the CA's own certificate if you have it. No private key is in it."


def merge(vault: Vault, name: str) -> MergeForm:
    """
    Show the form that merges a signed certificate.

    Args:
        vault: where the request is pending.
        name: of the certificate.

    Returns:
        The form. ``fields``: ``certificate`` (PEM text), ``file`` (an upload; from Python octets); ``form.sign()`` has
        the practice CA sign.

    Raises:
        PendingCertificateNotFound: 404, nothing is pending on this name.
        TypeError: it is no vault, or the name no text.
    """
    check_argument("vault", vault, VAULT)
    check_argument("name", name, NAME)
    return MergeForm(vault, name, vault.get_certificate_operation(name))


class MergeForm(Form):
    """Calls ``merge_certificate`` with what is pasted, uploaded, or signed by the practice CA."""

    def __init__(self, vault: Vault, name: str, operation: CertificateOperation) -> None:
        self.name = name
        self._operation = operation
        self._octets: bytes | None = None
        self._origin = ""
        super().__init__(
            vault,
            f"Merge into {name}",
            "Merge certificate",
            [
                Field("certificate", "CA's answer", "area", _ANSWER, value="", member="x5c", rows=9,
                      placeholder="-----BEGIN CERTIFICATE-----"),
                Field("file", "or a file", "file", "DER, PEM or P7B.", accept=".cer,.crt,.pem,.p7b,.der"),
            ],
        )  # fmt: skip
        self.more_buttons = [Button("sign", "Have the practice CA sign it", self.sign, "Steps 3 and 4 of the flow.")]
        self._show_request()
        self._show_flow()
        self.draw()

    @property
    def sign_button(self) -> Button:
        """Has the practice CA sign."""
        return self.more_buttons[0]

    def sign(self, *, months: int = 12, copy_extensions: bool = True) -> None:
        """
        Carry the request to the practice CA and put its answer into the field (steps 3 and 4).

        Args:
            months: calendar months of validity.
            copy_extensions: False for a clerk who forgets the names that were asked for.
        """
        try:
            signed = self.vault.practice_ca().sign(self._operation, months=months, copy_extensions=copy_extensions)
        except VaultError as error:
            self.refuse([error])
            return
        field = self.inputs["certificate"]
        field.value = "".join(map(pem_certificate, signed))
        self._origin = "signed by the practice CA: leaf, then issuing CA"
        self._look_ahead()
        self._show_flow()
        self.draw()

    def ask(self, vault: Vault) -> CertificateBundle:
        """Merge the certificate (step 5); a refused merge leaves the operation mergeable."""
        return vault.merge_certificate(self.name, self._source())

    def end(self, answer: CertificateBundle) -> None:
        """Show the new version."""
        self.status = ("ok", f"{self.name}: completed")
        self._show_flow(bundle_html(answer))

    def refuse(self, errors: list[ServiceError]) -> list[ServiceError]:
        """Show a refusal; the flow shows it too."""
        super().refuse(errors)
        if not self.outcome:
            self._show_flow()
        return errors

    def call(self) -> Call | None:
        """Return the call."""
        source = self._source()
        return Call.of("merge_certificate", self.name, vault=self.vault, x5c=source) if source else None

    def changed(self, field: Field) -> None:
        """Let what came last count; tell at once what the vault will say of it."""
        if field.name == "file":
            if isinstance(field.value, (bytes, bytearray)):
                self.take_file(field, "", bytes(field.value))
                field.value = None
            return
        self._octets, self._origin = None, ""
        self.inputs["file"].note = ("", "")
        self._look_ahead()
        self.draw()

    def take_file(self, field: Field, filename: str, octets: bytes) -> None:
        """Take the CA's answer as a file."""
        self._octets, self._origin = octets, ""
        field.note = ("ok", f"{filename} · {len(octets):,} octets at hand".lstrip("· "))
        self._look_ahead()
        self.draw()

    def heard(self, event: Event) -> None:
        """Follow what happens to the operation, whoever makes it happen."""
        if event.object.casefold() == f"certificates/{self.name}".casefold() and event.kind not in ("poll", "refused"):
            if self.state != "busy":
                self._look_for_another()
            if self.state not in ("busy", "done"):
                self._look_ahead()
                self._show_flow()
            self.draw()

    def _look_for_another(self) -> None:
        """Show the request that is pending now, if it is not the one that was: that one's answer fits no more."""
        try:
            pending = self.vault.glance(self.name).operation
        except VaultError:
            return
        if pending is None or pending.request_id == self._operation.request_id:
            return
        self._operation = pending
        self.state = "idle"
        self.status = ("now", f"{self.name}: another request is pending now")
        self._show_request()

    def _source(self) -> bytes | str:
        return self._octets or str(self.inputs["certificate"].value)

    def _look_ahead(self) -> None:
        """Ask what the vault would answer to what is at hand, and say it beside the field."""
        field, source = self.inputs["certificate"], self._source()
        field.refusal, field.note = None, ("", "")
        if not source.strip():
            return
        foreseen = self.vault.rehearse("merge_certificate", self.name, source)
        field.refusal = foreseen
        if foreseen is None:
            field.note = ("ok", self._origin or "This can be merged.")

    def _show_request(self) -> None:
        request = pem_request(self._operation.csr)
        lines: list[Any] = [[line, ""] for line in request.splitlines()]
        note = "A request holds the public key and what is asked for; it is no secret."
        self.side = {"title": "The request, for your CA", "text": request, "lines": lines, "note": note}

    def _show_flow(self, below: str = "") -> None:
        self.outcome = f"<div>{self.flow(self.name)}{below}</div>"
