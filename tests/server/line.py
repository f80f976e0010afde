"""A TLS connection that carries whatever octets a test wants, and reads the answers one by one."""

import contextlib
import http.client
import socket
import struct

from tests.server.served import Answer


class Line:
    """One kept-alive connection to a running server; it is made anew when the server has hung up."""

    def __init__(self, served, timeout=20):
        self._served = served
        self._timeout = timeout
        self._socket = self._file = None
        self.made = 0

    def ask(self, octets, method="GET"):
        """Send a request and read its answer; a connection the server has closed meanwhile is replaced once."""
        fresh = self._socket is None
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            self.send(octets)
        try:
            return self.answer(method)
        except (ConnectionError, http.client.BadStatusLine):
            self.close()
            if fresh:
                raise
        return self.ask(octets, method)

    def send(self, octets):
        """Send octets as they are."""
        if self._socket is None:
            self.made += 1
            name, _, port = self._served.host.rpartition(":")
            plain = socket.create_connection((name, int(port)), self._timeout)
            self._socket = self._served.context.wrap_socket(plain, server_hostname=name)
            self._file = self._socket.makefile("rb")
        self._socket.sendall(octets)

    def answer(self, method="GET"):
        """Read one answer; after one that says so, the connection is closed."""
        line = self._file.readline()
        if not line:
            raise ConnectionResetError("the server hung up without an answer")
        assert line.startswith(b"HTTP/1.1 "), line
        status, headers = int(line.split()[1]), http.client.parse_headers(self._file)
        if status == 100:
            return self.answer(method)
        length = 0 if method == "HEAD" or status == 204 else int(headers.get("content-length", 1))
        found = Answer(status, headers, self._file.read(length))
        if len(found.body) < length:
            raise ConnectionResetError("the server hung up within an answer")
        if headers.get("connection") == "close":
            self.close()
        return found

    def reset(self):
        """End the connection rudely: no farewell, unread data thrown away."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._file.close()
        self._socket.close()
        self._socket = None

    def close(self):
        """End the connection, if there is one."""
        if self._socket is not None:
            self._file.close()
            self._socket.close()
            self._socket = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
