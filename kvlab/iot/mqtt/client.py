"""A connected device: the rules of AWS IoT between its packets and the hub."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kvlab.iot.mqtt import reader, writer
from kvlab.iot.mqtt.hub import Message
from kvlab.iot.mqtt.reader import V5, Connect, MqttError
from kvlab.iot.mqtt.topic import filter_problem, topic_problem

if TYPE_CHECKING:
    from datetime import datetime

    from kvlab.iot.lookup import Device
    from kvlab.iot.mqtt.access import Access
    from kvlab.iot.mqtt.connection import Household
    from kvlab.iot.mqtt.tls import Channel

LONGEST_PAYLOAD = 128 * 1024
MOST_FILTERS = 8
"""In one SUBSCRIBE."""

MOST_SUBSCRIPTIONS = 50
"""Of one connection. All three: quotas of AWS IoT."""

NOT_AUTHORIZED, TIMEOUT, BAD_FILTER, BAD_TOPIC = 0x87, 0x8D, 0x8F, 0x90
QUOTA, ADMINISTRATIVE, NO_SUBSCRIPTION, WITH_WILL = 0x97, 0x98, 0x11, 0x04
"""Reason codes of MQTT 5."""


class Client:
    """
    A device whose CONNECT was accepted.

    Args:
        household: the broker.
        channel: to the device.
        connect: what it said of itself.
        device: its certificate as the registry has it.
        validity: the certificate's notBefore and notAfter.
        access: what it may do.
    """

    def __init__(
        self,
        household: Household,
        channel: Channel,
        connect: Connect,
        device: Device,
        validity: tuple[datetime, datetime],
        access: Access,
    ) -> None:
        self.device = device
        self.client_id = connect.client_id
        self.validity = validity
        self._household = household
        self._channel = channel
        self._connect = connect
        self._access = access
        self._hub = household.hub(device)
        self._will = connect.will
        self._why = "the connection was cut"
        self._published = 0
        self._window = min(writer.IN_FLIGHT, connect.receive_maximum)
        granted = min(connect.keep_alive or writer.LONGEST_KEEP_ALIVE, writer.LONGEST_KEEP_ALIVE)
        self._told_keep_alive = granted if granted != connect.keep_alive else None
        self._silence = 1.5 * granted
        self._heard = 0.0
        self._clock: asyncio.TimerHandle | None = None

    def enter(self, session_seconds: float) -> None:
        """Begin or resume the session, and say so to the device."""
        self._session_seconds = session_seconds
        self._session, present = self._hub.enter(self.client_id, self, clean=self._connect.clean)
        self._heard = asyncio.get_running_loop().time()
        self._watch()
        self._household.joined(self)
        accepted = writer.connack(
            self._connect.version, present=present, code=0, keep_alive=self._told_keep_alive,
            client_id=self.client_id if self._connect.assigned else "",
        )  # fmt: skip
        self._channel.write(accepted)
        # The device has its answer first: whoever stores the event competes for the interpreter.
        self._tell("connect", address=self._channel.peer)
        self._session.go_on()

    # What the hub wants of it.

    def send(self, message: Message, packet_id: int) -> None:
        """Send a message to the device."""
        packet = writer.publish(
            self._connect.version, message.topic, message.payload, qos=message.qos, retain=message.retain,
            packet_id=packet_id, properties=message.properties,
        )  # fmt: skip
        self._channel.write(packet)

    def has_room(self, waiting: int) -> bool:
        """Say whether the device can take another message."""
        return waiting < self._window and not self._channel.congested and not self._channel.closed

    def may_receive(self, topic: str) -> bool:
        """Say whether policies let the device receive on a topic."""
        return self._access.allows("iot:Receive", topic)

    def end(self, code: int, why: str) -> None:
        """Disconnect the device; version 5 is told the code."""
        if self._clock is None:
            return
        self._why = why
        # Whoever hears that it is over must find it so.
        self.gone()
        if self._connect.version == V5:
            self._channel.write(writer.disconnect(code))
        self._channel.close()

    def gone(self) -> None:
        """Leave the hub, once; the last will is published unless the device said goodbye."""
        if self._clock is None:
            return
        self._clock.cancel()
        self._clock = None
        self._hub.leave(self._session, self, self._session_seconds)
        if self._will and self._denial(self._will.topic, retain=self._will.retain) is None:
            self._hub.publish(Message(*self._will))
        self._tell("disconnect", reason=self._why, published=self._published)
        self._household.parted(self)

    # What the registry wants of it.

    def reconsider(self, device: Device | None, refusal: str | None) -> None:
        """
        Look anew at what the device may do, and disconnect it if it may not be here any more.

        Args:
            device: as the registry has it now.
            refusal: why nobody with this certificate is let in, if that is so.
        """
        if device is None or refusal:
            self.end(ADMINISTRATIVE, refusal or "the certificate is not registered any more")
            return
        self.device = device
        self._access = self._access.renewed(device)
        if not self._access.allows("iot:Connect", self.client_id):
            self.end(NOT_AUTHORIZED, self._access.denial("iot:Connect", self.client_id))

    # What the device says.

    def take(self, kind: int, first: int, body: bytes) -> None:
        """
        Do what a packet says.

        Raises:
            MqttError: the device has to be disconnected for it.
        """
        self._heard = asyncio.get_running_loop().time()
        version = self._connect.version
        if kind == reader.PUBLISH:
            self._publish(reader.read_publish(first, body, version))
        elif kind == reader.PUBACK:
            self._session.acknowledged(reader.read_puback(body))
        elif kind == reader.SUBSCRIBE:
            self._subscribe(reader.read_subscribe(body, version))
        elif kind == reader.UNSUBSCRIBE:
            self._unsubscribe(reader.read_unsubscribe(body, version))
        elif kind == reader.PINGREQ:
            reader.read_pingreq(body)
            self._channel.write(writer.PINGRESP)
        else:
            self._goodbye(reader.read_disconnect(body, version))

    def _publish(self, packet: reader.Publish) -> None:
        if problem := topic_problem(packet.topic):
            raise MqttError(BAD_TOPIC, problem)
        if packet.topic.startswith("$"):
            raise MqttError(BAD_TOPIC, "topics that begin with $ are the service's own")
        if len(packet.payload) > LONGEST_PAYLOAD:
            raise MqttError(reader.TOO_LARGE, f"a payload has {LONGEST_PAYLOAD} octets at most")
        if denial := self._denial(packet.topic, retain=packet.retain):
            raise MqttError(NOT_AUTHORIZED, denial)
        self._published += 1
        self._tell("publish", topic=packet.topic, octets=len(packet.payload))
        self._hub.publish(Message(packet.topic, packet.payload, packet.qos, packet.retain, packet.properties))
        if packet.qos:
            self._channel.write(writer.puback(packet.packet_id))

    def _denial(self, topic: str, *, retain: bool) -> str | None:
        """Say why the device may not publish on a topic; None if it may."""
        for action in ("iot:Publish", "iot:RetainPublish")[: 1 + retain]:
            if not self._access.allows(action, topic):
                return self._access.denial(action, topic)
        return None

    def _subscribe(self, packet: reader.Subscribe) -> None:
        if any(qos == 2 for _, qos in packet.filters):
            raise MqttError(reader.NO_QOS, "AWS IoT has no QoS 2")
        if len(packet.filters) > MOST_FILTERS:
            raise MqttError(QUOTA, f"a SUBSCRIBE names {MOST_FILTERS} topic filters at most")
        codes, afterwards = [], []
        for text, qos in packet.filters:
            if refused := self._refused(text):
                codes.append(refused)
            else:
                codes.append(qos)
                afterwards.append(self._hub.subscribe(self._session, text, qos))
        self._channel.write(writer.suback(self._connect.version, packet.packet_id, codes))
        for send_retained in afterwards:
            send_retained()

    def _refused(self, text: str) -> int | None:
        """Return why the device can not subscribe to a topic filter, as a reason code; None if it can."""
        subscriptions = self._session.subscriptions
        if problem := filter_problem(text):
            code, why = BAD_FILTER, problem
        elif text not in subscriptions and len(subscriptions) >= MOST_SUBSCRIPTIONS:
            code, why = QUOTA, f"a connection has {MOST_SUBSCRIPTIONS} subscriptions at most"
        elif not self._access.allows("iot:Subscribe", text):
            code, why = NOT_AUTHORIZED, self._access.denial("iot:Subscribe", text)
        else:
            self._tell("subscribe", filter=text)
            return None
        self._tell("refuse_subscription", filter=text, reason=why)
        return code

    def _unsubscribe(self, packet: reader.Unsubscribe) -> None:
        codes = [0 if self._hub.unsubscribe(self._session, text) else NO_SUBSCRIPTION for text in packet.filters]
        self._channel.write(writer.unsuback(self._connect.version, packet.packet_id, codes))

    def _goodbye(self, code: int) -> None:
        if code != WITH_WILL:
            self._will = None
        self._why = "the device said goodbye"
        self.gone()
        self._channel.close()

    def _watch(self) -> None:
        """End the connection of a device that was not heard for one and a half of its keep-alive."""
        loop = asyncio.get_running_loop()
        silent = loop.time() - self._heard
        if silent >= self._silence:
            self.end(TIMEOUT, "the device was silent for too long")
        else:
            self._clock = loop.call_later(self._silence - silent, self._watch)

    def _tell(self, kind: str, **facts: str | int) -> None:
        self._household.tell(kind, self.device.arn, client_id=self.client_id, **facts)
