"""The ASGI application: reads a request whole, lets a thread answer it, and writes one line to the access log."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse

from kvlab.errors import BodyTooLarge
from kvlab.server.message import Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

    from kvlab.errors import VaultError

BODY_LIMIT = 4 * 1024 * 1024
"""Octets; a backup of many versions is the longest the service sends and takes."""

DRAINED_LIMIT = 64 * 1024 * 1024
"""How much of a body that is too long is read and thrown away, so that the client gets to read the answer."""

LOGGED_OCTETS = 500
"""How much of a path the access log shows."""

THREADS = 32

REQUEST_IDS = ("x-ms-request-id", "x-amzn-RequestId")

_log = logging.getLogger("kvlab.server")
_access = logging.getLogger("kvlab.access")


class Door(Protocol):
    """What answers the requests of one service."""

    def handle(self, request: Request) -> Response:
        """Answer a request; an exception is a bug."""

    def refuse(self, request: Request, error: VaultError) -> Response:
        """Answer a request that could not be read to its end."""

    def failure(self) -> Response:
        """Answer a request whose handling failed."""


class App:
    """
    Services over HTTP.

    Args:
        door: answers requests.
        others: by port, what answers the requests that come there.
    """

    def __init__(self, door: Door, others: Mapping[int, Door] | None = None) -> None:
        self._door = door
        self._others = others or {}
        self._threads = ThreadPoolExecutor(THREADS, "kvlab request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (https://asgi.readthedocs.io/en/latest/specs/www.html)."""
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        http = HttpRequest(scope, receive)
        try:
            body = await _read(http)
        except ClientDisconnect:
            return
        request = _request(http, body or b"")
        door = self._others.get((scope["server"] or ("", 0))[1], self._door)
        if body is None:
            response = door.refuse(request, BodyTooLarge(BODY_LIMIT))
        else:
            response = await asyncio.get_running_loop().run_in_executor(self._threads, self._handle, door, request)
        if scope["method"] == "HEAD":
            response = response._replace(body=b"")
        await HttpResponse(response.body, response.status, dict(response.headers))(scope, receive, send)
        _note(scope, response, began)

    def _handle(self, door: Door, request: Request) -> Response:
        try:
            return door.handle(request)
        except Exception:  # noqa: BLE001  a bug; the client learns no more than that, the log has it all
            _log.exception("%s %s could not be answered.", request.method, ascii(request.path))
            return door.failure()

    def close(self) -> None:
        """Wait for the requests under way."""
        self._threads.shutdown()


async def _read(http: HttpRequest) -> bytes | None:
    """Return the body; None if it is too long."""
    pieces: list[bytes] = []
    length = 0
    async for piece in http.stream():
        length += len(piece)
        if length <= BODY_LIMIT:
            pieces.append(piece)
        elif length > DRAINED_LIMIT:
            break
    return b"".join(pieces) if length <= BODY_LIMIT else None


def _request(http: HttpRequest, body: bytes) -> Request:
    scope: Any = http.scope
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    path = scope["raw_path"].decode("latin-1")
    return Request(
        scope["method"], headers.get("host", ""), path, scope["query_string"].decode("latin-1"), headers, body
    )


def _note(scope: Scope, response: Response, began: float) -> None:
    """Log what was asked and how it ended; never a query, header or body, which may hold what is nobody's business."""
    client = (scope.get("client") or ("-",))[0]
    milliseconds = 1000 * (time.perf_counter() - began)
    path = ascii(scope["raw_path"][:LOGGED_OCTETS].decode("latin-1"))[1:-1]
    request_id = next((response.headers[name] for name in REQUEST_IDS if name in response.headers), "-")
    _access.info("%s %s %s %d %.1f ms %s", client, scope["method"], path, response.status, milliseconds, request_id)
