"""What of a request is noted in its event, so that the call can be shown again: members known to be no secret."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic_core import from_json, to_json

from kvlab.errors import X509Error
from kvlab.wire.certificate import Attributes
from kvlab.wire.issuer import Contact, Contacts, IssuerBundle, IssuerCredentials, OrganizationDetails
from kvlab.wire.model import WireModel, base64url, decode_base64
from kvlab.wire.policy import CertificatePolicy, PolicyAttributes
from kvlab.x509.container import load_certificates

LIMIT = 8192
"""Octets of JSON; a longer request is not noted."""

DIGEST_OCTETS = 64
"""The longest digest that is signed; what is longer is a mistake, and could be anything."""


class Reader(NamedTuple):
    """Returns of an argument what may be noted, or None."""

    read: Callable[[Any], Any]


Kind = type[WireModel] | Reader | None


def _digest(value: Any) -> Any:
    octets = decode_base64(value) if isinstance(value, str) else value
    return base64url(octets) if isinstance(octets, bytes) and len(octets) <= DIGEST_OCTETS else None


def _certificates(value: Any) -> Any:
    """Return certificates as the wire has them; of a file that also holds a key, the certificates only."""
    entries = [value] if isinstance(value, (bytes, bytearray, str, x509.Certificate)) else value
    try:
        found = [der for entry in entries for der in _der(entry)]
    except X509Error:
        return None
    return [base64.b64encode(der).decode() for der in found]


def _der(entry: Any) -> list[bytes]:
    if isinstance(entry, x509.Certificate):
        return [entry.public_bytes(Encoding.DER)]
    return load_certificates(bytes(entry) if isinstance(entry, bytearray) else entry)


_VERSION: dict[str, Kind] = {"attributes": Attributes, "tags": None}
_CERTIFICATE: dict[str, Kind] = {"policy": CertificatePolicy, **_VERSION, "preserve_cert_order": None}
_ISSUER: dict[str, Kind] = {
    "issuer": IssuerBundle, "provider": None, "credentials": IssuerCredentials, "org_details": OrganizationDetails,
    "attributes": PolicyAttributes,
}  # fmt: skip
_KEY: dict[str, Kind] = {"attributes": Attributes, "tags": None, "key_ops": None}
_OPERAND: dict[str, Kind] = {"version": None, "alg": None}
_OPERATION: dict[str, Kind] = {"request_id": None}
_LIST: dict[str, Kind] = {"include_pending": None, "maxresults": None}

NOTED: dict[str, dict[str, Kind]] = {
    "create_certificate": _CERTIFICATE,
    "import_certificate": _CERTIFICATE,
    "merge_certificate": {"x5c": Reader(_certificates), **_VERSION},
    "get_certificate": {"version": None},
    "get_certificates": _LIST,
    "get_deleted_certificates": _LIST,
    "update_certificate": {"version": None, **_VERSION, "policy": CertificatePolicy},
    "update_certificate_policy": {"policy": CertificatePolicy},
    "get_certificate_operation": _OPERATION,
    "update_certificate_operation": {"cancellation_requested": None, **_OPERATION},
    "delete_certificate_operation": _OPERATION,
    "set_certificate_contacts": {"contacts": Contacts},
    "set_certificate_issuer": _ISSUER,
    "update_certificate_issuer": _ISSUER,
    "create_key": {"kty": None, "key_size": None, "crv": None, **_KEY},
    "import_key": {"hsm": None, **_KEY},
    "get_key": {"version": None},
    "update_key": {"version": None, **_KEY},
    "sign": {"version": None, "alg": None, "value": Reader(_digest)},
    "verify": _OPERAND,
    "encrypt": _OPERAND,
    "decrypt": _OPERAND,
    "wrap_key": _OPERAND,
    "unwrap_key": _OPERAND,
    "get_secret": {"version": None, "out_content_type": None},
    "set_secret": {"content_type": None, **_VERSION},
    "update_secret": {"version": None, "content_type": None, **_VERSION},
}
"""The arguments of each operation that may be noted, with the model whose members are known; all others are not."""

_NOT_HIDDEN = ("name", "maxresults", "after")
_PASSWORD = "pwd"  # noqa: S105  the name of a member


class Asked(NamedTuple):
    """A call of an operation: its method, and what that was given."""

    method: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def is_noted_as(self, kind: str) -> bool:
        """Tell whether an event of this kind is about the call: ``wrap_key`` is noted as ``wrapKey``."""
        return kind.casefold() == self.method.__name__.replace("_", "") or kind == self.method.__name__

    def noted(self) -> dict[str, Any] | None:
        """
        Return the arguments that may be noted, as JSON values; ``hidden`` names those that were given beside them.

        None if nothing was given, or if it is no request that could be shown again.
        """
        names = _parameters(self.method)
        given = {**dict(zip(names, self.args, strict=False)), **self.kwargs}
        known = NOTED.get(self.method.__name__, {})
        try:
            found = {name: _known(value, known[name]) for name, value in given.items() if name in known}
            found = {name: value for name, value in found.items() if value is not None}
            hidden = [name for name, value in given.items() if value is not None and name not in (*found, *_NOT_HIDDEN)]
            if any(_has_password(given.get(name)) for name in ("issuer", "credentials")):
                hidden.append(_PASSWORD)
            noted = {**found, **({"hidden": hidden} if hidden else {})}
            fits = len(to_json(noted)) <= LIMIT
        except (TypeError, ValueError, RecursionError):
            return None
        return noted if noted and fits else None


ASKED: ContextVar[Asked | None] = ContextVar("kvlab_asked", default=None)
"""The operation that is being done."""


@cache
def _parameters(method: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a method's arguments without the first two, which are the vault and mostly a name."""
    return tuple(inspect.signature(method).parameters)[1:]


def _known(value: Any, model: Kind) -> Any:
    """Return JSON values; of an object only the members its model knows, whatever else a caller put there."""
    if isinstance(value, WireModel):
        value = value.model_dump(mode="json", warnings=False)
    if model is None or isinstance(model, Reader):
        return _plain(value) if model is None else model.read(value)
    if isinstance(value, str):
        value = from_json(value)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        inner = Contact if model is Contacts else model
        return [_known(member, inner) for member in value]
    if not isinstance(value, Mapping):
        return None
    members = model.known_members()
    kept = {
        name: _known(member, members[name]) if members[name] else _leaf(member)
        for name, member in value.items()
        if name in members and name != _PASSWORD
    }
    return {name: member for name, member in kept.items() if member is not None}


def _leaf(value: Any) -> Any:
    """Return text, a number or a list of such; an object has no place there, and could hold anything."""
    # Most are text, and an abstract class takes ten times as long to know its own.
    if isinstance(value, (str, int)):
        return _plain(value)
    if isinstance(value, Mapping):
        return None
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_leaf(member) for member in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64url(value)
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(member) for key, member in value.items()}
    if isinstance(value, Sequence):
        return [_plain(member) for member in value]
    raise TypeError


def _has_password(value: Any) -> bool:
    if isinstance(value, WireModel):
        value = value.model_dump(warnings=False)
    if isinstance(value, str):
        value = from_json(value)
    if not isinstance(value, Mapping):
        return False
    return value.get(_PASSWORD) is not None or _has_password(value.get("credentials"))
