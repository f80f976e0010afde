"""Write the packets that an MQTT service sends, for versions 3.1.1 and 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.iot.mqtt.reader import LONGEST_PACKET, V5

if TYPE_CHECKING:
    from collections.abc import Sequence

IN_FLIGHT = 100
"""How many QoS 1 messages to one client may wait for their PUBACK; AWS IoT's quota."""

LONGEST_KEEP_ALIVE = 1200
"""Seconds; AWS IoT's quota."""


def connack(version: int, *, present: bool, code: int, keep_alive: int | None = None, client_id: str = "") -> bytes:
    """
    Write a CONNACK.

    Args:
        version: of the client.
        present: whether an earlier session goes on.
        code: 0, or a return code (3.1.1) or reason code (5).
        keep_alive: seconds, where they are not what the client asked for.
        client_id: what was assigned to a client that gave none.
    """
    body = bytes([present, code])
    if version == V5:
        properties = b"\x21" + IN_FLIGHT.to_bytes(2, "big")  # receive maximum
        properties += b"\x24\x01"  # maximum QoS
        properties += b"\x27" + LONGEST_PACKET.to_bytes(4, "big")
        properties += b"\x29\x00\x2a\x00"  # no subscription identifiers, no shared subscriptions
        if keep_alive is not None:
            properties += b"\x13" + keep_alive.to_bytes(2, "big")
        if client_id:
            properties += b"\x12" + _text(client_id)
        body += _length(len(properties)) + properties
    return _packet(0x20, body)


def publish(
    version: int, topic: str, payload: bytes, *, qos: int, retain: bool, packet_id: int = 0, properties: bytes = b""
) -> bytes:
    """Write a PUBLISH; the properties are for clients of version 5."""
    body = _text(topic)
    if qos:
        body += packet_id.to_bytes(2, "big")
    if version == V5:
        body += _length(len(properties)) + properties
    return _packet(0x30 | qos << 1 | retain, body + payload)


def puback(packet_id: int) -> bytes:
    """Write a PUBACK for a message that was taken."""
    return _packet(0x40, packet_id.to_bytes(2, "big"))


def suback(version: int, packet_id: int, codes: Sequence[int]) -> bytes:
    """Write a SUBACK: for each topic filter its QoS, or why not; 3.1.1 knows 0x80 only."""
    if version == V5:
        return _packet(0x90, packet_id.to_bytes(2, "big") + b"\0" + bytes(codes))
    return _packet(0x90, packet_id.to_bytes(2, "big") + bytes(min(code, 0x80) for code in codes))


def unsuback(version: int, packet_id: int, codes: Sequence[int]) -> bytes:
    """Write an UNSUBACK: version 5 says for each filter whether there was such a subscription."""
    return _packet(0xB0, packet_id.to_bytes(2, "big") + (b"\0" + bytes(codes) if version == V5 else b""))


def disconnect(code: int) -> bytes:
    """Write a DISCONNECT, which a service sends in version 5 only."""
    return _packet(0xE0, bytes([code, 0]))


PINGRESP = b"\xd0\x00"


def _packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + _length(len(body)) + body


def _length(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _text(text: str) -> bytes:
    octets = text.encode()
    return len(octets).to_bytes(2, "big") + octets
