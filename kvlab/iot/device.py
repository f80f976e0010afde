"""A device: paho-mqtt with the certificate and key of a registered device, here and against AWS alike."""

from __future__ import annotations

import ssl
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from paho.mqtt.client import Client, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from kvlab.errors import DeviceError

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage

PATIENCE_SECONDS = 10.0


class Received(NamedTuple):
    """A message that a device got."""

    topic: str
    payload: str


class Device:
    """
    A device that speaks MQTT with its certificate.

    Args:
        client_id: what it is called; policies know a thing by it.
        certificate_pem: its certificate.
        private_key_pem: the certificate's key.
        host: the broker's, such as ``localhost``, or what DescribeEndpoint answers.
        port: the broker's; AWS has 8883.
        ca_bundle: a file of whom the device trusts; for AWS, Amazon's root CA.
        version: of MQTT: ``3.1.1`` or ``5``.

    Attributes:
        client_id: what it is called.
        client: the paho client of this connection; use it as you would against AWS.
        received: the messages that came, oldest first.
    """

    def __init__(
        self,
        client_id: str,
        certificate_pem: str,
        private_key_pem: str,
        *,
        host: str,
        port: int,
        ca_bundle: str,
        version: str = "3.1.1",
    ) -> None:
        self.client_id = client_id
        self.received: list[Received] = []
        self._place = (host, port)
        self._protocol = MQTTv5 if version == "5" else MQTTv311
        self._tls = _tls_context(certificate_pem, private_key_pem, ca_bundle)
        self._changed = threading.Condition()
        self._connected: bool | None = None
        self._answers: dict[int, Any] = {}
        self.client = self._new_client()

    def _new_client(self) -> Client:
        """Return a paho client; one that was refused something would ask for it again as soon as it is connected."""
        client = Client(
            CallbackAPIVersion.VERSION2, self.client_id, protocol=self._protocol, reconnect_on_failure=False
        )
        client.tls_set_context(self._tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the device, and has not closed the connection since."""
        return self._connected is True

    def connect(self) -> Self:
        """
        Connect, and wait for the broker's word.

        Raises:
            DeviceError: the broker closed the connection, or refused it; why is in AWS's logs, here in the events.
        """
        self.client = self._new_client()
        self._connected = None
        try:
            self.client.connect(*self._place)
        except OSError as error:
            raise DeviceError(f"The connection was refused in the TLS handshake: {error}") from None
        self.client.loop_start()
        if not self._wait(lambda: self._connected is not None) or not self._connected:
            self.client.loop_stop()
            raise DeviceError("The broker closed the connection without a word: it does not say why.")
        return self

    def knock(self) -> bool:
        """Connect if the broker lets the device in, and say whether it has."""
        try:
            self.connect()
        except DeviceError:
            return False
        return True

    def subscribe(self, topic_filter: str, qos: int = 1) -> None:
        """
        Subscribe, and wait for the broker's answer.

        Raises:
            DeviceError: the policies do not allow it, or the connection was closed.
        """
        _, number = self.client.subscribe(topic_filter, qos)
        self._wait(lambda: number in self._answers or not self._connected)
        answer = self._answers.pop(number or 0, None)
        if answer is None or answer.is_failure:
            raise DeviceError(f"The broker refused the subscription to {topic_filter}: {answer or 'it closed'}.")

    def publish(self, topic: str, payload: str, *, qos: int = 1, retain: bool = False) -> None:
        """
        Publish a message; with QoS 1, wait until the broker has it.

        Raises:
            DeviceError: the broker closed the connection: the policies do not allow it.
        """
        sent = self.client.publish(topic, payload, qos, retain)
        if qos and not self._wait(lambda: sent.rc != 0 or sent.is_published() or not self._connected):
            raise DeviceError("The broker has not acknowledged the message.")
        if sent.rc != 0 or (qos and not sent.is_published()):
            raise DeviceError(f"The broker closed the connection when {topic} was published on.")

    def wait_for_messages(self, number: int = 1, seconds: float = PATIENCE_SECONDS) -> list[Received]:
        """Wait until at least so many messages came in all, or for so long, and return what came."""
        self._wait(lambda: len(self.received) >= number, seconds)
        return list(self.received)

    def wait_for_disconnect(self, seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait until the connection is closed, or for so long; say whether it is."""
        return self._wait(lambda: not self._connected, seconds)

    def disconnect(self) -> None:
        """Say goodbye; the last will is not published."""
        self.client.disconnect()
        self._wait(lambda: not self._connected)
        self.client.loop_stop()

    def _wait(self, done: Any, seconds: float = PATIENCE_SECONDS) -> bool:
        # paho sets some of what is waited for without telling; so look again now and then.
        end = time.monotonic() + seconds
        with self._changed:
            while not done() and time.monotonic() < end:
                self._changed.wait(0.02)
            return bool(done())

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _on_connect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._connected = not reason.is_failure
        self._tell()

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        self._connected = False
        self._tell()

    def _on_subscribe(self, _client: Client, _data: Any, number: int, reasons: list[Any], _properties: Any) -> None:
        self._answers[number] = reasons[0]
        self._tell()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self.received.append(Received(message.topic, message.payload.decode("utf-8", "replace")))
        self._tell()

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(self, *_exc: object) -> None:
        self.disconnect()

    def __repr__(self) -> str:
        state = "connected" if self.connected else "not connected"
        return f"<Device {self.client_id}, {state}>"


def _tls_context(certificate_pem: str, private_key_pem: str, ca_bundle: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_bundle)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python's ssl reads certificate and key from files only.
    with tempfile.TemporaryDirectory(prefix="kvlab-") as folder:
        certificate, key = Path(folder, "certificate.pem"), Path(folder, "private.key")
        certificate.write_text(certificate_pem, encoding="ascii")
        key.touch(mode=0o600)
        key.write_text(private_key_pem, encoding="ascii")
        context.load_cert_chain(certificate, key)
    return context
