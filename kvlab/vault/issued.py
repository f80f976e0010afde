"""What a policy would have to say to ask for what was issued: where the CA has the last word, renewals ask in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.vault.comparison import ISSUER, ROUNDING
from kvlab.vault.importing import x509_props_of
from kvlab.x509.certificate import begun_months, not_after

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kvlab.vault.comparison import Compared
    from kvlab.wire.policy import CertificatePolicy

_MEMBERS = {
    "subject": "subject", "subjectAltName": "sans", "validity": "validity_months", "keyUsage": "key_usage",
    "extendedKeyUsage": "ekus",
}  # fmt: skip
"""First word of a compared field -> the member of ``x509_props`` that asks for it."""


def props_as_issued(policy: CertificatePolicy, certificate_der: bytes, rows: Iterable[Compared]) -> dict[str, Any]:
    """
    Return the members of ``x509_props`` by which a policy would ask for what it did not get.

    Args:
        policy: of today.
        certificate_der: what was signed.
        rows: as ``kvlab.vault.comparison`` compares the two.

    Returns:
        JSON values by member, in the policy's order; empty if all is as it was asked for. Of the validity only whole
        months can be asked for: so many as were issued, not one more.

    Raises:
        InvalidProperty: the certificate's subject can not be read.
    """
    changed = {
        _MEMBERS.get(row.field.partition(" ")[0])
        for row in rows
        if row.section != ISSUER and row.change in ("overridden", "dropped", "added")
    }
    certificate = x509.load_der_x509_certificate(certificate_der)
    issued = x509_props_of(certificate).model_dump(mode="json")
    issued["validity_months"] = _whole_months(certificate)
    issued["sans"] = {kind: names for kind, names in issued.get("sans", {}).items() if names}
    asked = policy.model_dump(mode="json").get("x509_props", {})
    return {
        member: value
        for member, value in issued.items()
        if member in changed and _regardless_of_order(value) != _regardless_of_order(asked.get(member))
    }


def _regardless_of_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {kind: sorted(names) for kind, names in value.items() if names}
    return sorted(value) if isinstance(value, list) else value


def _whole_months(certificate: x509.Certificate) -> int:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    months = begun_months(start, end)
    return months if not_after(start, months) <= end + ROUNDING else max(months - 1, 1)
