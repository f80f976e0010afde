"""
The authority: where clients get their tokens, and what may be read without one.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (request and answer) and
https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference (managed identity).
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from kvlab.clock import SystemClock
from kvlab.server import resource_manager
from kvlab.server.message import JSON, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.errors import VaultError
    from kvlab.server.message import Request
    from kvlab.server.site import Site

HEALTH = ["kvlab", "health"]
IDENTITY = ["kvlab", "identity", "token"]
IMDS = ["metadata", "identity", "oauth2", "token"]

FORM_FIELDS = 100
"""More than that is no form of a client; reading it would take long."""

_CLOCK = SystemClock()


def is_asked(request: Request, site: Site) -> bool:
    """Tell whether a request is for one of the places that need no token."""
    segments = request.segments()
    return segments in (HEALTH, IDENTITY, IMDS) or (site.base_url is not None and _place(segments) is not None)


def answer(request: Request, site: Site) -> Response:
    """Answer such a request."""
    segments = request.segments()
    if segments == HEALTH:
        return _get(request, lambda: _json({"status": "ok", "vaults": site.names}))
    if segments in (IDENTITY, IMDS):
        return _get(request, lambda: _managed_identity(request, site))
    place = _place(segments)
    if place in ("instance", "metadata"):
        found = _instances(request, site) if place == "instance" else resource_manager.metadata(str(site.base_url))
        return _get(request, lambda: _json(found))
    if segments[0] not in (site.register.tenant_id, "common", "organizations"):
        return _error(400, "invalid_request", 90002, f"Tenant '{segments[0]}' not found.")
    if place == "token":
        return _token(request, site) if request.method == "POST" else _not_allowed(request, "POST")
    return _get(request, lambda: _json(_configuration(site) if place == "configuration" else site.tokens.key_set()))


def refusal(error: VaultError) -> Response:
    """Return a refusal in the authority's shape (RFC 6749 section 5.2)."""
    return _error(error.status, "invalid_request", 0, error.message)


def _place(segments: list[str]) -> str | None:
    """Name what of an authority, ``/{tenant}/…``, a path stands for."""
    match segments:
        case [_, "oauth2", "token"] | [_, "oauth2", "v2.0", "token"]:
            return "token"
        case [_, ".well-known", "openid-configuration"] | [_, "v2.0", ".well-known", "openid-configuration"]:
            return "configuration"
        case [_, "discovery", "keys"] | [_, "discovery", "v2.0", "keys"]:
            return "keys"
        case [_, "discovery", "instance"]:
            return "instance"
        case resource_manager.METADATA:
            return "metadata"
    return None


def _get(request: Request, found: Callable[[], Response]) -> Response:
    return found() if request.method == "GET" else _not_allowed(request, "GET")


def _token(request: Request, site: Site) -> Response:
    try:
        form = dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True, max_num_fields=FORM_FIELDS))
    except ValueError:
        form = {}
    client_id, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    if form.get("grant_type") != "client_credentials":
        return _error(
            400,
            "unsupported_grant_type",
            70003,
            "The app requested an unsupported grant type; this authority knows client_credentials.",
        )
    scope = form.get("scope") or form.get("resource", "")
    resource = next((part for part in scope.split() if part.startswith("https://")), "").removesuffix("/.default")
    if not resource:
        return _error(400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
    if not site.register.knows(client_id, secret):
        if not site.register.has(client_id):
            return _error(
                400, "unauthorized_client", 700016, "Application with this identifier was not found in the directory."
            )
        return _error(401, "invalid_client", 7000215, "Invalid client secret provided.")
    token, expires = site.tokens.issue(client_id, site.audience(resource))
    seconds = expires - int(_CLOCK.now().timestamp())
    return _json({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token})


def _managed_identity(request: Request, site: Site) -> Response:
    """Answer in the shape of App Service and of the instance metadata service; only who has the header's secret."""
    identity = site.register.managed_identity
    if identity is None:
        return _error(404, "invalid_request", 0, "This server was started without --managed-identity.")
    if "x-forwarded-for" in request.headers:
        return _error(400, "invalid_request", 0, "A request that came through a proxy gets no token.")
    given = request.headers.get("x-identity-header", "")
    if not hmac.compare_digest(given.encode(), identity.secret.encode()):
        return _error(401, "unauthorized_client", 0, "The header X-IDENTITY-HEADER is missing or wrong.")
    query = request.parameters()
    if request.segments() == IMDS and request.headers.get("metadata", "").lower() != "true":
        return _error(400, "invalid_request", 0, "Required metadata header not specified")
    resource = query.get("resource", "")
    if not resource:
        return _error(400, "invalid_resource", 0, "The query has no resource.")
    token, expires = site.tokens.issue(identity.client_id, site.audience(resource))
    now = int(_CLOCK.now().timestamp())
    return _json({
        "access_token": token, "client_id": identity.client_id, "expires_in": str(expires - now),
        "expires_on": str(expires), "not_before": str(now), "resource": resource, "token_type": "Bearer",
    })  # fmt: skip


def _configuration(site: Site) -> dict[str, Any]:
    base = f"{site.base_url}/{site.register.tenant_id}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "tenant_region_scope": None,
    }


def _instances(request: Request, site: Site) -> dict[str, Any]:
    host = request.host
    return {
        "tenant_discovery_endpoint": f"{site.base_url}/{site.register.tenant_id}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }


def _basic(request: Request) -> tuple[str, str] | None:
    """Return the client's credentials from the ``Authorization`` header (RFC 6749 section 2.3.1), if they are there."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(status, json.dumps(value).encode(), {"Content-Type": JSON})


def _not_allowed(request: Request, allowed: str) -> Response:
    response = _error(
        405, "invalid_request", 900561, f"The endpoint only accepts {allowed} requests, not {request.method}."
    )
    return response._replace(headers={**response.headers, "Allow": allowed})


def _error(status: int, error: str, number: int, description: str) -> Response:
    code = f"AADSTS{number}: " if number else ""
    trace = str(uuid.UUID(bytes=os.urandom(16), version=4))
    return _json({
        "error": error, "error_description": code + description, "error_codes": [number],
        "timestamp": _CLOCK.now().strftime("%Y-%m-%d %H:%M:%SZ"), "trace_id": trace, "correlation_id": trace,
    }, status)  # fmt: skip
