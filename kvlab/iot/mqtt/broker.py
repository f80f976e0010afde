"""AWS IoT's message broker on this machine: devices connect with their certificates, and policies decide."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from kvlab.iot.lookup import EVERYBODY, Device, concerns, find_device
from kvlab.iot.mqtt.connection import Connection
from kvlab.iot.mqtt.gate import Gate
from kvlab.iot.mqtt.hub import Hub
from kvlab.iot.mqtt.recorder import Recorder
from kvlab.iot.mqtt.tls import Channel

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from cryptography import x509
    from OpenSSL import SSL

    from kvlab.events import Event
    from kvlab.iot.mqtt.client import Client
    from kvlab.iot.mqtt.gate import Announcement
    from kvlab.iot.view import Place
    from kvlab.vault.vault import Vault

BACKLOG = 2048
SHUTTING_DOWN = 0x8B
"""Reason code of MQTT 5."""

LOOK_SECONDS = 1.0
"""How often expired certificates are looked for."""

SHARED_SECONDS = 2.0
"""How often the whole registry is asked anew where other servers may change it without a word to this one."""

_log = logging.getLogger(__name__)


class Broker:
    """
    A broker in a thread of its own, with an event loop of its own.

    It speaks MQTT 3.1.1 and 5 over mutual TLS. Whoever connects is looked up in the registry; what its certificate's
    policies allow is asked at every CONNECT, PUBLISH, SUBSCRIBE and delivery. A change in the registry is looked at at
    once, and whoever may not be connected any more is disconnected.

    Args:
        vault: beside whose registry it stands.
        context: see ``kvlab.iot.mqtt.tls.server_context``.
        sockets: bound, not yet listening; they are closed with the broker.
        host: under which devices reach them, one that the broker's certificate names; an IPv6 address in brackets.
    """

    def __init__(
        self, vault: Vault, context: SSL.Context, sockets: Sequence[socket.socket], host: str = "localhost"
    ) -> None:
        self._vault = vault
        self._host = host
        self._context = context
        self._sockets = sockets
        self.port: int = sockets[0].getsockname()[1]
        self._core = vault._core  # noqa: SLF001  the registry is a part of the same vault
        self._recorder = Recorder(self._core)
        self._gate = Gate(vault, self.tell, self._later)
        self._hubs: dict[Place, Hub] = {}
        self._clients: dict[Client, None] = {}  # a set that keeps the order in which they came
        self._channels: set[Channel] = set()
        self._stale: set[str] = set()
        self._changes = 0
        self._seen: dict[str, int] = {}
        self._fresh = asyncio.Event()
        self._settled = asyncio.Event()
        self._lookups = ThreadPoolExecutor(1, "kvlab mqtt registry")
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kvlab mqtt", daemon=True)

    @property
    def endpoint(self) -> str:
        """The broker's URL; the host name is the one in its certificate."""
        return f"mqtts://{self._host}:{self.port}"

    def start(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        self._ready.wait()
        self._core.devices_at = self._host.strip("[]")
        self._unsubscribe = self._vault.events.subscribe(self._changed)
        return self

    def close(self) -> None:
        """Disconnect all devices and end, once what they did is in the event log."""
        if not self._thread.is_alive():
            return
        self._unsubscribe()
        self._core.devices_at = None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._lookups.shutdown()
        self._recorder.close()

    def settle(self) -> None:
        """Wait until what changed in the registry has had its effect, and what devices did is in the event log."""
        asyncio.run_coroutine_threadsafe(self._settle(), self._loop).result()
        self._recorder.flush()

    async def _settle(self) -> None:
        await self._loop.run_in_executor(self._lookups, bool)  # what is under way goes first
        self._settled.clear()
        self._fresh.set()
        await self._settled.wait()

    @property
    def connected(self) -> list[str]:
        """The client ids of the devices that are connected, in order."""
        return sorted(client.client_id for client in tuple(self._clients))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Broker at {self.endpoint}>"

    # What connections want of it.

    def admit(self, certificate: x509.Certificate, server_name: str | None, address: str) -> Device | None:
        """Decide in the handshake whether a device with this certificate is let in."""
        seen = self._changes
        device = self._gate.admit(certificate, server_name, address)
        if device:
            self._seen.setdefault(device.certificate_id, seen)
        return device

    def hub(self, device: Device) -> Hub:
        """Return the hub of a device's account, in its region."""
        return self._hubs.setdefault(device.place, Hub())

    def joined(self, client: Client) -> None:
        """Count a device in, and look once more if the registry has changed since the handshake."""
        self._clients[client] = None
        if self._seen.pop(client.device.certificate_id, None) != self._changes:
            self._mark(client.device.certificate_id)

    def parted(self, client: Client) -> None:
        """Count it out."""
        self._clients.pop(client, None)

    def tell(self, kind: str, about: str, **facts: Any) -> None:
        """Put something into the event log."""
        self._recorder.note(kind, about, **facts)

    # The thread.

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        servers = [
            await self._loop.create_server(self._channel, sock=found, backlog=BACKLOG) for found in self._sockets
        ]
        looking = self._loop.create_task(self._look())
        self._ready.set()
        await self._stop.wait()
        for server in servers:
            server.close()
        looking.cancel()
        for client in tuple(self._clients):
            client.end(SHUTTING_DOWN, "the broker ended")
        for channel in tuple(self._channels):
            channel.close()
        # What was said goes out, and the transports learn that they are closed.
        await asyncio.sleep(0.05)
        for channel in tuple(self._channels):
            channel.cut()
        await asyncio.sleep(0)

    def _channel(self) -> Channel:
        channel = Channel(self._context, Connection(self), self._channels.discard)
        self._channels.add(channel)
        return channel

    # Changes of the registry.

    def _changed(self, event: Event) -> None:
        """Note whom an event may concern; called in the thread that made the change."""
        if (whom := concerns(event)) is not None:
            self._changes += 1
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._mark, whom)

    def _mark(self, whom: str) -> None:
        self._stale.add(whom)
        self._fresh.set()

    async def _look(self) -> None:
        """Look anew at devices whose rights may have changed, and at everybody's dates, as long as the broker runs."""
        shared_at = self._loop.time()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._fresh.wait(), LOOK_SECONDS)
            self._fresh.clear()
            if self._vault.store.is_shared and self._loop.time() - shared_at > SHARED_SECONDS:
                shared_at = self._loop.time()
                self._stale.add(EVERYBODY)
            stale, self._stale = self._stale, set()
            try:
                await self._reconsider(stale)
            except Exception:  # noqa: BLE001  the devices stay, and are looked at again
                _log.exception("The registry could not be asked about the connected devices.")
                self._stale |= stale
                await asyncio.sleep(LOOK_SECONDS)
            if not self._stale:
                self._settled.set()

    async def _reconsider(self, stale: set[str]) -> None:
        # Subscribers hear at once of what this process writes; of what others write into the same database, now.
        await self._loop.run_in_executor(self._lookups, self._vault.events.publish)
        concerned = {client for client in self._clients if EVERYBODY in stale or client.device.certificate_id in stale}
        wanted = {(client.device.certificate_id, client.device.place.account) for client in concerned}
        found = await self._loop.run_in_executor(self._lookups, self._look_up, wanted) if wanted else {}
        for client in tuple(self._clients):
            device: Device | None = client.device
            if client in concerned:
                device = found[client.device.certificate_id, client.device.place.account]
            client.reconsider(device, self._gate.refusal(device, client.validity))

    def _look_up(self, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], Device | None]:
        return {
            (certificate_id, account): find_device(self._vault, certificate_id, account=account)
            for certificate_id, account in wanted
        }

    def _later(self, work: Callable[[], Announcement | None]) -> None:
        """Do something with the registry that takes its time, then publish what came of it."""

        def publish(done: asyncio.Future[Announcement | None]) -> None:
            if done.cancelled() or done.exception() is not None:
                _log.error("A certificate could not be registered at its first connection.", exc_info=done.exception())
            elif announcement := done.result():
                self._hubs.setdefault(announcement.place, Hub()).publish(announcement.message)

        self._loop.run_in_executor(self._lookups, work).add_done_callback(publish)
