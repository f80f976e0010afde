"""
The service's API as one table: method, path, operation, and which members of query and body the operation takes.

Sources: the OpenAPI descriptions at https://github.com/Azure/azure-rest-api-specs/tree/main/specification/keyvault.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.errors import InvalidProperty, MethodNotAllowed, MethodUnknown, MissingProperty, ResourceNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})

_JSON_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "object": ((dict,), "a JSON object"),
    "array": ((list,), "a JSON array"),
    "text": ((str,), "text"),
    "boolean": ((bool,), "true or false"),
    "integer": ((int,), "a whole number"),
}


def matched(path: Sequence[str], segments: Sequence[str], *, any_case: bool = False) -> dict[str, str] | None:
    """
    Return what stands in a path for the names in braces, by name; None if the path is another.

    Args:
        path: its parts.
        segments: of the request's path, decoded.
        any_case: whether the parts, which are lower case then, are found in any case.
    """
    if len(segments) != len(path):
        return None
    found = {}
    for part, segment in zip(path, segments, strict=True):
        if part[0] == "{":
            found[part[1:-1]] = segment
        elif part != (segment.casefold() if any_case else segment):
            return None
    return found


class Member(NamedTuple):
    """One member of a request's body."""

    wire_name: str
    argument: str
    kind: str
    required: bool


