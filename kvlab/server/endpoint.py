"""One request in, one answer out: who asks, what for, and the vault's method that does it. No rule lives here."""

from __future__ import annotations

import base64
import json
import os
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kvlab.errors import NotTheOwner, StoreUnavailable, Unauthorized, VaultError
from kvlab.server import control, login, page, resource_manager
from kvlab.server.error import failure, refusal
from kvlab.server.message import JSON, Response
from kvlab.server.version import check_version, left_out
from kvlab.vault.access import OWNER
from kvlab.wire.operation import CertificateOperation
from kvlab.wire.route import find_route

if TYPE_CHECKING:
    from kvlab.server.message import Request
    from kvlab.server.site import Site
    from kvlab.vault.vault import Vault
    from kvlab.wire.route import Route

RETRY_SECONDS = 10
"""What the service asks a poller to wait: https://learn.microsoft.com/rest/api/keyvault/certificates/create-certificate"""

REQUEST_TYPE = "application/pkcs10"
NO_TOKEN = "AKV10000: Request is missing a Bearer, PoP, or MTLS_POP token."  # noqa: S105  a sentence

_ALWAYS = {
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Expires": "-1",
    "x-ms-keyvault-region": "local",
    "x-ms-keyvault-service-version": "1.9.3070.1",
    "x-ms-keyvault-network-info": "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
}
_ECHOED_OCTETS = 128


class Endpoint:
    """
    The service of one site.

    Args:
        site: its vaults and clients.
    """

    def __init__(self, site: Site) -> None:
        self.site = site

    def handle(self, request: Request) -> Response:
        """Answer a request: a refusal is an answer too; any other exception is a bug and goes to the caller."""
        try:
            response = self._answer(request)
        except VaultError as error:
            response = refusal(error)
            if isinstance(error, Unauthorized):
                challenge = {"WWW-Authenticate": self.site.challenge(request.host)}
                response = response._replace(headers={**response.headers, **challenge})
        return self._complete(request, response)

    def refuse(self, request: Request, error: VaultError) -> Response:
        """Answer a request that could not be read to its end."""
        shape = login.refusal if login.is_asked(request, self.site) else refusal
        return self._complete(request, shape(error))

    def failure(self) -> Response:
        """Answer a request that could not be handled."""
        return failure()

    def _complete(self, request: Request, response: Response) -> Response:
        """Add what is on every answer."""
        headers = {**_ALWAYS, "x-ms-request-id": str(uuid.UUID(bytes=os.urandom(16), version=4)), **response.headers}
        given = request.headers.get("x-ms-client-request-id", "")
        if given.isascii() and given.isprintable() and 0 < len(given) <= _ECHOED_OCTETS:
            headers["x-ms-client-request-id"] = given
        return response._replace(headers=headers)

    def _answer(self, request: Request) -> Response:
        vault = self.site.vault_at(request.host)
        if login.is_asked(request, self.site):
            return login.answer(request, self.site)
        client_id = self._authenticate(request)
        principal = self.site.principal(client_id)
        mine = vault.as_principal(principal, caller=self.site.caller(client_id))
        if request.path.startswith(control.PREFIX):
            return self._control(request, mine)
        if request.path == resource_manager.SUBSCRIPTIONS and request.method == "GET" and self.site.base_url:
            return Response(200, json.dumps(resource_manager.NO_SUBSCRIPTIONS).encode(), {"Content-Type": JSON})
        return _serve(request, mine)

    def _control(self, request: Request, vault: Vault) -> Response:
        try:
            if vault.principal != OWNER:
                raise NotTheOwner
            return control.answer(request, self.site, vault)
        except StoreUnavailable:
            # There is nowhere to note it, and to try would make the caller wait twice.
            raise
        except VaultError as error:
            vault.note_refusal("control", "/".join(request.segments()), error)
            raise

    def _authenticate(self, request: Request) -> str:
        """Return who asks; looked at before anything else of the request, as the service does."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not token:
            raise Unauthorized(NO_TOKEN)
        return self.site.tokens.check(token.strip())


def _serve(request: Request, vault: Vault) -> Response:
    segments = request.segments()
    method = request.method
    if method == "POST":
        # The page that tells of it spells it both ways.
        method = (request.headers.get("x-http-method") or request.headers.get("x-http-request") or method).upper()
    try:
        query = request.parameters()
        route, arguments = find_route(method, segments)
        version = check_version(query.get("api-version"))
        try:
            arguments |= _arguments(route, request, query)
        except VaultError:
            # Who may not is told that, and not what else is wrong.
            vault.check_permission(route.operation, arguments)
            raise
    except VaultError as error:
        vault.note_refusal("request", "/".join(segments), error)
        raise
    result = getattr(vault, route.operation)(**arguments)
    return _response(request, vault, route, version, arguments, result)


def _arguments(route: Route, request: Request, query: dict[str, str]) -> dict[str, Any]:
    if route.paged:
        return page.arguments(query, route)
    found: dict[str, Any] = {}
    if route.body is not None:
        found |= route.arguments(request.object())
    for name in route.query:
        if query.get(name):
            found[_ARGUMENT_OF.get(name, name)] = query[name]
    return found


_ARGUMENT_OF = {"outContentType": "out_content_type"}


def _response(
    request: Request, vault: Vault, route: Route, version: str, arguments: dict[str, Any], result: Any
) -> Response:
    headers = {"Content-Type": JSON}
    if route.paged:
        return Response(200, page.body(result, request, arguments, left_out(version)), headers)
    if result is None:
        return Response(route.status)
    if isinstance(result, CertificateOperation):
        if request.headers.get("accept") == REQUEST_TYPE and route.method == "GET":
            return Response(200, base64.b64encode(result.csr), {"Content-Type": REQUEST_TYPE})
        if result.status == "inProgress" and route.method in ("GET", "POST"):
            headers["Retry-After"] = str(RETRY_SECONDS)
    if route.operation == "create_certificate":
        query = f"api-version={quote(version)}&request_id={result.request_id}"
        headers["Location"] = f"{result.id}?{query}"
    elif route.operation == "merge_certificate":
        headers["Location"] = f"{vault.vault_url}/certificates/{arguments['name']}?api-version={quote(version)}"
    return Response(route.status, result.model_dump_json(exclude=left_out(version)).encode(), headers)
