"""
Secrets.

Source: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret (definitions).
"""

from __future__ import annotations

from pydantic import Field

from kvlab.wire.certificate import Attributes, Deletion
from kvlab.wire.model import Tags, WireModel


class SecretBundle(WireModel):
    """
    One version of a secret; ``value`` is text (a PFX as base64) and never part of the repr.

    Attributes:
        previous_version: of a certificate's secret, the version made before; from API version 2025-07-01 in answers.
    """

    value: str | None = Field(None, repr=False)
    content_type: str | None = Field(None, alias="contentType")
    id: str
    managed: bool | None = None
    attributes: Attributes
    tags: Tags | None = None
    kid: str | None = None
    previous_version: str | None = Field(None, alias="previousVersion")


class SecretItem(WireModel):
    """A secret in a list."""

    content_type: str | None = Field(None, alias="contentType")
    id: str
    managed: bool | None = None
    attributes: Attributes
    tags: Tags | None = None


class DeletedSecretBundle(SecretBundle, Deletion):
    """A deleted secret; without its value."""


class DeletedSecretItem(SecretItem, Deletion):
    """A deleted secret in a list."""
