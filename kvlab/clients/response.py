"""Answers of an in-process vault in the shape that azure-core reads."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from azure.core.exceptions import HttpResponseError
from azure.core.rest import AsyncHttpResponse, HttpResponse
from requests.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, MutableMapping

    from kvlab.server.message import Response


class _Answer:
    """The members that both kinds of answer have."""

    def __init__(self, request: Any, response: Response) -> None:
        self._request = request
        self._response = response
        self._headers: MutableMapping[str, str] = CaseInsensitiveDict(response.headers)
        self._encoding: str | None = None

    @property
    def request(self) -> Any:
        """The request this answers."""
        return self._request

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> MutableMapping[str, str]:
        """By name, in any case."""
        return self._headers

    @property
    def reason(self) -> str:
        """The HTTP status in words."""
        return HTTPStatus(self._response.status).phrase

    @property
    def content_type(self) -> str | None:
        """The media type of the body; None if there is none."""
        return self._headers.get("Content-Type")

    @property
    def is_closed(self) -> bool:
        """Always: there is no connection."""
        return True

    @property
    def is_stream_consumed(self) -> bool:
        """Always: the body is here."""
        return True

    @property
    def encoding(self) -> str | None:
        """The charset that ``text`` uses; None for UTF-8."""
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value

    @property
    def url(self) -> str:
        """The request's URL."""
        return str(self._request.url)

    @property
    def content(self) -> bytes:
        """The body."""
        return self._response.body

    def body(self) -> bytes:
        """Return the body; how older clients ask for it."""
        return self._response.body

    def text(self, encoding: str | None = None) -> str:
        """Return the body as text."""
        return self._response.body.decode(encoding or self._encoding or "utf-8")

    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self._response.body)

    def raise_for_status(self) -> None:
        """Raise ``HttpResponseError`` for a status of 400 and above."""
        if self.status_code >= 400:
            raise HttpResponseError(response=self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.status_code} {self.reason}>"


class LocalResponse(_Answer, HttpResponse):
    """An answer for a synchronous client."""

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def read(self) -> bytes:
        """Return the body."""
        return self._response.body

    def iter_raw(self, **_options: Any) -> Iterator[bytes]:
        """Return the body in one piece."""
        yield self._response.body

    def iter_bytes(self, **_options: Any) -> Iterator[bytes]:
        """Return the body in one piece."""
        yield self._response.body

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None


class AsyncLocalResponse(_Answer, AsyncHttpResponse):
    """An answer for an asynchronous client."""

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    async def read(self) -> bytes:
        """Return the body."""
        return self._response.body

    async def iter_raw(self, **_options: Any) -> AsyncIterator[bytes]:
        """Return the body in one piece."""
        yield self._response.body

    async def iter_bytes(self, **_options: Any) -> AsyncIterator[bytes]:
        """Return the body in one piece."""
        yield self._response.body

    async def __aexit__(self, *_error: object) -> None:
        return None
