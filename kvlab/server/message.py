"""A request and its answer, free of any framework: the HTTPS server and the in-process clients speak through these."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

from pydantic_core import from_json

from kvlab.errors import MalformedBody

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json; charset=utf-8"


class Request(NamedTuple):
    """
    What a client sent.

    Attributes:
        method: in capitals.
        host: the authority the client named: a host name, with a port unless that is 443.
        path: percent-encoded as it came, beginning with a slash.
        query: what stands behind the question mark, as it came.
        headers: by name in lower case.
        body: octets.
    """

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def segments(self) -> list[str]:
        """Return the decoded parts of the path; empty ones, as clients write them for "latest", are left out."""
        return [unquote_to_bytes(part).decode("utf-8", "backslashreplace") for part in self.path.split("/") if part]

    def parameters(self) -> dict[str, str]:
        """Return the query's members; of one that comes twice, the first counts."""
        return dict(reversed(parse_qsl(self.query, keep_blank_values=True)))

    def object(self) -> dict[str, Any]:
        """
        Return the body, read as a JSON object; files written on Windows begin with a mark (RFC 8259 section 8.1).

        Raises:
            MalformedBody: it is none.
        """
        try:
            found = from_json(self.body.removeprefix(BOM_UTF8), allow_inf_nan=False)
        except ValueError as error:
            raise MalformedBody(str(error)) from None
        if not isinstance(found, dict):
            raise MalformedBody("it is not a JSON object.")
        return found


class Response(NamedTuple):
    """What a client gets."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return self.headers.get("Content-Type", JSON)
