"""
Keys and what is done with them.

Source: https://learn.microsoft.com/rest/api/keyvault/keys/get-key (definitions).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kvlab.wire.certificate import Attributes, Deletion
from kvlab.wire.model import Base64Url, Tags, WireModel

KeyOperationName = Literal["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]

KEY_OPERATIONS: tuple[KeyOperationName, ...] = ("encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey")


class JsonWebKey(WireModel):
    """The public half of a key (RFC 7517)."""

    kid: str | None = None
    kty: str
    key_ops: list[str] | None = None
    n: Base64Url | None = None
    e: Base64Url | None = None
    crv: str | None = None
    x: Base64Url | None = None
    y: Base64Url | None = None


class PrivateJsonWebKey(JsonWebKey):
    """A whole key (RFC 7518 section 6), as an import brings it; the private members are never part of the repr."""

    d: Base64Url | None = Field(None, repr=False)
    dp: Base64Url | None = Field(None, repr=False)
    dq: Base64Url | None = Field(None, repr=False)
    qi: Base64Url | None = Field(None, repr=False)
    p: Base64Url | None = Field(None, repr=False)
    q: Base64Url | None = Field(None, repr=False)


class KeyAttributes(Attributes):
    """
    What the vault knows about one version of a key.

    Attributes:
        exportable: whether release may hand the private half out; from API version 7.3 in answers.
        hsm_platform: ``0`` for software, ``2`` for an HSM; from API version 7.5 in answers.
    """

    exportable: bool | None = None
    hsm_platform: str | None = Field(None, alias="hsmPlatform")


class KeyReleasePolicy(WireModel):
    """Under which rules a key could be released; ``data`` is an encoded policy."""

    content_type: str | None = Field(None, alias="contentType")
    immutable: bool | None = None
    data: Base64Url | None = None


class KeyBundle(WireModel):
    """One version of a key, without its private half."""

    key: JsonWebKey
    attributes: KeyAttributes
    tags: Tags | None = None
    managed: bool | None = None


class DeletedKeyBundle(KeyBundle, Deletion):
    """A deleted key."""


class KeyItem(WireModel):
    """A key in a list."""

    kid: str
    attributes: KeyAttributes
    tags: Tags | None = None
    managed: bool | None = None


class DeletedKeyItem(KeyItem, Deletion):
    """A deleted key in a list."""


class KeyOperationResult(WireModel):
    """What sign, encrypt, decrypt, wrapKey or unwrapKey gave."""

    kid: str
    # What decrypt and unwrapKey return may be a secret: it stays out of a notebook's output.
    value: Base64Url = Field(repr=False)


class KeyVerifyResult(WireModel):
    """Whether a signature holds."""

    value: bool
