"""From stored rows to the service's answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from cryptography.hazmat.primitives.serialization import load_der_public_key

from kvlab.wire.certificate import (
    Attributes,
    CertificateBundle,
    CertificateItem,
    DeletedCertificateBundle,
    DeletedCertificateItem,
    PendingReference,
)
from kvlab.wire.key import JsonWebKey, KeyAttributes
from kvlab.wire.operation import CertificateOperation, OperationError
from kvlab.wire.policy import CertificatePolicy, IssuerParameters
from kvlab.x509.certificate import BACKDATED, not_after
from kvlab.x509.jwk import jwk

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from kvlab.wire.operation import OperationStatus
    from kvlab.x509.key import PublicKey

DAY = 86400

SOFTWARE, HSM = "0", "2"
"""Values of ``hsmPlatform``, as seen in answers and audit logs."""

STATUS_DETAILS = {
    True: "Pending certificate created. Please Perform Merge to complete the request.",
    False: "Pending certificate created. Certificate request is in progress. This may take some time based on the "
    "issuer provider. Please check again later.",
}


class Place(NamedTuple):
    """
    Where answers say that objects are, and how long deleted ones stay.

    Attributes:
        url: of the vault, without a slash at the end.
        recovery_level: such as ``Recoverable+Purgeable``.
        recoverable_days: 7 to 90.
    """

    url: str
    recovery_level: str
    recoverable_days: int

    def id(self, collection: str, name: str, version: str | None = None) -> str:
        """Return an object's URL."""
        return f"{self.url}/{collection}/{name}" + (f"/{version}" if version else "")


def recovery_level(retention_days: int, *, purge_protection: bool) -> str:
    """Return the service's word for how deleted objects can be recovered."""
    level = "Recoverable" if retention_days == 90 else "CustomizedRecoverable"
    return level if purge_protection else f"{level}+Purgeable"


def attributes(row: Any, place: Place | None) -> Attributes:
    """
    Return the attributes of a stored version.

    Args:
        row: has ``enabled``, ``nbf``, ``exp``, ``created``, ``updated``.
        place: adds the recovery members, which lists of live objects leave out.
    """
    return Attributes(
        enabled=row.enabled,
        nbf=row.nbf,
        exp=row.exp,
        created=row.created,
        updated=row.updated,
        recovery_level=place.recovery_level if place else None,
        recoverable_days=place.recoverable_days if place else None,
    )


def key_attributes(row: Any, place: Place, key_type: str) -> KeyAttributes:
    """Return the attributes of a stored version of a key; nothing is ever released, so none is exportable."""
    members = dict(attributes(row, place))
    return KeyAttributes(**members, exportable=False, hsm_platform=HSM if key_type.endswith("-HSM") else SOFTWARE)


class VersionRow(NamedTuple):
    """The stored members of a version that attributes show."""

    enabled: bool
    nbf: int | None
    exp: int | None
    created: int
    updated: int

    @classmethod
    def of(cls, row: Row[Any]) -> VersionRow:
        """Take them from a joined row (``v_…``)."""
        return cls(row.v_enabled, row.v_nbf, row.v_exp, row.v_created, row.v_updated)


def pending_attributes(created: int, policy: CertificatePolicy, place: Place | None, now: datetime) -> Attributes:
    """Return the attributes a first version shows while it is pending (``created`` in epoch seconds)."""
    months = (policy.x509_props.validity_months if policy.x509_props else None) or 1
    start = now.fromtimestamp(created, now.tzinfo)
    row = VersionRow(
        enabled=False,
        nbf=created - int(BACKDATED.total_seconds()),
        exp=int(not_after(start, months).timestamp()),
        created=created,
        updated=created,
    )
    return attributes(row, place)


def tags(text: str | None) -> dict[str, str] | None:
    """Read stored tags; none is not the same as an empty map."""
    return None if text is None else json.loads(text)


def policy(text: str, place: Place, name: str) -> CertificatePolicy:
    """Read a stored policy and give it its URL."""
    found = CertificatePolicy.model_validate_json(text)
    found.id = place.id("certificates", name, "policy")
    return found


def bundle(row: Row[Any], place: Place, now: datetime) -> CertificateBundle:
    """Return the newest version, with policy and pending object; while the first is pending, the little there is."""
    name = row.c_name
    whole = policy(row.c_policy, place, name)
    pending = pending_reference(row, place)
    if row.v_version is None:
        return CertificateBundle(
            id=place.id("certificates", name, row.c_placeholder),
            attributes=pending_attributes(row.c_created, whole, place, now),
            policy=whole,
            pending=pending,
        )
    found = version_bundle(row, place)
    found.policy, found.pending = whole, pending
    return found


