"""A pending operation: where it stands, and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.markup import card, mono, pill, table, tag, text
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.wire.operation import CertificateOperation

KINDS = {"inProgress": "now", "completed": "ok", "cancelled": "", "failed": "bad"}


def operation_html(operation: CertificateOperation) -> str:
    """Return a pending operation as HTML."""
    marks = pill(operation.status, KINDS[operation.status])
    if operation.cancellation_requested and operation.status == "inProgress":
        marks += " " + pill("cancellation asked for", "warn")
    subtitle = f"the pending object of <b>{text(operation_name(operation))}</b>"
    return card("Certificate operation", subtitle, marks, table(_rows(operation)))


def operation_text(operation: CertificateOperation) -> str:
    """Return a pending operation as one line."""
    issuer = visible(operation.issuer.name or "Unknown")
    request = f"request of {len(operation.csr)} octets"
    return f"<CertificateOperation {operation_name(operation)!r}: {operation.status}, issuer {issuer}, {request}>"


def operation_name(operation: CertificateOperation) -> str:
    """Return the certificate's name, from the operation's id."""
    return operation.id.rsplit("/", 2)[-2]


def _rows(operation: CertificateOperation) -> Iterator[tuple[str, str]]:
    yield "Issuer", tag(operation.issuer.name or "Unknown")
    if operation.status_details:
        yield "The vault says", text(operation.status_details)
    yield "Request", f"PKCS#10, {len(operation.csr)} octets: public key, names and the key's own signature"
    if operation.error:
        yield "Error", f"{tag(operation.error.code)} {text(operation.error.message)}"
    if operation.target:
        yield "Target", mono(operation.target)
    yield "Request id", mono(operation.request_id)
