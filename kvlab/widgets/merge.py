"""The form that brings home what a CA made of a pending request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipywidgets import HTML, Button, FileUpload, Textarea

from kvlab.errors import VaultError
from kvlab.render.certificate import bundle_html
from kvlab.render.markup import pill, text
from kvlab.widgets.form import Form, Row, wide
from kvlab.x509.container import pem_certificate, pem_request

if TYPE_CHECKING:
    from kvlab.vault.vault import Vault
    from kvlab.wire.certificate import CertificateBundle


def merge(vault: Vault, name: str) -> MergeForm:
    """
    Show the form that merges a signed certificate.

    Args:
        vault: where the request is pending.
        name: of the certificate.

    Returns:
        The form. ``fields``: ``certificate`` (PEM text), ``file`` (an upload); ``form.sign()`` has the practice
        CA sign.

    Raises:
        PendingCertificateNotFound: 404, nothing is pending on this name.
    """
    return MergeForm(vault, name)


class MergeForm(Form):
    """Calls ``merge_certificate`` with what is pasted, uploaded, or signed by the practice CA."""

    def __init__(self, vault: Vault, name: str) -> None:
        self.name = name
        self._operation = vault.get_certificate_operation(name)
        super().__init__(vault, f"Merge into {name}", "Merge certificate")
        self.rows = {
            "certificate": Row(
                Textarea("", rows=6, placeholder="-----BEGIN CERTIFICATE-----", **wide(description="CA's answer")),
                "PEM: your CA's answer, and below it the CA's own certificate if you have it. No private key is in it.",
            ),
            "file": Row(
                FileUpload(accept=".cer,.crt,.pem,.p7b,.der", description="or choose a file").add_class("kvw-file"),
                "DER, PEM or P7B.",
            ),
        }
        self._octets: bytes | None = None
        self.left.children = [*self.rows.values()]
        request = HTML(f'<pre class="kvr-code">{text_lines(pem_request(self._operation.csr))}</pre>')
        self.right.children = [HTML("The request, for your CA").add_class("kvw-side"), request]
        self.body.children = [self.left, self.right]
        self.sign_button = Button(description="Have the practice CA sign it")
        self.sign_button.on_click(lambda _: self.sign())
        self.foot.children = [self.button, self.sign_button, self.status]
        self.fields["file"].observe(lambda change: self._take(change["new"]), "value")
        self.fields["certificate"].observe(lambda _: self._typed(), "value")
        self._draw()

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
        self.fields["certificate"].value = "".join(map(pem_certificate, signed))
        self.rows["certificate"].say(
            '<span class="kvw-good"><i>✓</i> signed by the practice CA: leaf, then issuing CA</span>'
        )
        self._draw()

    def submit(self) -> CertificateBundle | list[VaultError]:
        """
        Merge the certificate (step 5).

        Returns:
            The new version, or a list of what the vault refuses; a refused merge leaves the operation mergeable.
        """
        source: bytes | str = self._octets or self.fields["certificate"].value
        try:
            made = self.vault.merge_certificate(self.name, source)
        except VaultError as error:
            self.refuse([error])
            self._draw()
            return [error]
        self.state = "done"
        self.status.value = pill(f"{self.name}: completed", "ok")
        self._draw(bundle_html(made))
        return made

    def field_of(self, error: VaultError) -> str:
        """Return the field an error is about."""
        return "certificate" if str(error.facts.get("field", "")).startswith("x5c") else ""

    def _typed(self) -> None:
        """Let the text count that came last, in place of a file chosen before."""
        self._octets = None
        self.rows["certificate"].refuse(None)
        self.rows["file"].refuse(None)

    def _take(self, files: tuple[dict[str, bytes], ...]) -> None:
        if files:
            self._octets = bytes(files[0]["content"])
            self.rows["file"].say(f'<span class="kvw-good"><i>✓</i> {len(self._octets)} octets at hand</span>')

    def _draw(self, below: str = "") -> None:
        kept = self.outcome.value if self.state == "failed" and "kvr-refusal" in self.outcome.value else ""
        self.outcome.value = kept or f"<div>{self.flow(self.name)}{below}</div>"


def text_lines(lines: str) -> str:
    """Escape text that has lines of its own."""
    return "\n".join(text(line) for line in lines.strip().splitlines())