def pending_reference(row: Row[Any], place: Place) -> PendingReference | None:
    """Name the pending object, if there is one, completed or not."""
    if row.p_request_id is None:
        return None
    return PendingReference(id=place.id("certificates", row.c_name, "pending"))


def version_bundle(row: Row[Any], place: Place) -> CertificateBundle:
    """Return one version without policy and pending object."""
    name, version = row.c_name, row.v_version
    return CertificateBundle(
        id=place.id("certificates", name, version),
        kid=place.id("keys", name, version),
        sid=place.id("secrets", name, version),
        x5t=row.v_x5t,
        cer=row.v_leaf_der,
        attributes=attributes(VersionRow.of(row), place),
        tags=tags(row.v_tags),
        preserve_cert_order=row.v_preserve_cert_order or None,
    )


def deleted_bundle(row: Row[Any], place: Place, now: datetime) -> DeletedCertificateBundle:
    """Return a deleted certificate."""
    members = bundle(row, place, now)
    return DeletedCertificateBundle(
        **deletion(place, "deletedcertificates", row.c_name, row.c_deleted_at), **dict(members)
    )


def deletion(place: Place, collection: str, name: str, deleted_at: int) -> dict[str, Any]:
    """Return the three members that a deleted object has more."""
    return {
        "recovery_id": place.id(collection, name),
        "deleted_date": deleted_at,
        "scheduled_purge_date": deleted_at + place.recoverable_days * DAY,
    }


def item(row: Row[Any], place: Place, now: datetime) -> CertificateItem:
    """Return a certificate of a list; the service sends an empty ``subject``."""
    known = row.v_version is not None
    whole = CertificatePolicy() if known else CertificatePolicy.model_validate_json(row.c_policy)
    return CertificateItem(
        id=place.id("certificates", row.c_name),
        x5t=row.v_x5t,
        attributes=attributes(VersionRow.of(row), None)
        if known
        else pending_attributes(row.c_created, whole, None, now),
        tags=tags(row.v_tags if known else row.p_tags),
        subject="",
    )


def version_item(row: Row[Any], place: Place) -> CertificateItem:
    """Return a version of a list of versions."""
    return CertificateItem(
        id=place.id("certificates", row.c_name, row.v_version),
        x5t=row.v_x5t,
        attributes=attributes(VersionRow.of(row), None),
        tags=tags(row.v_tags),
        subject="",
    )


def deleted_item(row: Row[Any], place: Place, now: datetime) -> DeletedCertificateItem:
    """Return a certificate of the list of deleted ones; these do carry the recovery members."""
    known = row.v_version is not None
    whole = CertificatePolicy() if known else CertificatePolicy.model_validate_json(row.c_policy)
    return DeletedCertificateItem(
        **deletion(place, "deletedcertificates", row.c_name, row.c_deleted_at),
        id=place.id("certificates", row.c_name),
        x5t=row.v_x5t,
        attributes=attributes(VersionRow.of(row), place)
        if known
        else pending_attributes(row.c_created, whole, place, now),
        tags=tags(row.v_tags if known else row.p_tags),
    )


class OperationRow(NamedTuple):
    """The stored members of an operation that its answer shows."""

    name: str
    issuer: str
    csr: bytes
    cancellation_requested: bool
    status: str
    status_details: str | None
    error: str | None
    preserve_cert_order: bool
    request_id: str
    due_at: int | None


def operation(row: Row[Any] | OperationRow, place: Place) -> CertificateOperation:
    """Return a pending object."""
    running = row.status == "inProgress"
    manual = row.issuer.casefold() == "unknown"
    details = " ".join(filter(None, (STATUS_DETAILS[manual], row.status_details)))
    return CertificateOperation(
        id=place.id("certificates", row.name, "pending"),
        issuer=IssuerParameters(name=row.issuer),
        csr=row.csr,
        cancellation_requested=row.cancellation_requested,
        status=cast("OperationStatus", row.status),
        status_details=details if running else None,
        error=OperationError.model_validate_json(row.error) if row.error else None,
        preserve_cert_order=row.preserve_cert_order or None,
        target=place.id("certificates", row.name) if row.status == "completed" else None,
        request_id=row.request_id,
    )


def json_web_key(public_der: bytes, kid: str, key_type: str, key_ops: str) -> JsonWebKey:
    """Return the public half of a key; ``key_type`` and ``key_ops`` (comma-separated) are the vault's."""
    members = jwk(cast("PublicKey", load_der_public_key(public_der)))
    return JsonWebKey.model_validate(
        {**members, "kid": kid, "kty": key_type, "key_ops": [name for name in key_ops.split(",") if name]}
    )
