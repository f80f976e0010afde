"""The certificates of a vault."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kvlab.tables.frame import INSTANT, frame, instant
from kvlab.x509.explain import explain

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from kvlab.vault.vault import Vault
    from kvlab.wire.certificate import CertificateBundle
    from kvlab.x509.field import Field

DTYPES = {
    "name": "string",
    "subject": "string",
    "san": "string",
    "not_after": INSTANT,
    "days_left": "Int64",
    "key_type": "category",
    "key_size": "Int64",
    "issuer": "string",
    "enabled": "boolean",
    "status": "category",
    "version": "string",
    "serial": "string",
    "sha256": "string",
    "self_signed": "boolean",
    "ca": "boolean",
    "problems": "Int64",
}


def certificates(vault: Vault) -> pd.DataFrame:
    """
    List the certificates of a vault, one row a name, with its newest version.

    Args:
        vault: used as a principal that may list and get certificates.

    Returns:
        A frame with the columns

        - ``name``, ``subject``: string.
        - ``san``: string; the other names, comma-separated, each with its kind.
        - ``not_after``: datetime64[s, UTC].
        - ``days_left``: Int64, whole days at ``vault.clock.now()``, negative once it is over.
        - ``key_type``: category, ``RSA`` or ``EC``; ``key_size``: Int64, bits.
        - ``issuer``: string; who signed, from the certificate.
        - ``enabled``: boolean.
        - ``status``: category: ``valid``, ``expired``, ``not yet valid``, ``disabled``, or ``pending`` while there is
          no version; then most other columns are ``<NA>``.
        - ``version``: string, 32 hexadecimal digits; ``serial``: string, upper-case hexadecimal.
        - ``sha256``: string, lower-case hexadecimal, of the DER.
        - ``self_signed``: boolean, subject and issuer are the same name; ``ca``: boolean.
        - ``problems``: Int64; how many fields are malformed or against RFC 5280.

    Raises:
        ForbiddenByPolicy, ForbiddenByRbac: 403.
    """
    now = vault.clock.now()
    names = [item.id.rsplit("/", 1)[1] for item in vault.get_certificates(include_pending=True)]
    return frame((_row(name, vault.get_certificate(name), now) for name in names), DTYPES)


def _row(name: str, bundle: CertificateBundle, now: datetime) -> tuple[Any, ...]:
    if bundle.cer is None:
        subject = bundle.policy and bundle.policy.x509_props and bundle.policy.x509_props.subject
        empty = dict.fromkeys(DTYPES) | {"name": name, "subject": subject, "status": "pending"}
        return tuple(empty.values())
    fields = explain(bundle.cer)
    attributes = bundle.attributes
    until = instant(attributes.exp)
    subject, issuer = _value(fields, "subject", "subject"), _value(fields, "issuer", "issuer")
    key = (_value(fields, "public key", "subjectPublicKeyInfo") or "").split(" ")[0]
    size = _value(fields, "public key", "keySize")
    return (
        name,
        subject,
        _value(fields, "extensions", "subjectAltName"),
        until,
        None if until is None else (until - now).days,
        key or None,
        int(size) if size else None,
        issuer,
        attributes.enabled,
        _status(bundle, int(now.timestamp())),
        bundle.id.rsplit("/", 1)[1],
        _value(fields, "certificate", "serialNumber"),
        sha256(bundle.cer).hexdigest(),
        subject == issuer,
        _value(fields, "extensions", "cA") == "true",
        sum(field.problem is not None for field in fields),
    )


def _status(bundle: CertificateBundle, now: int) -> str:
    attributes = bundle.attributes
    if attributes.enabled is False:
        return "disabled"
    if attributes.exp is not None and attributes.exp <= now:
        return "expired"
    return "not yet valid" if attributes.nbf is not None and attributes.nbf > now else "valid"


def _value(fields: list[Field], section: str, name: str) -> str | None:
    return next((field.value for field in fields if (field.section, field.name) == (section, name)), None)
