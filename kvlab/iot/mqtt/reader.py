"""Read the packets that MQTT clients send, of versions 3.1.1 and 5. Pure: octets in, values out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

V311 = 4
V5 = 5

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 4, 8, 10, 12, 14
"""The types of packets a client may send to a service without QoS 2."""

FLAGS = {CONNECT: 0, PUBACK: 0, SUBSCRIBE: 2, UNSUBSCRIBE: 2, PINGREQ: 0, DISCONNECT: 0}
"""The low four bits that each type must have (MQTT 3.1.1 section 2.2.2); those of PUBLISH mean something."""

LONGEST_PACKET = 128 * 1024 + 16 * 1024
"""Octets after the fixed header: a payload of AWS IoT's 128 KB, and what else is in a packet."""

MALFORMED, PROTOCOL_ERROR, UNSUPPORTED_VERSION, BAD_CLIENT_ID = 0x81, 0x82, 0x84, 0x85
TOO_LARGE, NO_QOS, ALIAS, NO_METHOD = 0x95, 0x9B, 0x94, 0x8C
"""Reason codes of MQTT 5, section 2.4."""

SESSION_EXPIRY, RECEIVE_MAXIMUM, TOPIC_ALIAS, SUBSCRIPTION_ID = 0x11, 0x21, 0x23, 0x0B
AUTHENTICATION = (0x15, 0x16)

# How the value of each property is written (MQTT 5 section 2.2.2.2).
_BYTE, _TWO, _FOUR, _VARIABLE, _BINARY, _PAIR = range(6)
_PROPERTIES = {
    0x01: _BYTE, 0x02: _FOUR, 0x03: _BINARY, 0x08: _BINARY, 0x09: _BINARY, 0x0B: _VARIABLE, 0x11: _FOUR,
    0x15: _BINARY, 0x16: _BINARY, 0x17: _BYTE, 0x18: _FOUR, 0x19: _BYTE, 0x1F: _BINARY, 0x21: _TWO, 0x22: _TWO,
    0x23: _TWO, 0x26: _PAIR, 0x27: _FOUR,
}  # fmt: skip
_MAY_REPEAT = (0x26, 0x0B)
_FIXED = {_BYTE: 1, _TWO: 2, _FOUR: 4}


class MqttError(Exception):
    """
    A client does not speak MQTT as it must.

    Attributes:
        code: the reason code of MQTT 5.
        reason: one sentence.
    """

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class Will(NamedTuple):
    """What is published for a client that goes without a word."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: bytes = b""


class Connect(NamedTuple):
    """
    A client introduces itself.

    ``session_expiry`` is in seconds, None where version 3.1.1 has no word for it; ``assigned`` says that the client id
    is the broker's choice.
    """

    version: int
    client_id: str
    clean: bool
    keep_alive: int
    will: Will | None
    session_expiry: int | None
    receive_maximum: int
    assigned: bool = False


class Publish(NamedTuple):
    """A message; ``properties`` are those that go on to whoever receives it."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    packet_id: int
    properties: bytes = b""


