"""The versions of one certificate, in the order in which they came about."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kvlab.tables.frame import INSTANT, frame, instant
from kvlab.x509.key import key_spec

if TYPE_CHECKING:
    import pandas as pd

    from kvlab.vault.vault import Vault

DTYPES = {
    "number": "Int64",
    "version": "string",
    "created": INSTANT,
    "not_after": INSTANT,
    "key": "string",
    "public_key": "string",
    "enabled": "boolean",
    "current": "boolean",
    "made_by": "string",
}


def versions(vault: Vault, name: str) -> pd.DataFrame:
    """
    List the versions of a certificate, the oldest first.

    Args:
        vault: used as a principal that may list and get certificates.
        name: of the certificate; an unknown one has no versions.

    Returns:
        A frame with the columns

        - ``number``: Int64, 1 for the oldest.
        - ``version``: string, 32 hexadecimal digits.
        - ``created``, ``not_after``: datetime64[s, UTC].
        - ``key``: string, such as ``RSA 2048`` or ``EC P-256``.
        - ``public_key``: string, the first 16 hexadecimal digits of the SHA-256 of the public key: the same for two
          versions that share a key pair.
        - ``enabled``: boolean; ``current``: boolean, whether it is what an id without a version leads to.
        - ``made_by``: string, who began it: a principal, or ``vault`` for a renewal; ``<NA>`` where the log does not
          tell.

    Raises:
        ForbiddenByPolicy, ForbiddenByRbac: 403.
    """
    makers = _makers(vault, name)
    order = {version: place for place, version in enumerate(makers)}
    # Several may be made within one second; the log knows their order, a restored version only its second.
    items = [(item.attributes.created or 0, item.id.rsplit("/", 1)[1]) for item in vault.get_certificate_versions(name)]
    found = [version for _, version in sorted(items, key=lambda item: (item[0], order.get(item[1], -1)))]
    current = vault.get_certificate(name).id.rsplit("/", 1)[1] if found else ""
    rows = (
        (number, *_row(vault, name, version), version == current, makers.get(version))
        for number, version in enumerate(found, start=1)
    )
    return frame(rows, DTYPES)


def _row(vault: Vault, name: str, version: str) -> tuple[Any, ...]:
    bundle = vault.get_certificate(name, version)
    assert bundle.cer is not None
    public = x509.load_der_x509_certificate(bundle.cer).public_key()
    spec = key_spec(public)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return (
        version,
        instant(bundle.attributes.created),
        instant(bundle.attributes.exp),
        f"{spec.kty} {spec.crv or spec.key_size}",
        sha256(der).hexdigest()[:16],
        bundle.attributes.enabled,
    )


def _makers(vault: Vault, name: str) -> dict[str, str]:
    """Return who began each version, the oldest first, as the log tells it."""
    began: dict[str | None, str] = {}
    found: dict[str, str] = {}
    for event in vault.events.about(f"certificates/{name}"):
        if event.kind == "create_certificate":
            began[event.request_id] = event.actor
        made = event.kind in ("import_certificate", "merge_certificate") or event.detail.get("to") == "completed"
        if made and event.version is not None:
            found[event.version] = began.get(event.request_id, event.actor)
    return found
