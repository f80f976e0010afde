"""
The pending object of a certificate.

Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate-operation (definitions).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kvlab.wire.model import Base64, WireModel
from kvlab.wire.policy import IssuerParameters

OperationStatus = Literal["inProgress", "completed", "cancelled", "failed"]


class OperationError(WireModel):
    """Why an operation failed."""

    code: str
    message: str


class CertificateOperation(WireModel):
    """A creation under way, or how it ended; ``csr`` is the DER PKCS#10 request, base64 on the wire."""

    id: str
    issuer: IssuerParameters
    csr: Base64
    cancellation_requested: bool
    status: OperationStatus
    status_details: str | None = None
    error: OperationError | None = None
    preserve_cert_order: bool | None = Field(None, alias="preserveCertOrder")
    target: str | None = None
    request_id: str