class Subscribe(NamedTuple):
    """Topic filters, each with its QoS."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]


class Unsubscribe(NamedTuple):
    """Topic filters."""

    packet_id: int
    filters: tuple[str, ...]


class Frames:
    """Octets as they come from the network, cut into packets."""

    def __init__(self) -> None:
        self._octets = bytearray()

    def feed(self, octets: bytes) -> Iterator[tuple[int, bytes]]:
        """
        Yield the packets that are whole now: the first octet, and all after the length.

        Raises:
            MqttError: a length that is none, or too long.
        """
        self._octets += octets
        while (head := self._head()) is not None:
            start, end = head
            if len(self._octets) < end:
                return
            first, body = self._octets[0], bytes(self._octets[start:end])
            del self._octets[:end]
            yield first, body

    @property
    def begun(self) -> int | None:
        """The first octet of a packet that is not whole yet, if there is one."""
        return self._octets[0] if self._octets else None

    def _head(self) -> tuple[int, int] | None:
        length = 0
        for place in range(1, min(len(self._octets), 5)):
            octet = self._octets[place]
            length |= (octet & 0x7F) << 7 * (place - 1)
            if octet < 0x80:
                if length > LONGEST_PACKET:
                    raise MqttError(TOO_LARGE, f"A packet of {length} octets is too long.")
                return place + 1, place + 1 + length
        if len(self._octets) >= 5:
            raise MqttError(MALFORMED, "The length of a packet does not end.")
        return None


class _Body:
    """The fields of one packet, read from front to back."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._place = 0

    @property
    def left(self) -> int:
        return len(self._octets) - self._place

    def take(self, length: int) -> bytes:
        if length > self.left:
            raise MqttError(MALFORMED, "A packet ends too early.")
        self._place += length
        return self._octets[self._place - length : self._place]

    def number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets), "big")

    def variable(self) -> int:
        value = 0
        for shift in (0, 7, 14, 21):
            octet = self.number(1)
            value |= (octet & 0x7F) << shift
            if octet < 0x80:
                return value
        raise MqttError(MALFORMED, "A number does not end.")

    def binary(self) -> bytes:
        return self.take(self.number(2))

    def text(self) -> str:
        try:
            text = self.binary().decode()
        except UnicodeDecodeError:
            raise MqttError(MALFORMED, "A text is no UTF-8.") from None
        if "\0" in text:
            raise MqttError(MALFORMED, "A text holds the character U+0000.")
        return text

    def packet_id(self) -> int:
        if not (found := self.number(2)):
            raise MqttError(MALFORMED, "A packet identifier is 0.")
        return found

    def properties(self, version: int) -> dict[int, list[tuple[int, bytes]]]:
        """Return each property's values, as a number and as it stands in the packet; none before version 5."""
        if version < V5:
            return {}
        length = self.variable()
        end = self._place + length
        if end > len(self._octets):
            raise MqttError(MALFORMED, "Properties end after their packet.")
        found: dict[int, list[tuple[int, bytes]]] = {}
        while self._place < end:
            start = self._place
            kind = self.variable()
            if kind not in _PROPERTIES or (kind in found and kind not in _MAY_REPEAT):
                raise MqttError(MALFORMED, f"Property {kind} is unknown, or stands twice.")
            value = self._value(_PROPERTIES[kind])
            found.setdefault(kind, []).append((value, self._octets[start : self._place]))
        if self._place != end:
            raise MqttError(MALFORMED, "A property is longer than all of them.")
        return found

    def _value(self, form: int) -> int:
        if form == _VARIABLE:
            return self.variable()
        if form in _FIXED:
            return self.number(_FIXED[form])
        self.binary()
        if form == _PAIR:
            self.binary()
        return 0

    def end(self) -> None:
        if self.left:
            raise MqttError(MALFORMED, "A packet is longer than what is in it.")


def read_connect(octets: bytes) -> Connect:
    """
    Read a CONNECT.

    Source: MQTT 3.1.1 section 3.1, MQTT 5 section 3.1.
    """
    body = _Body(octets)
    name = body.binary()
    version = body.number(1)
    if name != b"MQTT" or version not in (V311, V5):
        raise MqttError(UNSUPPORTED_VERSION, "MQTT 3.1.1 and 5 are spoken here.")
    flags = body.number(1)
    will_qos = flags >> 3 & 3
    if flags & 1 or will_qos > 2 or (not flags & 4 and flags & 0x38):
        raise MqttError(MALFORMED, "The flags of a CONNECT contradict each other.")
    keep_alive = body.number(2)
    properties = body.properties(version)
    if any(kind in properties for kind in AUTHENTICATION):
        raise MqttError(NO_METHOD, "There is no enhanced authentication: a device shows its certificate.")
    client_id = body.text()
    will = None
    if flags & 4:
        passed = _passed_on(body.properties(version))
        will = Will(body.text(), body.binary(), will_qos, bool(flags & 0x20), passed)
        if will_qos == 2:
            raise MqttError(NO_QOS, "AWS IoT has no QoS 2.")
    for flag in (0x80, 0x40):
        if flags & flag:
            body.binary()
    body.end()
    expiry = properties.get(SESSION_EXPIRY, [(0, b"")])[0][0] if version == V5 else None
    maximum = properties.get(RECEIVE_MAXIMUM, [(65535, b"")])[0][0]
    if not maximum:
        raise MqttError(PROTOCOL_ERROR, "A receive maximum is 1 or more.")
    return Connect(version, client_id, bool(flags & 2), keep_alive, will, expiry, maximum)


