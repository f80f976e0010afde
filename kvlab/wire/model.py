"""What all of Key Vault's JSON has in common."""

from __future__ import annotations

import base64
import binascii
import json
import types
import typing
from functools import cache
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError
from pydantic_core import PydanticCustomError, PydanticSerializationError, from_json

from kvlab.errors import InvalidProperty

if typing.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class WireModel(BaseModel):
    """
    A JSON object of the service: members by their wire names, absent ones left out, unknown ones ignored.

    ``model_dump(mode="json")`` and ``model_dump_json()`` give exactly the service's JSON.
    """

    model_config = ConfigDict(
        extra="ignore", strict=True, hide_input_in_errors=True, serialize_by_alias=True, validate_by_name=True
    )

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """Return the members; absent ones are left out unless ``exclude_none=False`` is given."""
        return super().model_dump(**{"exclude_none": True, **options})

    def model_dump_json(self, **options: Any) -> str:
        """Return the service's JSON; absent members are left out unless ``exclude_none=False`` is given."""
        return super().model_dump_json(**{"exclude_none": True, **options})

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        return ((name, value) for name, value in super().__repr_args__() if value is not None)

    @classmethod
    def read(cls, value: Self | Mapping[str, Any] | str | None, field: str) -> Self:
        """
        Take a model, a mapping or JSON text.

        Args:
            value: what a caller gave.
            field: how the request names it, such as ``policy``; errors begin with it.

        Raises:
            InvalidProperty: a member is of a wrong type or out of range; it names the member and what is allowed.
        """
        try:
            if isinstance(value, str):
                return cls.model_validate_json(value)
            if isinstance(value, cls):
                # A copy, and checked again: what the caller did, or will do, to its own object must not reach us.
                value = value.model_dump(exclude_unset=True, exclude_none=False, warnings=False)
            found = cls.model_validate(value)
            found.model_dump_json()
        except PydanticSerializationError:
            # Half of a surrogate pair: a Python text can hold it, and no answer could be written any more.
            raise InvalidProperty(field, "It holds text that is not Unicode.") from None
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            location = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
            raise InvalidProperty(field + location, f"{first['msg']}.") from None
        return found

    @classmethod
    def known_members(cls) -> dict[str, type[WireModel] | None]:
        """Return the members in every spelling that is read, with the model of those that are objects."""
        return _members(cls)

    @classmethod
    def describe(cls, path: str) -> str:
        """
        Return what a member is for.

        Args:
            path: by its names on the wire, such as ``key_props.exportable``.
        """
        first, _, rest = path.partition(".")
        if rest:
            inner = _members(cls)[first]
            assert inner is not None
            return inner.describe(rest)
        found = next(field for name, field in cls.model_fields.items() if first in (name, field.alias))
        return found.description or ""

    @classmethod
    def unknown_members(cls, value: Any, prefix: str = "") -> list[str]:
        """List the members of a mapping or of valid JSON text, at any depth, that the model ignores."""
        if isinstance(value, str):
            value = from_json(value)
        if not isinstance(value, dict):
            return []
        found = []
        for name, member in value.items():
            inner = _members(cls).get(name, _UNKNOWN)
            path = f"{prefix}{name}"
            if inner is _UNKNOWN:
                found.append(path)
            elif inner is not None:
                entries = member if isinstance(member, list) else [member]
                found += [hit for entry in entries for hit in inner.unknown_members(entry, f"{path}.")]
        return found


_UNKNOWN: Any = object()


@cache
def _members(model: type[WireModel]) -> dict[str, type[WireModel] | None]:
    found: dict[str, type[WireModel] | None] = {}
    for name, field in model.model_fields.items():
        inner = _inner_model(field.annotation)
        for spelling in (name, field.alias):
            if spelling:
                found[spelling] = inner
    return found


def _inner_model(annotation: Any) -> type[WireModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, WireModel) else None
    for argument in typing.get_args(annotation):
        if inner := _inner_model(argument):
            return inner
    return None


def _mapping(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def base64url(octets: bytes) -> str:
    """Encode as base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decode_base64(text: str) -> bytes | None:
    """Decode base64 or base64url, with or without padding; None if it is neither."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _decode(value: object) -> object:
    if not isinstance(value, str):
        return value
    octets = decode_base64(value)
    if octets is None:
        raise PydanticCustomError("base64", "It is no base64")
    return octets


Base64 = Annotated[
    bytes,
    BeforeValidator(_decode),
    PlainSerializer(lambda octets: base64.b64encode(octets).decode(), return_type=str, when_used="json"),
]
"""Octets that are standard base64 with padding on the wire (``cer``, ``csr``, entries of ``x5c``)."""

Base64Url = Annotated[bytes, BeforeValidator(_decode), PlainSerializer(base64url, return_type=str, when_used="json")]
"""Octets that are base64url without padding on the wire (``x5t``, JWK members, values of key operations)."""

Tags = dict[str, str]
"""Up to 15 pairs of text."""
