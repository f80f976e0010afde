"""A call of AWS IoT as its REST API has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from kvlab.render.call.quote import json_text
from kvlab.wire.iot_route import argument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kvlab.render.call.iot.call import IotCall

ARN = "<certificateArn>"
"""Stands for what the first request was answered."""

BETWEEN = "\n###\n\n"
"""What stands between two requests in a file of several, as editors know it."""


def iot_request_text(call: IotCall) -> str:
    """Return the requests as HTTP/1.1 has them; their signatures (SigV4) are left out."""
    requests = [_request(call, call.arguments, call.region)]
    requests += [_request(after, {**after.arguments, place: ARN}, call.region) for after, place in call.then]
    return BETWEEN.join(requests)


def _request(call: IotCall, arguments: Mapping[str, Any], region: str) -> str:
    route = call.route
    path = "/".join(quote(_filled(part, arguments), safe="") for part in route.path)
    query = urlencode({there: _word(arguments[name]) for there, name in route.query.items() if name in arguments})
    body = {there: arguments[name] for there, name in route.body.items() if name in arguments}
    lines = [
        f"{route.method} /{path}{'?' if query else ''}{query} HTTP/1.1",
        f"Host: iot.{region}.amazonaws.com",
        "X-Amz-Date: <date>",
        "Authorization: AWS4-HMAC-SHA256 <signature>",
        *(f"{there}: {arguments[name]}" for there, name in route.header.items() if name in arguments),
    ]
    if not body:
        return "\n".join(lines) + "\n"
    return "\n".join([*lines, "Content-Type: application/json", "", json_text(body, lines=True)]) + "\n"


def _filled(part: str, arguments: Mapping[str, Any]) -> str:
    return str(arguments[argument(part[1:-1])]) if part.startswith("{") else part


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
