"""A client that says any octets it is told to, over TLS as it is told to."""

import contextlib
import socket
import ssl
import tempfile
from pathlib import Path


def text(value):
    octets = value if isinstance(value, bytes) else value.encode()
    return len(octets).to_bytes(2, "big") + octets


def packet(first, body=b""):
    length, left = bytearray(), len(body)
    while left >= 128:
        length.append(left & 127 | 128)
        left >>= 7
    length.append(left)
    return bytes([first]) + bytes(length) + body


def connect(client_id="lamp", version=4, flags=2, keep_alive=60, properties=b"\0", rest=b""):
    middle = properties if version == 5 else b""
    head = text("MQTT") + bytes([version, flags]) + keep_alive.to_bytes(2, "big") + middle
    return packet(0x10, head + text(client_id) + rest)


def subscribe(*filters, number=1, version=4):
    entries = b"".join(text(name) + bytes([qos]) for name, qos in filters)
    return packet(0x82, number.to_bytes(2, "big") + (b"\0" if version == 5 else b"") + entries)


def publish(topic, payload=b"", qos=0, retain=False, number=7, version=4):
    body = text(topic) + (number.to_bytes(2, "big") if qos else b"") + (b"\0" if version == 5 else b"") + payload
    return packet(0x30 | qos << 1 | retain, body)


class Raw:
    """One connection."""

    def __init__(self, sock):
        self.socket = sock
        self.left = b""

    def send(self, octets):
        self.socket.sendall(octets)
        return self

    def receive(self, seconds=5):
        """The next packet, as (first octet, body); None once the connection is closed."""
        self.socket.settimeout(seconds)
        while True:
            if found := self._cut():
                return found
            try:
                more = self.socket.recv(65536)
            except TimeoutError:
                raise AssertionError("nothing came") from None
            except OSError:
                return None
            if not more:
                return None
            self.left += more

    def _cut(self):
        length = shift = 0
        for place in range(1, min(5, len(self.left))):
            length |= (self.left[place] & 127) << shift
            shift += 7
            if self.left[place] < 128:
                end = place + 1 + length
                if len(self.left) < end:
                    return None
                found = self.left[0], self.left[place + 1 : end]
                self.left = self.left[end:]
                return found
        return None

    def close(self):
        self.socket.close()


def context(ca_bundle, certificate_pem=None, key_pem=None, **limits):
    """A TLS client context; `limits` are attributes, such as `maximum_version`."""
    made = ssl.create_default_context(cafile=ca_bundle)
    for name, value in limits.items():
        setattr(made, name, value)
    if certificate_pem:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "both.pem")
            path.write_text(certificate_pem + key_pem)
            made.load_cert_chain(path)
    return made


@contextlib.contextmanager
def dial(broker, tls, server_name="localhost", session=None):
    """Connect by TLS; raises what the handshake raises."""
    with socket.create_connection(("127.0.0.1", broker.port), timeout=5) as bare:
        tls.check_hostname = server_name is not None
        with tls.wrap_socket(bare, server_hostname=server_name, session=session) as sock:
            yield Raw(sock)


def is_refused(broker, tls, server_name="localhost", hello=None):
    """Whether the broker closes the connection before it answers a CONNECT."""
    try:
        with dial(broker, tls, server_name) as raw:
            raw.send(hello or connect())
            return raw.receive() is None
    except OSError:  # in TLS 1.2 the handshake itself fails
        return True
