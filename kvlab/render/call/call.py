"""One call of the service as a value, from which each client's way to make it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic_core import from_json

from kvlab.errors import X509Error
from kvlab.wire.model import WireModel
from kvlab.wire.route import ROUTES, Route
from kvlab.x509.container import load_certificates

if TYPE_CHECKING:
    from kvlab.vault.vault import Vault

DEFAULT_URL = "https://kvlab.vault.azure.net"


class Given(NamedTuple):
    """
    Something a call does not hold, for it is secret or long: where whoever makes the call takes it from.

    Attributes:
        source: an environment variable, or a file in the working directory.
        name: of the variable or the file.
        shape: how the wire has it: text as it is, octets in base64 or base64url, or the JSON of a file.
    """

    source: Literal["environment", "file"]
    name: str
    shape: Literal["text", "base64", "base64url", "json"] = "text"


_SECRETS = {
    ("import_certificate", "pwd"): Given("environment", "PFX_PASSWORD"),
    ("import_certificate", "value"): Given("file", "{name}.{kind}", "base64"),
    ("restore_certificate", "value"): Given("file", "{name}.certificate-backup", "base64url"),
    ("restore_key", "value"): Given("file", "{name}.key-backup", "base64url"),
    ("restore_secret", "value"): Given("file", "{name}.secret-backup", "base64url"),
    ("set_secret", "value"): Given("environment", "SECRET_VALUE"),
    ("import_key", "key"): Given("file", "{name}.jwk.json", "json"),
    ("encrypt", "value"): Given("file", "plaintext.bin", "base64url"),
    ("wrap_key", "value"): Given("file", "symmetric-key.bin", "base64url"),
}
"""What a call never holds. A backup is sealed, but long; what is to be encrypted is nobody else's business."""

HIDDEN: Any = object()
"""Stands for an argument whose value is not known any more."""

_FILES = {
    ("merge_certificate", "x5c"): Given("file", "{name}.pem", "base64"),
    ("sign", "value"): Given("file", "digest.bin", "base64url"),
    ("verify", "digest"): Given("file", "digest.bin", "base64url"),
    ("verify", "value"): Given("file", "signature.bin", "base64url"),
    ("decrypt", "value"): Given("file", "ciphertext.bin", "base64url"),
    ("unwrap_key", "value"): Given("file", "wrapped-key.bin", "base64url"),
}
"""Where an argument that could be shown is taken from when it is not known."""

PASSWORD = Given("environment", "ISSUER_PASSWORD")
"""Stands for the password in an issuer's credentials."""


@dataclass(frozen=True, slots=True)
class Call:
    """
    A call of one operation; it holds no secret. Made by ``Call.of``.

    Attributes:
        operation: the method of ``Vault``, which is the operation id of the REST reference in snake_case.
        name: of the certificate, key, secret or issuer; empty where the operation has none.
        version: 32 hexadecimal digits, or empty.
        arguments: the other arguments by name; JSON values, octets, or a ``Given``.
        vault_url: without a slash at the end.
    """

    operation: str
    name: str = ""
    version: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    vault_url: str = DEFAULT_URL

    @classmethod
    def of(cls, operation: str, name: str = "", *, vault: Vault | str | None = None, **arguments: Any) -> Call:
        """
        Take what a method of ``Vault`` is called with; what is secret is replaced by where to take it from.

        Args:
            operation: the method's name.
            name: its first argument, where that is a name.
            vault: whose URL is shown, or the URL.
            **arguments: the other arguments, by name; those that are None are left out.

        Raises:
            KeyError: the service has no such operation.
        """
        if operation not in _ROUTES:
            raise KeyError(operation)
        version = str(arguments.pop("version", None) or "")
        kept = {
            key: _kept(operation, name, key, value, arguments) for key, value in arguments.items() if value is not None
        }
        url = vault if isinstance(vault, str) else DEFAULT_URL if vault is None else vault.vault_url
        return cls(operation, name, version, _whole(operation, kept), url.rstrip("/"))

    @property
    def route(self) -> Route:
        """Where the service takes the call."""
        routes = _ROUTES[self.operation]
        return next((route for route in routes if ("{version}" in route.path) == bool(self.version)), routes[0])

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of the URL's path, not yet percent-encoded."""
        found = {"{name}": self.name, "{version}": self.version}
        return tuple(found.get(part, part) for part in self.route.path)

    @property
    def title(self) -> str:
        """The operation and what it is about: ``create_certificate web``."""
        return f"{self.operation} {self.name}".rstrip()

    @property
    def area(self) -> str:
        """``certificates``, ``keys`` or ``secrets``: which of the service's clients has the operation."""
        return self.route.path[0].removeprefix("deleted")

    def files(self) -> dict[str, bytes]:
        """Return the files that the texts speak of and that are public: the certificates to merge, as PEM."""
        entries = self.arguments.get("x5c", [])
        octets = [entry for entry in entries if isinstance(entry, bytes)]
        if not octets or len(octets) < len(entries):
            return {}
        certificates = map(x509.load_der_x509_certificate, octets)
        return {self.merge_file: b"".join(one.public_bytes(Encoding.PEM) for one in certificates)}

    @property
    def backup_file(self) -> str:
        """The name of the file that a backup is kept in."""
        return f"{self.name}.{self.area[:-1]}-backup"

    @property
    def merge_file(self) -> str:
        """The name of the file with what the CA sent: the certificate first, then its chain."""
        return f"{self.name}.pem"


