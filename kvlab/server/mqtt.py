"""The broker for devices: beside a server, or on its own in a notebook. It needs the ``iot`` extra."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cryptography import x509

from kvlab.iot.iot import Iot
from kvlab.iot.mqtt.broker import Broker
from kvlab.iot.mqtt.tls import server_context
from kvlab.server.register import Register
from kvlab.server.run import listen
from kvlab.server.tls import ServerCA

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from kvlab.vault.vault import Vault

LOOPBACK = "127.0.0.1"


def make_broker(
    vault: Vault,
    authority: ServerCA,
    sockets: Sequence[socket.socket],
    names: Sequence[str],
    addresses: Sequence[str],
    host: str = "localhost",
) -> Broker:
    """
    Return a broker that is not started, with a certificate of a server's own CA.

    Args:
        vault: beside whose registry it stands.
        authority: whom devices trust.
        sockets: see ``kvlab.server.run.listen``.
        names: host names for the certificate.
        addresses: IP addresses for it.
        host: one of them, under which devices reach the broker; an IPv6 address in brackets.
    """
    key, chain = authority.certify(names, addresses)
    context = server_context([x509.load_der_x509_certificate(der) for der in chain], key)
    return Broker(vault, context, sockets, host)


class LocalBroker:
    """
    A broker on this machine's loopback interface, running until it is closed; in a ``with`` it closes itself.

    Attributes:
        ca_bundle: the file of the CA that vouches for the broker, which devices trust.
        host: what devices connect to.
        port: likewise.
    """

    def __init__(self, vault: Vault, port: int) -> None:
        authority = ServerCA(Register())
        self._folder = tempfile.TemporaryDirectory(prefix="kvlab-")
        self.ca_bundle = str(Path(self._folder.name) / "ca.pem")
        Path(self.ca_bundle).write_text(authority.certificate_pem, encoding="ascii")
        self.host = "localhost"
        self._events = vault.events
        self._broker = make_broker(vault, authority, listen(LOOPBACK, port), ["localhost"], [LOOPBACK, "::1"])
        self._broker.start()
        self.port = self._broker.port

    @property
    def endpoint(self) -> str:
        """The broker's URL."""
        return self._broker.endpoint

    @property
    def connected(self) -> list[str]:
        """The client ids of the devices that are connected, in order."""
        return self._broker.connected

    def refusals(self) -> list[str]:
        """Return why devices were not let in, the newest last; they themselves are not told."""
        self.settle()
        return [str(event.detail["reason"]) for event in self._events if event.kind == "refuse_connection"]

    def settle(self) -> None:
        """Wait until what changed in the registry has had its effect, and what devices did is in the event log."""
        self._broker.settle()

    def close(self) -> None:
        """Disconnect all devices and end."""
        self._broker.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Broker at {self.endpoint}, {len(self.connected)} connected>"


def broker(vault: Vault | Iot, *, port: int = 0) -> LocalBroker:
    """
    Start AWS IoT's message broker on this machine, beside the registry of a vault.

    Args:
        vault: the vault, or its ``Iot``.
        port: where to listen; 0 is any that is free.

    Returns:
        The broker, running until ``close()`` or the end of its ``with``; ``endpoint``, ``host``, ``port`` and
        ``ca_bundle`` (path of a PEM file) are what a device needs.

    Raises:
        ModuleNotFoundError: the extra ``iot`` is not installed.
        OSError: the port is taken.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html

    Examples:
        >>> import kvlab
        >>> with kvlab.broker(kvlab.Vault()) as broker:
        ...     broker.connected
        []
    """
    return LocalBroker(vault.vault if isinstance(vault, Iot) else vault, port)
