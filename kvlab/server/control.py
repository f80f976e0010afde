"""What is kvlab's own and not the service's: the clock, principals, simulated CAs, further vaults and the event log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kvlab.clock import SimulatedClock
from kvlab.errors import (
    ClockRuns,
    InvalidProperty,
    InvalidRequestException,
    MethodNotAllowed,
    MissingProperty,
    ResourceNotFound,
)
from kvlab.iot.access import AccessKeys
from kvlab.providers.message import CaRequest
from kvlab.server.message import JSON, Response
from kvlab.vault.access import NAMES, OWNER
from kvlab.vault.vault import PRINCIPAL_LENGTH
from kvlab.vault.view import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kvlab.server.message import Request
    from kvlab.server.site import Site
    from kvlab.vault.partner import PartnerCA
    from kvlab.vault.vault import Vault

PREFIX = "/kvlab/"

CA_API = "api"
"""``/kvlab/cas/DigiCert/api/…``: what follows is a path of the CA's own API."""

EVENT_PAGE = 1000
"""How many events one answer holds at most; whoever wants more asks again with the last number."""

_ACCESS_KEY_MEMBERS = frozenset({"account", "access_key_id", "secret_access_key"})
_PRINCIPAL_MEMBERS = frozenset({"client_id", "client_secret", "roles", *NAMES})


def answer(request: Request, site: Site, vault: Vault) -> Response:
    """
    Do what the owner asks, on the vault of the request's host.

    Raises:
        VaultError: nothing is at the path, or a member is not what it should be.
    """
    segments = request.segments()[1:]
    if segments[:1] == ["cas"] and segments[2:3] == [CA_API]:
        return _at_the_ca(request, vault.ca(segments[1]))
    handlers: dict[str, Callable[[], tuple[int, dict[str, Any]]]] = {}
    match segments:
        case ["clock"]:
            handlers = {"GET": lambda: (200, _clock(vault)), "POST": lambda: (200, _advance(vault, request.object()))}
        case ["principals"]:
            handlers = {"POST": lambda: (200, _set_principal(site, vault, request.object()))}
        case ["vaults"]:
            handlers = {"GET": lambda: (200, {"value": [_described(site, request, name) for name in site.names]})}
        case ["vaults", name]:
            handlers = {"PUT": lambda: _open(site, request, name)}
        case ["cas", name]:
            handlers = {
                "GET": lambda: (200, vault.ca(name).configuration.model_dump(mode="json")),
                "PUT": lambda: (200, vault.ca(name).configure(request.object()).model_dump(mode="json")),
            }
        case ["iot", "access-keys"]:
            handlers = {"POST": lambda: (200, _define_access_key(site, request.object()))}
        case ["events"]:
            handlers = {"GET": lambda: (200, _events(vault, request))}
    return _answered(request, handlers)


def _answered(request: Request, handlers: Mapping[str, Callable[[], tuple[int, dict[str, Any]]]]) -> Response:
    if not handlers:
        raise ResourceNotFound(request.path)
    if request.method not in handlers:
        raise MethodNotAllowed(request.method, ", ".join(handlers))
    status, found = handlers[request.method]()
    return Response(status, json.dumps(found).encode(), {"Content-Type": JSON})


def _at_the_ca(request: Request, ca: PartnerCA) -> Response:
    """Hand a message to a simulated CA as it came, and its answer back."""
    parts = [part for part in request.path.split("/") if part]
    # Behind /kvlab/cas/{name}/api, still percent-encoded.
    path = "/" + "/".join(parts[4:])
    if request.query:
        path = f"{path}?{request.query}"
    # The owner's token is not the CA's business.
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    answer = ca.answer(CaRequest(request.method, path, headers, request.body))
    return Response(answer.status, answer.body, answer.headers)


def _clock(vault: Vault) -> dict[str, Any]:
    return {"kind": vault.clock.kind, "now": int(vault.clock.now().timestamp()), "seeded": vault.seeded}


def _advance(vault: Vault, body: dict[str, Any]) -> dict[str, Any]:
    seconds = body.get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
        raise InvalidProperty("advance", "It is a number of seconds, 0 or more.")
    if not isinstance(vault.clock, SimulatedClock):
        raise ClockRuns
    try:
        vault.clock.advance(seconds)
    except (ValueError, OverflowError):
        raise InvalidProperty("advance", "A clock ends with the year 9999.") from None
    return _clock(vault)


def _set_principal(site: Site, vault: Vault, body: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(body.keys() - _PRINCIPAL_MEMBERS):
        raise InvalidProperty(unknown[0], f"It is none of {', '.join(sorted(_PRINCIPAL_MEMBERS))}.")
    client_id, secret = body.get("client_id"), body.get("client_secret")
    if client_id is None:
        raise MissingProperty("client_id")
    plain_text("client_id", client_id, PRINCIPAL_LENGTH)
    if client_id in (site.register.client_id, OWNER):
        raise InvalidProperty("client_id", "The owner's client may do everything.")
    if secret is not None and (not isinstance(secret, str) or not secret):
        raise InvalidProperty("client_secret", "It is text.")
    if secret is None and not site.register.has(client_id):
        raise MissingProperty("client_secret")
    grants = {area: _names(body, area) for area in (*NAMES, "roles")}
    vault.set_principal(client_id, **grants)
    if secret is not None:
        site.register.add(client_id, secret)
    return {"client_id": client_id, **{area: names for area, names in grants.items() if names}}


def _define_access_key(site: Site, body: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(body.keys() - _ACCESS_KEY_MEMBERS):
        raise InvalidProperty(unknown[0], f"It is none of {', '.join(sorted(_ACCESS_KEY_MEMBERS))}.")
    if "account" not in body:
        raise MissingProperty("account")
    try:
        # AWS IoT is served beside the default vault only.
        return AccessKeys(site.default).define(**body)._asdict()
    except InvalidRequestException as error:
        raise InvalidProperty("body", error.message) from None


def _names(body: dict[str, Any], area: str) -> list[str]:
    found = body.get(area) or []
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise InvalidProperty(area, "It is a JSON array of names.")
    return found


def _open(site: Site, request: Request, name: str) -> tuple[int, dict[str, Any]]:
    _, new = site.open(name)
    return (201 if new else 200), _described(site, request, name)


def _described(site: Site, request: Request, name: str) -> dict[str, Any]:
    vault, _ = site.open(name)
    return {
        "name": vault.name,
        "vault_url": site.vault_url(vault, request.host),
        "clock": vault.clock.kind,
        "seeded": vault.seeded,
    }


def _events(vault: Vault, request: Request) -> dict[str, Any]:
    after = request.parameters().get("after", "0")
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise InvalidProperty("after", "It is the number of an event, or 0.")
    return {"value": [event.to_json() for event in vault.events.since(int(after), EVENT_PAGE)]}
