"""A quick HTTP/1.1 client on one kept-alive connection, so that a bench measures the server and not its client."""

import json
import socket


class KeptAlive:
    """Requests one after the other; `context` None speaks plain HTTP."""

    def __init__(self, host, headers, context=None):
        name, _, port = host.rpartition(":")
        plain = socket.create_connection((name, int(port)), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname=name) if context else plain
        self.file = self.socket.makefile("rb")
        self.head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": host, **headers}.items())

    @classmethod
    def to(cls, served):
        headers = {"Authorization": f"Bearer {served.token()}", "Content-Type": "application/json"}
        return cls(served.host, headers, served.context)

    def call(self, method, path, body=None):
        octets = b"" if body is None else json.dumps(body).encode()
        request = f"{method} {path} HTTP/1.1\r\n{self.head}Content-Length: {len(octets)}\r\n\r\n"
        self.socket.sendall(request.encode() + octets)
        status = int(self.file.readline().split()[1])
        length = 0
        while (line := self.file.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, self.file.read(length)

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
