"""
Secrets.

Source: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret (definitions).
"""

from __future__ import annotations

from pydantic import Field

from kvlab.wire.certificate import Attributes
from kvlab.wire.model import Tags, WireModel


class SecretBundle(WireModel):
    """One version of a secret; ``value`` is text (a PFX as base64) and never part of the repr."""

    value: str | None = Field(None, repr=False)
    content_type: str | None = Field(None, alias="contentType")
    id: str
    managed: bool | None = None
    attributes: Attributes
    tags: Tags | None = None
    kid: str | None = None


class SecretItem(WireModel):
    """A secret in a list."""

    id: str
    content_type: str | None = Field(None, alias="contentType")
    attributes: Attributes
    tags: Tags | None = None
    managed: bool | None = None


class DeletedSecretBundle(WireModel):
    """A deleted secret; times in epoch seconds; without its value."""

    recovery_id: str = Field(alias="recoveryId")
    deleted_date: int = Field(alias="deletedDate")
    scheduled_purge_date: int = Field(alias="scheduledPurgeDate")
    id: str
    content_type: str | None = Field(None, alias="contentType")
    attributes: Attributes
    tags: Tags | None = None
    managed: bool | None = None
    kid: str | None = None


class DeletedSecretItem(WireModel):
    """A deleted secret in a list; times in epoch seconds."""

    recovery_id: str = Field(alias="recoveryId")
    deleted_date: int = Field(alias="deletedDate")
    scheduled_purge_date: int = Field(alias="scheduledPurgeDate")
    id: str
    content_type: str | None = Field(None, alias="contentType")
    attributes: Attributes
    tags: Tags | None = None
    managed: bool | None = None
