"""Run the service: sockets on the loopback interface, TLS, and an orderly end."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
from asyncio.sslproto import SSLProtocol
from typing import TYPE_CHECKING

import uvicorn

from kvlab.server.app import App
from kvlab.server.aws.endpoint import AwsEndpoint
from kvlab.server.endpoint import Endpoint
from kvlab.server.protocol import Protocol
from kvlab.server.site import Site
from kvlab.server.tls import ServerCA
from kvlab.server.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kvlab.server.register import Register
    from kvlab.vault.vault import Vault

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  only compared with
GRACE_SECONDS = 10
"""How long requests under way have at the end."""

KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048
TLS_BUFFER = 32 * 1024
"""Octets that asyncio keeps for each connection; its own choice, 256 KiB, is 300 MB for a thousand clients."""

FILES = 65_536
"""How many files may be open, if the machine lets us: each connection is one."""


class Server(uvicorn.Server):
    """uvicorn that ends with exit code 0 on SIGTERM and SIGINT, and says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals and keep them: an orderly end is no death by signal."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listen(host: str, port: int) -> list[socket.socket]:
    """
    Return the sockets of a host, on one port.

    Loopback means both protocols, for many machines resolve ``localhost`` to ``::1`` first.

    Raises:
        OSError: the port is taken, or the host is none of this machine's.
    """
    addresses = ["127.0.0.1", "::1"] if host in LOOPBACK else [host]
    found = [_socket(addresses[0], port)]
    for address in addresses[1:]:
        with contextlib.suppress(OSError):
            found.append(_socket(address, found[0].getsockname()[1]))
    return found


def reached(host: str) -> str:
    """Return under which host a client on this machine reaches what listens on one, as it stands in a URL."""
    if host in (*LOOPBACK, *EVERY_ADDRESS):
        return "localhost"
    return f"[{host}]" if ":" in host else host


def port_of(sockets: list[socket.socket]) -> int:
    """Return the port that sockets of ``listen`` share."""
    port: int = sockets[0].getsockname()[1]
    return port


def _socket(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio switches Nagle's algorithm off for sockets that name their protocol only; with it each answer waits 40 ms.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind((address, port))
    except OSError:
        found.close()
        raise
    return found


def serve(
    vault: Vault,
    register: Register,
    sockets: list[socket.socket],
    host: str,
    ready: Callable[[Site, ServerCA], None],
    iot_sockets: list[socket.socket],
    mqtt_sockets: Sequence[socket.socket] = (),
) -> None:
    """
    Serve a vault, and AWS IoT beside it, until SIGTERM or SIGINT; the requests under way are answered first.

    Args:
        vault: the default vault, used as its owner.
        register: who the server is and whom it knows.
        sockets: see ``listen``.
        host: what ``listen`` was given; the server's certificate names it.
        ready: called when the first request can come.
        iot_sockets: see ``listen``; AWS IoT's.
        mqtt_sockets: where devices connect, likewise; without any, there is no broker.
    """
    port = port_of(sockets)
    further = frozenset() if host in LOOPBACK else frozenset({host.lower()})
    authority = ServerCA(register)
    names, addresses = _names(host)
    context = authority.context(names, addresses)

    def certify(vault_name: str) -> None:
        names.append(f"{vault_name}.localhost")
        authority.renew(context, names, addresses)

    site = Site(vault, register, base_url=f"https://{reached(host)}:{port}", further_hosts=further, opened=certify)
    app = App(Endpoint(site), {port_of(iot_sockets): AwsEndpoint(vault)})
    config = uvicorn.Config(
        app, loop="asyncio", http=Protocol, ws="none", lifespan="off", interface="asgi3", log_config=None,
        access_log=False, server_header=False, proxy_headers=False, timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS, backlog=BACKLOG, ssl_context_factory=lambda _config, _default: context,
    )  # fmt: skip
    _allow_many_files()
    SSLProtocol.max_size = TLS_BUFFER
    try:
        with contextlib.ExitStack() as stack:
            if vault.store.is_shared:
                stack.enter_context(Watch(site))
            if mqtt_sockets:
                from kvlab.server.mqtt import make_broker  # noqa: PLC0415  it needs the ``iot`` extra

                stack.enter_context(make_broker(vault, authority, mqtt_sockets, names, addresses, reached(host)))
            Server(config, lambda: ready(site, authority)).run([*sockets, *iot_sockets])
    finally:
        app.close()


def _allow_many_files() -> None:
    """Raise the soft limit, which is 1,024 on many machines, as far as the hard one lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Some systems have a lower limit than they say.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _names(host: str) -> tuple[list[str], list[str]]:
    names, addresses = ["localhost", "*.vault.localhost", "*.vault.azure.net"], ["127.0.0.1", "::1"]
    if host not in LOOPBACK:
        (addresses if _is_address(host) else names).append(host)
    return names, addresses


def _is_address(host: str) -> bool:
    with contextlib.suppress(OSError):
        return bool(socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host))
    return False