def _whole(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Put the members of an object that may also be given one by one into that object."""
    whole = _ROUTES[operation][0].whole
    if whole is None or whole in arguments or whole == "policy":
        return arguments
    return {whole: arguments}


def _kept(operation: str, name: str, key: str, value: Any, arguments: Mapping[str, Any]) -> Any:
    hidden = (_SECRETS if value is not HIDDEN else _SECRETS | _FILES).get((operation, key))
    if hidden is None and value is HIDDEN:
        raise KeyError(key)
    if hidden is not None:
        file = hidden.name.format(name=name or "restored", kind=_kind(value, arguments))
        found = value if isinstance(value, Given) else hidden._replace(name=file)
        return [found] if key == "x5c" else found
    if key == "x5c":
        return _certificates(name, value)
    value = _plain(_read(value) if key in _OBJECTS else value)
    if key == "policy":
        return _asked(value)
    if key == "contacts" and isinstance(value, dict):
        return value.get("contacts", [])
    return _without_password(value)


_OBJECTS = ("policy", "issuer", "contacts")
"""What may also be given as JSON text."""


def _read(value: Any) -> Any:
    return from_json(value) if isinstance(value, str) else value


def _asked(policy: Any) -> Any:
    """Leave out of a policy what is only ever answered."""
    if not isinstance(policy, dict):
        return policy
    kept = {key: member for key, member in policy.items() if key not in ("id", "attributes")}
    if isinstance(x509_props := kept.get("x509_props"), dict):
        kept["x509_props"] = {key: member for key, member in x509_props.items() if key != "basic_constraints"}
    return kept


def _certificates(name: str, value: Any) -> list[bytes | Given]:
    """Return DER certificates; what is none is left for whoever calls to take from the file."""
    entries = [value] if isinstance(value, (bytes, bytearray, str, x509.Certificate)) else value
    found: list[bytes | Given] = []
    for entry in entries:
        try:
            found += _der(entry)
        except (X509Error, TypeError):
            found.append(Given("file", f"{name}.pem", "base64"))
    return found


def _der(entry: Any) -> list[bytes]:
    if isinstance(entry, x509.Certificate):
        return [entry.public_bytes(Encoding.DER)]
    return load_certificates(bytes(entry) if isinstance(entry, bytearray) else entry)


def _kind(value: Any, arguments: Mapping[str, Any]) -> str:
    policy = _plain(arguments.get("policy")) or {}
    content_type = policy.get("secret_props", {}).get("contentType", "") if isinstance(policy, dict) else ""
    head = value[:64] if isinstance(value, (str, bytes)) else ""
    is_pem = "-----BEGIN" in head if isinstance(head, str) else b"-----BEGIN" in head
    return "pem" if is_pem or content_type == "application/x-pem-file" else "pfx"


def _plain(value: Any) -> Any:
    """Return models as the JSON values they are on the wire."""
    if isinstance(value, WireModel):
        return value.model_dump(mode="json")
    if isinstance(value, Given):
        return value
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items() if member is not None}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_plain(member) for member in value]
    return value


def _without_password(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: PASSWORD if key == "pwd" and not isinstance(member, Given) else _without_password(member)
            for key, member in value.items()
        }
    return value


_ROUTES: dict[str, list[Route]] = {}
for _route in ROUTES:
    _ROUTES.setdefault(_route.operation, []).append(_route)
