"""The only place that makes JSON of a refusal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kvlab.errors import MethodNotAllowed
from kvlab.server.message import JSON, Response

if TYPE_CHECKING:
    from kvlab.errors import VaultError


def refusal(error: VaultError) -> Response:
    """Return a refusal as the service words it."""
    inner = {"innererror": {"code": error.inner_code}} if error.inner_code else {}
    headers = {"Content-Type": JSON}
    if isinstance(error, MethodNotAllowed) and error.allowed:
        headers["Allow"] = error.allowed
    if (seconds := getattr(error, "retry_seconds", None)) is not None:
        headers["Retry-After"] = str(seconds)
    return Response(error.status, _body({"code": error.code, "message": error.message, **inner}), headers)


def failure() -> Response:
    """Return the answer to a request that kvlab could not handle: a bug, and nothing about it leaves the server."""
    body = _body({"code": "InternalServerError", "message": "An internal error occurred; the server's log has more."})
    return Response(500, body, {"Content-Type": JSON})


def _body(error: dict[str, object]) -> bytes:
    # Escaped to ASCII: the sentence may repeat what a caller wrote, half surrogate pairs too.
    return json.dumps({"error": error}, separators=(",", ":")).encode()
