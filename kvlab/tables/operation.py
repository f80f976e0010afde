"""The pending objects of a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.tables.frame import INSTANT, frame
from kvlab.tables.source import require_vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pandas as pd

    from kvlab.vault.vault import Vault
    from kvlab.wire.operation import CertificateOperation

DTYPES = {
    "name": "string",
    "status": "category",
    "issuer": "string",
    "begun": INSTANT,
    "cancellation_requested": "boolean",
    "csr_octets": "Int64",
    "error": "string",
    "request_id": "string",
}


def operations(vault: Vault) -> pd.DataFrame:
    """
    List the pending objects of a vault, finished ones too until they are deleted.

    To look at a pending object is to poll it: the log notes it, at most once a second.

    Args:
        vault: used as a principal that may list and get certificates.

    Returns:
        A frame with the columns

        - ``name``: string.
        - ``status``: category: ``inProgress``, ``completed``, ``cancelled``, ``failed``.
        - ``issuer``: string: ``Self``, ``Unknown`` or the name of an issuer object.
        - ``begun``: datetime64[s, UTC].
        - ``cancellation_requested``: boolean.
        - ``csr_octets``: Int64, octets of the request.
        - ``error``: string, code and message, or ``<NA>``.
        - ``request_id``: string, 32 hexadecimal digits.

    Raises:
        ForbiddenByPolicy, ForbiddenByRbac: 403.
        TypeError: it is no vault.
    """
    require_vault(vault)
    begun = {event.request_id: event.time for event in vault.events if event.kind == "create_certificate"}
    return frame((_row(name, operation, begun) for name, operation in _pending(vault)), DTYPES)


def _pending(vault: Vault) -> Iterator[tuple[str, CertificateOperation]]:
    for item in vault.get_certificates(include_pending=True):
        name = item.id.rsplit("/", 1)[1]
        if vault.get_certificate(name).pending is not None:
            yield name, vault.get_certificate_operation(name)


def _row(name: str, operation: CertificateOperation, begun: dict[str | None, datetime]) -> tuple[object, ...]:
    error = operation.error
    return (
        name,
        operation.status,
        operation.issuer.name,
        begun.get(operation.request_id),
        operation.cancellation_requested,
        len(operation.csr),
        None if error is None else f"{error.code}: {error.message}",
        operation.request_id,
    )