class Route(NamedTuple):
    """
    One operation of the service.

    Attributes:
        method: in capitals.
        path: its parts; those in braces are arguments of the operation.
        operation: the Vault method.
        body: the members that are passed on; None where the operation takes no body.
        whole: the argument that takes the whole body, if one does.
        query: the query members that are passed on.
        status: of a successful answer.
        paged: whether the answer is a list with pages.
    """

    method: str
    path: tuple[str, ...]
    operation: str
    body: tuple[Member, ...] | None = None
    whole: str | None = None
    query: tuple[str, ...] = ()
    status: int = 200
    paged: bool = False

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the arguments in a path, or None if it is another."""
        return matched(self.path, segments, any_case=True)

    def arguments(self, body: dict[str, Any]) -> dict[str, Any]:
        """
        Return the operation's arguments that a body holds.

        Raises:
            MissingProperty: a member that must be there is not.
            InvalidProperty: a member is of another JSON type.
        """
        if self.whole:
            return {self.whole: body}
        found = {}
        for member in self.body or ():
            value = body.get(member.wire_name)
            if value is None:
                if member.required:
                    raise MissingProperty(member.wire_name)
                continue
            types, said = _JSON_TYPES[member.kind]
            if not isinstance(value, types) or (member.kind == "integer" and isinstance(value, bool)):
                raise InvalidProperty(member.wire_name, f"It is {said}.")
            found[member.argument] = value
        return found


def find_route(method: str, segments: list[str]) -> tuple[Route, dict[str, str]]:
    """
    Return the route of a request and the arguments in its path.

    Raises:
        ResourceNotFound: no operation has the path.
        MethodNotAllowed: none that has it takes this method.
        MethodUnknown: HTTP has no such method.
    """
    if method not in METHODS:
        raise MethodUnknown(method)
    if len(segments) > 2 and segments[0].casefold() == "keys" and segments[-1].casefold() in _ABSENT:
        raise ResourceNotFound("/" + "/".join(segments))
    allowed = []
    for route in _BY_LENGTH.get(len(segments), ()):
        arguments = route.match(segments)
        if arguments is None:
            continue
        if route.method == method:
            return route, arguments
        allowed.append(route.method)
    if allowed or segments in _INCOMPLETE:
        raise MethodNotAllowed(method, ", ".join(dict.fromkeys(allowed)))
    raise ResourceNotFound("/" + "/".join(segments))


def _route(method: str, path: str, operation: str, body: str | None = None, **options: Any) -> Route:
    members = None if body is None else tuple(_member(text) for text in body.split())
    return Route(method, tuple(path.split("/")), operation, members, **options)


def _member(text: str) -> Member:
    """Read ``preserveCertOrder:boolean`` or ``value:text!``, where ``!`` says that it must be there."""
    name, kind = text.rstrip("!").split(":")
    return Member(name, re.sub("([A-Z])", r"_\1", name).lower().lstrip("_"), kind, required=text.endswith("!"))


def _list(path: str, operation: str, *query: str) -> Route:
    return _route("GET", path, operation, paged=True, query=query)


def _key_operation(path: str, operation: str, body: str = "alg:text! value:text!") -> tuple[Route, Route]:
    return (
        _route("POST", f"keys/{{name}}/{{version}}/{path}", operation, body),
        _route("POST", f"keys/{{name}}/{path}", operation, body),
    )


_VERSION_INPUT = "attributes:object tags:object"
_CERTIFICATE_INPUT = f"policy:object {_VERSION_INPUT} preserveCertOrder:boolean"
_KEY_INPUT = f"{_VERSION_INPUT} release_policy:object"
_SECRET_INPUT = f"contentType:text {_VERSION_INPUT}"

# A literal part stands before the placeholder of the same place: certificates/contacts is no certificate's name.
ROUTES: tuple[Route, ...] = (
    _route("GET", "certificates/contacts", "get_certificate_contacts"),
    _route("PUT", "certificates/contacts", "set_certificate_contacts", "contacts:array!"),
    _route("DELETE", "certificates/contacts", "delete_certificate_contacts"),
    _list("certificates/issuers", "get_certificate_issuers"),
    _route("GET", "certificates/issuers/{name}", "get_certificate_issuer"),
    _route("PUT", "certificates/issuers/{name}", "set_certificate_issuer", "", whole="issuer"),
    _route("PATCH", "certificates/issuers/{name}", "update_certificate_issuer", "", whole="issuer"),
    _route("DELETE", "certificates/issuers/{name}", "delete_certificate_issuer"),
    _route("POST", "certificates/restore", "restore_certificate", "value:text!"),
    _list("certificates", "get_certificates", "includePending"),
    _route("POST", "certificates/{name}/create", "create_certificate", _CERTIFICATE_INPUT, status=202),
    _route("POST", "certificates/{name}/import", "import_certificate", f"value:text! pwd:text {_CERTIFICATE_INPUT}"),
    _route("POST", "certificates/{name}/pending/merge", "merge_certificate", f"x5c:array! {_VERSION_INPUT}",
           status=201),
    _route("GET", "certificates/{name}/pending", "get_certificate_operation", query=("request_id",)),
    _route("PATCH", "certificates/{name}/pending", "update_certificate_operation", "cancellation_requested:boolean!",
           query=("request_id",)),
    _route("DELETE", "certificates/{name}/pending", "delete_certificate_operation", query=("request_id",)),
    _route("GET", "certificates/{name}/policy", "get_certificate_policy"),
    _route("PATCH", "certificates/{name}/policy", "update_certificate_policy", "", whole="policy"),
    _list("certificates/{name}/versions", "get_certificate_versions"),
    _route("POST", "certificates/{name}/backup", "backup_certificate"),
    _route("GET", "certificates/{name}", "get_certificate"),
    _route("GET", "certificates/{name}/{version}", "get_certificate"),
    _route("PATCH", "certificates/{name}", "update_certificate", f"policy:object {_VERSION_INPUT}"),
    _route("PATCH", "certificates/{name}/{version}", "update_certificate", f"policy:object {_VERSION_INPUT}"),
    _route("DELETE", "certificates/{name}", "delete_certificate"),
    _list("deletedcertificates", "get_deleted_certificates", "includePending"),
    _route("GET", "deletedcertificates/{name}", "get_deleted_certificate"),
    _route("POST", "deletedcertificates/{name}/recover", "recover_deleted_certificate"),
    _route("DELETE", "deletedcertificates/{name}", "purge_deleted_certificate", status=204),

    _list("keys", "get_keys"),
    _route("POST", "keys/{name}/create", "create_key",
           f"kty:text! key_size:integer crv:text key_ops:array {_KEY_INPUT}"),
    _route("POST", "keys/restore", "restore_key", "value:text!"),
    _route("PUT", "keys/{name}", "import_key", f"key:object! Hsm:boolean {_KEY_INPUT}"),
    _route("POST", "keys/{name}/backup", "backup_key"),
    _list("keys/{name}/versions", "get_key_versions"),
    *_key_operation("sign", "sign"),
    *_key_operation("verify", "verify", "alg:text! digest:text! value:text!"),
    *_key_operation("encrypt", "encrypt"),
    *_key_operation("decrypt", "decrypt"),
    *_key_operation("wrapkey", "wrap_key"),
    *_key_operation("unwrapkey", "unwrap_key"),
    _route("GET", "keys/{name}", "get_key"),
    _route("GET", "keys/{name}/{version}", "get_key"),
    _route("PATCH", "keys/{name}", "update_key", f"key_ops:array {_KEY_INPUT}"),
    _route("PATCH", "keys/{name}/{version}", "update_key", f"key_ops:array {_KEY_INPUT}"),
    _route("DELETE", "keys/{name}", "delete_key"),
    _list("deletedkeys", "get_deleted_keys"),
    _route("GET", "deletedkeys/{name}", "get_deleted_key"),
    _route("POST", "deletedkeys/{name}/recover", "recover_deleted_key"),
    _route("DELETE", "deletedkeys/{name}", "purge_deleted_key", status=204),

    _list("secrets", "get_secrets"),
    _route("PUT", "secrets/{name}", "set_secret", f"value:text! {_SECRET_INPUT}"),
    _route("POST", "secrets/restore", "restore_secret", "value:text!"),
    _route("POST", "secrets/{name}/backup", "backup_secret"),
    _list("secrets/{name}/versions", "get_secret_versions"),
    _route("GET", "secrets/{name}", "get_secret", query=("outContentType",)),
    _route("GET", "secrets/{name}/{version}", "get_secret", query=("outContentType",)),
    _route("PATCH", "secrets/{name}", "update_secret", _SECRET_INPUT),
    _route("PATCH", "secrets/{name}/{version}", "update_secret", _SECRET_INPUT),
    _route("DELETE", "secrets/{name}", "delete_secret"),
    _list("deletedsecrets", "get_deleted_secrets"),
    _route("GET", "deletedsecrets/{name}", "get_deleted_secret"),
    _route("POST", "deletedsecrets/{name}/recover", "recover_deleted_secret"),
    _route("DELETE", "deletedsecrets/{name}", "purge_deleted_secret", status=204),
)  # fmt: skip

_BY_LENGTH = {
    length: tuple(route for route in ROUTES if len(route.path) == length)
    for length in {len(route.path) for route in ROUTES}
}

_ABSENT = frozenset({"rotate", "rotationpolicy", "release", "attestation"})
"""What can be asked of a key in the service and not here: to say that a key has no such version would mislead."""

# What clients send when a name is empty: the service knows the path, with other methods.
_INCOMPLETE = (
    ["certificates"],
    ["keys"],
    ["secrets"],
    ["certificates", "restore"],
    ["keys", "restore"],
    ["secrets", "restore"],
)
