"""A call as the service's REST API has it, and the answer."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from kvlab.errors import VaultError
from kvlab.render.call.quote import json_text
from kvlab.render.markup import compact_json
from kvlab.wire.model import WireModel, base64url

if TYPE_CHECKING:
    from kvlab.render.call.call import Call

API_VERSION = "2025-07-01"
"""The newest that is no preview and that the official clients speak."""

TOKEN = "<token>"  # noqa: S105  what stands in a token's place

REASONS = {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 400: "Bad Request", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip
"""RFC 9110 section 15."""

_SECRET_VALUES = frozenset({"get_secret", "set_secret", "decrypt", "unwrap_key"})
"""The operations whose answers hold a secret in ``value``."""
_QUERY = {"includePending": "include_pending", "outContentType": "out_content_type"}
_LONG = 120


def url_of(call: Call) -> str:
    """Return the URL with its query."""
    path = "/".join(quote(part, safe="") for part in call.path)
    query = {"api-version": API_VERSION}
    for name in (*call.route.query, *(("maxresults",) if call.route.paged else ())):
        value = call.arguments.get(_QUERY.get(name, name))
        if value is not None:
            query[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{call.vault_url}/{path}?{urlencode(query)}"


def body_of(call: Call) -> dict[str, Any] | None:
    """Return the body as JSON values, a ``Given`` where something secret or long belongs; None where there is none."""
    route = call.route
    if route.body is None:
        return None
    if route.whole:
        whole = call.arguments.get(route.whole)
        return dict(whole) if isinstance(whole, dict) else {}
    values = {member.wire_name: call.arguments.get(member.argument) for member in route.body}
    return {name: _on_wire(name, value) for name, value in values.items() if value is not None}


def request_text(call: Call) -> str:
    """Return the request as HTTP/1.1 has it; the token is left out."""
    url, body = urlsplit(url_of(call)), body_of(call)
    lines = [f"{call.route.method} {url.path}?{url.query} HTTP/1.1", f"Host: {url.netloc}",
             f"Authorization: Bearer {TOKEN}"]  # fmt: skip
    if body is None:
        return "\n".join(lines) + "\n"
    return "\n".join([*lines, "Content-Type: application/json", "", json_text(body, lines=True)]) + "\n"


def response_text(call: Call, result: Any) -> str:
    """
    Return the answer to a call as HTTP/1.1 has it, from what the vault's method returned or raised.

    A secret's value is not shown, and long text is cut; headers that say nothing about the call are left out.
    """
    if isinstance(result, VaultError):
        return refusal_text(result.status, result.code, result.inner_code, result.message)
    if result is None:
        return _response(call.route.status, None)
    if isinstance(result, (list, tuple)):
        return _response(200, {"value": [item.model_dump(mode="json") for item in result]})
    body = result.model_dump(mode="json") if isinstance(result, WireModel) else result
    if call.operation in _SECRET_VALUES and body.get("value"):
        body = {**body, "value": f"<{len(str(body['value']))} characters, not shown>"}
    return _response(call.route.status, body)


def refusal_text(status: int, code: str, inner_code: str | None, message: str) -> str:
    """Return a refusal as HTTP/1.1 has it."""
    inner = {"innererror": {"code": inner_code}} if inner_code else {}
    return _response(status, {"error": {"code": code, "message": message, **inner}})


def _response(status: int, body: Any) -> str:
    head = f"HTTP/1.1 {status} {REASONS.get(status, '')}".rstrip()
    if body is None:
        return f"{head}\n"
    return f"{head}\nContent-Type: application/json; charset=utf-8\n\n{compact_json(_shortened(body))}\n"


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_shortened(member) for member in value]
    if isinstance(value, str) and len(value) > _LONG and re.fullmatch(r"[\w+/=-]+", value):
        return f"{value[:40]}... ({len(value):,} characters)"
    return value


def _on_wire(name: str, value: Any) -> Any:
    """Return an argument as the body has it: certificates in base64, operands of keys in base64url."""
    if name == "x5c":
        return [base64.b64encode(entry).decode() if isinstance(entry, bytes) else entry for entry in value]
    if isinstance(value, bytes):
        return base64url(value)
    return value
