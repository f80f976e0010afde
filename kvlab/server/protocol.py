"""HTTP on one connection, as uvicorn does it with httptools, but with the service's own error JSON and with limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kvlab.errors import HeadTooLarge, MalformedBody
from kvlab.server.error import refusal

if TYPE_CHECKING:
    from kvlab.errors import VaultError

HEAD_LIMIT = 64 * 1024
"""Octets of a request's URL and headers; a token is 1 or 2 KiB."""

DRAINED_LIMIT = 1024 * 1024
"""How much of a head that is too long is read, so that the client gets to read the answer."""

SENDING_SECONDS = 1.0
"""How long the end of the server waits for the rest of a request."""

_PHRASES = {400: "Bad Request", 431: "Request Header Fields Too Large"}


class Protocol(HttpToolsProtocol):
    """HTTP whose answer to what is no request at all is the service's error JSON too."""

    _in_head = False
    _octets = 0
    _refused: VaultError | None = None

    def on_message_begin(self) -> None:
        """Begin with a request's first octet."""
        super().on_message_begin()
        self._in_head, self._octets = True, 0

    def on_headers_complete(self) -> None:
        """Begin to answer, unless what was read is too long."""
        self._in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT:
            self._refused = HeadTooLarge(HEAD_LIMIT)
            raise self._refused
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read on; a head that never ends is no reason to keep all of it."""
        if self.transport.is_closing():
            return
        if self._in_head:
            self._octets += len(data)
        if self._octets > DRAINED_LIMIT:
            self._refused = HeadTooLarge(HEAD_LIMIT)
            self.send_400_response("")
        else:
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Answer and hang up, after the requests before it have been answered."""
        if self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body:
            self.cycle.keep_alive = False
            return
        error = self._refused or MalformedBody(msg)
        answer = refusal(error)
        head = (
            f"HTTP/1.1 {error.status} {_PHRASES[error.status]}\r\ncontent-type: {answer.content_type}\r\n"
            f"content-length: {len(answer.body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + answer.body)
        self.transport.close()

    def shutdown(self) -> None:
        """End; an idle connection at once, for a client that sleeps would not answer TLS's farewell."""
        idle = self.cycle is None or self.cycle.response_complete
        if idle and not self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().shutdown()
            self.loop.call_later(SENDING_SECONDS, self._cut_unfinished)

    def _cut_unfinished(self) -> None:
        """Hang up on a client that has not sent the whole of its request yet."""
        if self.cycle is not None and self.cycle.more_body and not self.pipeline:
            self.transport.abort()
