"""A connection until its CONNECT is accepted: who is there, and whether it may come in."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any, Protocol

from kvlab.iot.mqtt import reader, writer
from kvlab.iot.mqtt.access import Access, connection_facts
from kvlab.iot.mqtt.client import BAD_TOPIC, NOT_AUTHORIZED, TIMEOUT, Client
from kvlab.iot.mqtt.hub import SESSION_SECONDS
from kvlab.iot.mqtt.reader import V5, Frames, MqttError
from kvlab.iot.mqtt.topic import topic_problem

if TYPE_CHECKING:
    from cryptography import x509

    from kvlab.iot.lookup import Device
    from kvlab.iot.mqtt.hub import Hub
    from kvlab.iot.mqtt.tls import Channel

CONNECT_SECONDS = 30
"""How long a client may wait with its CONNECT."""

LONGEST_CLIENT_ID = 128
"""Octets of UTF-8; AWS IoT's quota."""

ASSIGNED = "$GEN/"
"""What ids that the broker makes up begin with."""

_FAILED = 0x83
_ONE_CONNECT = "a client sends one CONNECT, and sends it first"
_log = logging.getLogger(__name__)


class Household(Protocol):
    """What connections share: the broker, as they need it."""

    def admit(self, certificate: x509.Certificate, server_name: str | None, address: str) -> Device | None:
        """Decide in the handshake whether a device with this certificate is let in."""

    def hub(self, device: Device) -> Hub:
        """Return the hub of a device's account."""

    def joined(self, client: Client) -> None:
        """Count a device in: its CONNECT was accepted."""

    def parted(self, client: Client) -> None:
        """Count it out."""

    def tell(self, kind: str, about: str, **facts: Any) -> None:
        """Put something into the event log."""


class Connection:
    """
    The application on a channel.

    Args:
        household: the broker.
    """

    def __init__(self, household: Household) -> None:
        self._household = household
        self._frames = Frames()
        self._clock: asyncio.TimerHandle | None = None
        self._certificate: x509.Certificate | None = None
        self._device: Device | None = None
        self._client: Client | None = None
        self._channel: Channel

    def admit(self, certificate: x509.Certificate, server_name: str | None, address: str) -> bool:
        """Say in the handshake whether the device is let in."""
        self._certificate = certificate
        self._device = self._household.admit(certificate, server_name, address)
        return self._device is not None

    def failed(self, reason: str, address: str) -> None:
        """Note a handshake that failed."""
        self._household.tell("refuse_connection", "iot/connection", reason=f"TLS: {reason}", address=address)

    def opened(self, channel: Channel) -> None:
        """Wait for the CONNECT."""
        self._channel = channel
        late = MqttError(TIMEOUT, f"no CONNECT came within {CONNECT_SECONDS} seconds")
        self._clock = asyncio.get_running_loop().call_later(CONNECT_SECONDS, self._refuse, late, 0)

    def received(self, octets: bytes) -> None:
        """Take octets, and do what the packets in them say."""
        try:
            for first, body in self._frames.feed(octets):
                if self._channel.closed:
                    return
                self._take(first, body)
            self._expect_connect()
        except MqttError as error:
            self._end(error)
        except Exception:  # noqa: BLE001  a bug must end one connection, not all of them
            _log.exception("A packet of a device could not be handled.")
            self._end(MqttError(_FAILED, "the broker has failed"))

    def closed(self) -> None:
        """Leave the hub."""
        if self._clock:
            self._clock.cancel()
        if self._client:
            self._client.gone()

    def _take(self, first: int, body: bytes) -> None:
        kind, flags = first >> 4, first & 15
        if (kind not in reader.FLAGS and kind != reader.PUBLISH) or reader.FLAGS.get(kind, flags) != flags:
            raise MqttError(reader.MALFORMED, "No client sends a packet like this.")
        if (self._client is None) is not (kind == reader.CONNECT):
            raise MqttError(reader.PROTOCOL_ERROR, _ONE_CONNECT)
        if self._client is None:
            self._begin(_named(reader.read_connect(body)))
        else:
            self._client.take(kind, first, body)

    def _expect_connect(self) -> None:
        """Do not wait for the rest of what can not become a CONNECT."""
        if self._client is None and self._frames.begun not in (None, reader.CONNECT << 4):
            raise MqttError(reader.PROTOCOL_ERROR, _ONE_CONNECT)

    def _begin(self, connect: reader.Connect) -> None:
        assert self._device
        assert self._certificate
        try:
            access = self._access(connect, self._device, self._certificate)
        except MqttError as error:
            self._refuse(error, connect.version, connect.client_id)
            return
        if self._clock:
            self._clock.cancel()
        session_seconds = _session_seconds(connect)
        validity = self._certificate.not_valid_before_utc, self._certificate.not_valid_after_utc
        self._client = Client(self._household, self._channel, connect, self._device, validity, access)
        self._client.enter(session_seconds)

    def _access(self, connect: reader.Connect, device: Device, certificate: x509.Certificate) -> Access:
        """
        Return what the device may do.

        Raises:
            MqttError: it may not even connect.
        """
        if not 1 <= len(connect.client_id.encode()) <= LONGEST_CLIENT_ID:
            raise MqttError(reader.BAD_CLIENT_ID, f"a client id has 1 to {LONGEST_CLIENT_ID} octets")
        will = connect.will.topic if connect.will else None
        if will is not None and (problem := topic_problem(will)):
            raise MqttError(BAD_TOPIC, problem)
        asked = {"PersistentConnect": _session_seconds(connect) > 0, "LastWill": will is not None}
        attributes = [name for name, wanted in asked.items() if wanted]
        facts = connection_facts(certificate, device, connect.client_id, self._channel.peer, attributes, will)
        access = Access(device, facts, connect.client_id)
        if not access.allows("iot:Connect", connect.client_id):
            raise MqttError(NOT_AUTHORIZED, access.denial("iot:Connect", connect.client_id))
        return access

    def _end(self, error: MqttError) -> None:
        if self._client:
            self._client.end(error.code, error.reason)
        else:
            self._refuse(error, 0)

    def _refuse(self, error: MqttError, version: int, client_id: str | None = None) -> None:
        """Close without a word, as AWS IoT does; version 5 has a word for it."""
        about = self._device.arn if self._device else "iot/connection"
        facts = {"client_id": client_id, "reason": error.reason, "address": self._channel.peer}
        self._household.tell("refuse_connection", about, **facts)
        if version == V5:
            self._channel.write(writer.connack(V5, present=False, code=error.code))
        self._channel.close()


def _named(connect: reader.Connect) -> reader.Connect:
    """Give a client of version 5 an id if it brings none, as AWS IoT does; its policies decide about that one."""
    if connect.client_id or connect.version != V5:
        return connect
    return connect._replace(client_id=f"{ASSIGNED}{os.urandom(16).hex()}", assigned=True)


def _session_seconds(connect: reader.Connect) -> float:
    """Return how long a session outlives its connection; in 3.1.1, one that is not clean does as long as it may."""
    if connect.session_expiry is None:
        return 0 if connect.clean else SESSION_SECONDS
    return connect.session_expiry