def read_publish(first: int, octets: bytes, version: int) -> Publish:
    """
    Read a PUBLISH; topics are not looked at.

    Source: MQTT 3.1.1 section 3.3, MQTT 5 section 3.3.
    """
    qos = first >> 1 & 3
    if qos == 3 or (first & 8 and not qos):
        raise MqttError(MALFORMED, "The flags of a PUBLISH contradict each other.")
    if qos == 2:
        raise MqttError(NO_QOS, "AWS IoT has no QoS 2.")
    body = _Body(octets)
    topic = body.text()
    packet_id = body.packet_id() if qos else 0
    properties = body.properties(version)
    if TOPIC_ALIAS in properties:
        raise MqttError(ALIAS, "Topic aliases are not admitted by the CONNACK.")
    if SUBSCRIPTION_ID in properties:
        raise MqttError(PROTOCOL_ERROR, "A client's PUBLISH has no subscription identifier.")
    return Publish(topic, body.take(body.left), qos, bool(first & 1), packet_id, _passed_on(properties))


def _passed_on(properties: dict[int, list[tuple[int, bytes]]]) -> bytes:
    """Return the properties that whoever receives a message gets too: all but the will's delay."""
    return b"".join(octets for kind, found in properties.items() for _, octets in found if kind != 0x18)


def read_puback(octets: bytes) -> int:
    """Read the packet identifier of a PUBACK; version 5 may give a reason, which is not looked at."""
    return _Body(octets).packet_id()


def read_subscribe(octets: bytes, version: int) -> Subscribe:
    """
    Read a SUBSCRIBE.

    Source: MQTT 3.1.1 section 3.8, MQTT 5 section 3.8.
    """
    body = _Body(octets)
    packet_id = body.packet_id()
    if SUBSCRIPTION_ID in body.properties(version):
        raise MqttError(0xA1, "Subscription identifiers are not admitted by the CONNACK.")
    filters = []
    while body.left:
        text, options = body.text(), body.number(1)
        if options & 3 == 3 or options & (0xC0 if version == V5 else 0xFC) or options >> 4 & 3 == 3:
            raise MqttError(MALFORMED, "The options of a subscription contradict each other.")
        filters.append((text, options & 3))
    if not filters:
        raise MqttError(PROTOCOL_ERROR, "A SUBSCRIBE names one topic filter at least.")
    return Subscribe(packet_id, tuple(filters))


def read_unsubscribe(octets: bytes, version: int) -> Unsubscribe:
    """
    Read an UNSUBSCRIBE.

    Source: MQTT 3.1.1 section 3.10, MQTT 5 section 3.10.
    """
    body = _Body(octets)
    packet_id = body.packet_id()
    body.properties(version)
    filters = []
    while body.left:
        filters.append(body.text())
    if not filters:
        raise MqttError(PROTOCOL_ERROR, "An UNSUBSCRIBE names one topic filter at least.")
    return Unsubscribe(packet_id, tuple(filters))


def read_pingreq(octets: bytes) -> None:
    """Read a PINGREQ, in which there is nothing."""
    _Body(octets).end()


def read_disconnect(octets: bytes, version: int) -> int:
    """Read the reason code of a DISCONNECT: 0 is a normal one, 4 asks for the will all the same."""
    return octets[0] if version == V5 and octets else 0
