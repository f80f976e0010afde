"""
Lists in pages of at most 25.

Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificates (``maxresults``, ``nextLink``).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pydantic_core import from_json

from kvlab.errors import InvalidProperty
from kvlab.wire.model import base64url, decode_base64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvlab.server.message import Request
    from kvlab.wire.model import WireModel
    from kvlab.wire.route import Route

PAGE_SIZE = 25
TOKEN = "$skiptoken"  # noqa: S105  the name of a query member

_FLAGS = {"true": True, "false": False}
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
_VERSION = re.compile(r"[0-9a-f]{32}")


def arguments(query: dict[str, str], route: Route) -> dict[str, Any]:
    """
    Return which page is asked for, as arguments of a list operation.

    Args:
        query: members ``maxresults``, ``$skiptoken``, and the boolean ones of the route, such as ``includePending``.
        route: of the list.

    Raises:
        InvalidProperty: a member is not what it should be.
    """
    found: dict[str, Any] = {"maxresults": PAGE_SIZE}
    if (text := query.get("maxresults")) is not None:
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise InvalidProperty("maxresults", "It is a whole number from 1 to 25.")
        found["maxresults"] = int(text)
    if TOKEN in query:
        found["after"] = _read_token(query[TOKEN], _VERSION if route.path[-1] == "versions" else _NAME)
    for flag in route.query:
        if (text := query.get(flag)) is not None:
            if text.lower() not in _FLAGS:
                raise InvalidProperty(flag, "It is true or false.")
            found["include_pending"] = _FLAGS[text.lower()]
    return found


def body(items: Sequence[WireModel], request: Request, asked: dict[str, Any], exclude: Any) -> bytes:
    """Return a page as JSON; a full one has a link to the next, which may turn out to be empty."""
    values = ",".join(item.model_dump_json(exclude=exclude) for item in items)
    link = _next_link(items[-1], request) if len(items) == asked["maxresults"] else None
    return f'{{"value":[{values}],"nextLink":{json.dumps(link)}}}'.encode()


def _next_link(last: Any, request: Request) -> str:
    """Return the absolute URL of the next page, with its port spelled out, as the service does."""
    identifier: str = getattr(last, "kid", None) or last.id
    query = request.parameters()
    query[TOKEN] = base64url(json.dumps({"after": identifier.rsplit("/", 1)[1]}).encode())
    host = request.host if request.host.rpartition(":")[2].isdigit() else f"{request.host}:443"
    return f"https://{host}{request.path}?{urlencode(query, safe='$')}"


def _read_token(text: str, last: re.Pattern[str]) -> str:
    """Return what the page before ended with, which is damaged or another list's if it has not the form ``last``."""
    try:
        after = from_json(decode_base64(text) or b"")["after"]
    except (ValueError, KeyError, TypeError):
        after = None
    if not isinstance(after, str) or not last.fullmatch(after):
        raise InvalidProperty(TOKEN, "It is what a nextLink of this list holds.")
    return after
