"""One request to AWS IoT in, one answer out: who signed it, what for, and the registry's method that does it."""

from __future__ import annotations

import json
import os
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pydantic_core import from_json

from kvlab.errors import InternalFailureException, IotError, SerializationException, ServiceError, StoreUnavailable
from kvlab.iot.access import AccessKeys
from kvlab.iot.iot import Iot
from kvlab.iot.member import Count, Flag, shape_of
from kvlab.server.aws.signature import check_signature, read_signature
from kvlab.server.message import Response
from kvlab.wire.iot_route import Route, find_route

if TYPE_CHECKING:
    from kvlab.server.message import Request
    from kvlab.vault.vault import Vault

JSON = "application/json"
REGISTRIES = 256
"""For how many accounts and regions the registry is kept at hand."""

_WORDS = {"true": True, "false": False}
_DIGITS = 19


class AwsEndpoint:
    """
    AWS IoT's control plane.

    Args:
        vault: beside which the registry is; used as its owner.
        signed: whether signatures are checked where an account has access keys; in process nobody else calls.
    """

    def __init__(self, vault: Vault, *, signed: bool = True) -> None:
        self._keys = AccessKeys(vault)
        self._signed = signed
        self._registry = lru_cache(REGISTRIES)(lambda account, region: Iot(vault, account=account, region=region))

    def handle(self, request: Request) -> Response:
        """Answer a request: a refusal is an answer too; any other exception is a bug and goes to the caller."""
        try:
            response = self._answer(request)
        except ServiceError as error:
            response = refusal(error)
        return self._complete(response)

    def refuse(self, _request: Request, error: ServiceError) -> Response:
        """Answer a request that could not be read to its end."""
        return self._complete(refusal(error))

    def failure(self) -> Response:
        """Answer a request that could not be handled: a bug, and nothing about it leaves the server."""
        return self._complete(refusal(InternalFailureException("An internal failure has occurred.")))

    def _answer(self, request: Request) -> Response:
        iot = self._caller(request)
        try:
            route, arguments = find_route(request.method, _segments(request.path))
            arguments |= _arguments(route, request)
        except IotError as error:
            iot.note_refusal("request", request.path.strip("/"), error)
            raise
        answer = getattr(iot, route.operation)(**arguments)
        body = b"{}" if answer is None else answer.model_dump_json().encode()
        return Response(200, body, {"Content-Type": JSON})

    def _caller(self, request: Request) -> Iot:
        """Return the registry of the account that signed a request."""
        signature = read_signature(request)
        caller = self._keys.caller(signature.key_id, trusted=not self._signed)
        if caller.secret is not None:
            check_signature(request, signature, caller.secret)
        return self._registry(caller.account, signature.region)

    def _complete(self, response: Response) -> Response:
        """Add what is on every answer."""
        request_id = str(uuid.UUID(bytes=os.urandom(16), version=4))
        return response._replace(headers={**response.headers, "x-amzn-RequestId": request_id})


def refusal(error: ServiceError) -> Response:
    """Return a refusal as AWS words it; what is not AWS's own is a service that is unavailable, or a bad request."""
    body: dict[str, Any] = {"message": error.message}
    code, status = error.code, error.status
    if isinstance(error, StoreUnavailable):
        code = "ServiceUnavailableException"
    elif not isinstance(error, IotError):
        code = "InvalidRequestException"
    for name, attribute in (("resourceId", "resource_id"), ("resourceArn", "resource_arn")):
        if (value := getattr(error, attribute, None)) is not None:
            body[name] = value
    # Escaped to ASCII: the sentence may repeat what a caller wrote.
    return Response(status, json.dumps(body).encode(), {"Content-Type": JSON, "x-amzn-ErrorType": code})


def _segments(path: str) -> list[str]:
    """Split first and decode then: an ARN in a path has its slashes encoded."""
    return [unquote(part, errors="backslashreplace") for part in path.split("/") if part]


def _arguments(route: Route, request: Request) -> dict[str, Any]:
    """Return the arguments that do not stand in the path, each as its operation takes it where that can be."""
    query = request.parameters() if route.query else {}
    found: dict[str, Any] = {name: _plain(route, name, query.get(there)) for there, name in route.query.items()}
    found |= {name: request.headers.get(there) for there, name in route.header.items()}
    if route.body:
        body = _object(request.body)
        found |= {name: body.get(there) for there, name in route.body.items()}
    return found


def _plain(route: Route, name: str, text: str | None) -> Any:
    """Read what stands in a query as text; what is not of its kind stays text, and is refused as such."""
    match shape_of(route.operation, name):
        case Flag():
            return _WORDS.get(text or "", text)
        case Count() if text and text.isascii() and text.isdigit() and len(text) <= _DIGITS:
            return int(text)
    return text


def _object(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise SerializationException("The body of the request is not JSON.") from None
    if not isinstance(found, dict):
        raise SerializationException("The body of the request is not a JSON object.")
    return found
