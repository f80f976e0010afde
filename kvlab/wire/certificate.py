"""
Certificates, their attributes and the answers that hold them.

Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate (definitions).
"""

from __future__ import annotations

from pydantic import Field

from kvlab.wire.model import Base64, Base64Url, Tags, WireModel
from kvlab.wire.policy import CertificatePolicy


class Attributes(WireModel):
    """What the vault knows about one version; times in epoch seconds."""

    enabled: bool | None = Field(None, description="Whether key and secret can be used. Default: true.")
    nbf: int | None = None
    exp: int | None = None
    created: int | None = None
    updated: int | None = None
    recovery_level: str | None = Field(None, alias="recoveryLevel")
    recoverable_days: int | None = Field(None, alias="recoverableDays")


class PendingReference(WireModel):
    """Where the pending object of a certificate is."""

    id: str


class CertificateBundle(WireModel):
    """A certificate: one version, and with the latest one its policy and pending object."""

    id: str
    kid: str | None = None
    sid: str | None = None
    x5t: Base64Url | None = None
    cer: Base64 | None = None
    attributes: Attributes
    tags: Tags | None = None
    policy: CertificatePolicy | None = None
    pending: PendingReference | None = None
    preserve_cert_order: bool | None = Field(None, alias="preserveCertOrder")


class Deletion(WireModel):
    """What a deleted object has more, in front of the rest; times in epoch seconds."""

    recovery_id: str = Field(alias="recoveryId")
    deleted_date: int = Field(alias="deletedDate")
    scheduled_purge_date: int = Field(alias="scheduledPurgeDate")


class DeletedCertificateBundle(CertificateBundle, Deletion):
    """A deleted certificate."""


class CertificateItem(WireModel):
    """A certificate in a list."""

    id: str
    x5t: Base64Url | None = None
    attributes: Attributes
    tags: Tags | None = None
    subject: str | None = None


class DeletedCertificateItem(CertificateItem, Deletion):
    """A deleted certificate in a list; the service leaves out its ``subject``."""


class Backup(WireModel):
    """An opaque backup blob; ``value`` is base64url on the wire."""

    value: Base64Url = Field(repr=False)
