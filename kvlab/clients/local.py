"""What stands between an official client and a vault in the same process: transport and credential."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.pipeline.transport import AsyncHttpTransport, HttpTransport

from kvlab.clients.response import AsyncLocalResponse, LocalResponse
from kvlab.clock import SimulatedClock
from kvlab.server.message import Request
from kvlab.vault.access import OWNER

if TYPE_CHECKING:
    from kvlab.server.endpoint import Endpoint
    from kvlab.server.message import Response
    from kvlab.server.site import Site
    from kvlab.vault.vault import Vault


class Wire:
    """What both kinds of transport do: hand a request to the service's endpoint, and let time pass."""

    def __init__(self, vault: Vault, endpoint: Endpoint) -> None:
        self._vault = vault
        self._endpoint = endpoint

    def send(self, request: Any) -> Response:
        """Answer a request of azure-core."""
        url = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return self._endpoint.handle(
            Request(request.method, url.netloc, url.path, url.query, headers, _octets(request))
        )

    def moves_clock(self, seconds: float) -> bool:
        """Move a simulated clock to the next instant at which an operation goes on; tell whether it is simulated."""
        clock = self._vault.clock
        if not isinstance(clock, SimulatedClock):
            return False
        due = self._vault.next_operation_due()
        clock.advance(max(seconds, (due - clock.now()).total_seconds() if due else 0))
        return True


class LocalTransport(HttpTransport):  # type: ignore[type-arg]
    """An azure-core transport that opens no socket."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def send(self, request: Any, **_options: Any) -> LocalResponse:
        """Answer a request; the options of a connection mean nothing here."""
        return LocalResponse(request, self._wire.send(request))

    def sleep(self, duration: float) -> None:
        """Wait; a simulated clock moves instead."""
        if not self._wire.moves_clock(duration):
            time.sleep(duration)

    def open(self) -> None:
        """Do nothing: there is no connection."""

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None


class AsyncLocalTransport(AsyncHttpTransport):  # type: ignore[type-arg]
    """The same for asynchronous clients; the vault works in a thread, so that the event loop is never blocked."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def send(self, request: Any, **_options: Any) -> AsyncLocalResponse:
        """Answer a request."""
        return AsyncLocalResponse(request, await asyncio.to_thread(self._wire.send, request))

    async def sleep(self, duration: float) -> None:
        """Wait; a simulated clock moves instead."""
        if not await asyncio.to_thread(self._wire.moves_clock, duration):
            await asyncio.sleep(duration)

    async def open(self) -> None:
        """Do nothing: there is no connection."""

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    async def __aexit__(self, *_error: object) -> None:
        return None


class LocalCredential:
    """A token credential for one principal of an in-process vault."""

    def __init__(self, site: Site, principal: str) -> None:
        self._site = site
        self._client_id = site.register.client_id if principal == OWNER else principal

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        """Return an access token for a scope."""
        resource = scopes[0].removesuffix("/.default") if scopes else ""
        return AccessToken(*self._site.tokens.issue(self._client_id, self._site.audience(resource)))

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Return the same in the newer shape."""
        del options
        token = self.get_token(*scopes)
        return AccessTokenInfo(token.token, token.expires_on)

    def __repr__(self) -> str:
        return "LocalCredential()"


class AsyncLocalCredential:
    """The asynchronous twin of ``LocalCredential``."""

    def __init__(self, credential: LocalCredential) -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return an access token for a scope."""
        return self._credential.get_token(*scopes, **options)

    async def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Return the same in the newer shape."""
        return self._credential.get_token_info(*scopes, options=options)

    async def close(self) -> None:
        """Do nothing."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        return None


def _octets(request: Any) -> bytes:
    """Return the body of a request of azure-core, of the older kind too."""
    content = getattr(request, "content", None) if hasattr(request, "content") else request.body
    if content is None:
        return b""
    if hasattr(content, "read"):
        content = content.read()
    return content.encode() if isinstance(content, str) else bytes(content)
