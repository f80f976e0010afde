"""The hub of one account: sessions, subscriptions, retained messages, and who gets what. One event loop's alone."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kvlab.iot.mqtt.topic import Tree

if TYPE_CHECKING:
    from collections.abc import Callable

SESSION_SECONDS = 3600
"""How long a session outlives its connection at most; AWS IoT's quota."""

TAKEN_OVER = 0x8E
"""Reason code of MQTT 5."""

MOST_WAITING = 1000
"""Messages that wait for one client; a further one is dropped."""

MOST_RETAINED = 5000
"""Topics with a retained message; AWS IoT's quota."""


class Message(NamedTuple):
    """What was published; ``properties`` are those of MQTT 5, as they stand in a packet."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False
    properties: bytes = b""


class Line(Protocol):
    """A connection, as a session needs it."""

    def send(self, message: Message, packet_id: int) -> None:
        """Send a message to the client."""

    def has_room(self, waiting: int) -> bool:
        """Say whether the client can take another message while so many wait for its acknowledgement."""

    def may_receive(self, topic: str) -> bool:
        """Say whether the device's policies let it receive on a topic."""

    def end(self, code: int, why: str) -> None:
        """Disconnect the client, with a reason code of MQTT 5."""


class Session:
    """
    What a service remembers of a client.

    Attributes:
        client_id: unique in the account.
        subscriptions: QoS by topic filter.
        line: the connection, while there is one.
    """

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.subscriptions: dict[str, int] = {}
        self.line: Line | None = None
        self._sent: dict[int, Message] = {}
        self._waiting: deque[Message] = deque()
        self._last_id = 0

    def deliver(self, message: Message) -> None:
        """Send a message, or keep one of QoS 1 until the client can take it."""
        if self.line and not self.line.may_receive(message.topic):
            return
        if message.qos == 0:
            if self.line and self.line.has_room(0):
                self.line.send(message, 0)
        elif len(self._waiting) < MOST_WAITING:
            self._waiting.append(message)
            self.go_on()

    def acknowledged(self, packet_id: int) -> None:
        """Forget a message that the client has, and send what waited for it."""
        self._sent.pop(packet_id, None)
        self.go_on()

    def go_on(self) -> None:
        """Send what waits, as far as the client takes it."""
        while self._waiting and self.line and self.line.has_room(len(self._sent)):
            message = self._waiting.popleft()
            if self.line.may_receive(message.topic):
                packet_id = self._next_id()
                self._sent[packet_id] = message
                self.line.send(message, packet_id)

    def left(self) -> None:
        """Note that the connection is gone; what was not acknowledged will be sent again."""
        self.line = None
        self._waiting.extendleft(reversed(self._sent.values()))
        self._sent.clear()

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in self._sent:
                return self._last_id


class Hub:
    """The sessions of one account and the messages between them."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._tree: Tree[Session] = Tree()
        self._retained: dict[str, Message] = {}
        self._expiries: dict[str, asyncio.TimerHandle] = {}

    def enter(self, client_id: str, line: Line, *, clean: bool) -> tuple[Session, bool]:
        """
        Begin a session, or go on with the one this client has, and say which; an older connection of the id ends.

        Args:
            line: the new connection.
            clean: whether an earlier session is forgotten.
        """
        if (earlier := self._sessions.get(client_id)) and earlier.line:
            earlier.line.end(TAKEN_OVER, "another connection with the same client id was made")
        if handle := self._expiries.pop(client_id, None):
            handle.cancel()
        if earlier and clean:
            self.forget(earlier)
        # The end of the other connection may have ended its session too.
        present = client_id in self._sessions
        session = self._sessions.setdefault(client_id, Session(client_id))
        session.line = line
        return session, present

    def leave(self, session: Session, line: Line, seconds: float) -> None:
        """End a connection; its session goes on for so many seconds, unless another connection has taken it."""
        if session.line is not line:
            return
        session.left()
        if seconds <= 0:
            self.forget(session)
            return
        later = asyncio.get_running_loop().call_later
        self._expiries[session.client_id] = later(min(seconds, SESSION_SECONDS), self._expire, session)

    def _expire(self, session: Session) -> None:
        self._expiries.pop(session.client_id, None)
        self.forget(session)

    def forget(self, session: Session) -> None:
        """End a session."""
        for text in session.subscriptions:
            self._tree.remove(text, session)
        session.subscriptions.clear()
        if self._sessions.get(session.client_id) is session:
            del self._sessions[session.client_id]

    def subscribe(self, session: Session, text: str, qos: int) -> Callable[[], None]:
        """Subscribe, and return what sends the topic's retained message, to be called after the SUBACK."""
        session.subscriptions[text] = qos
        self._tree.add(text, session, qos)
        # Only a filter without wildcards finds one, as in AWS IoT.
        kept = self._retained.get(text)
        if kept is None:
            return lambda: None
        return lambda: session.deliver(kept._replace(qos=min(qos, kept.qos), retain=True))

    def unsubscribe(self, session: Session, text: str) -> bool:
        """End a subscription, and say whether there was one."""
        self._tree.remove(text, session)
        return session.subscriptions.pop(text, None) is not None

    def publish(self, message: Message) -> None:
        """Keep a message if it is to be retained, and deliver it to every subscriber."""
        if message.retain:
            self._retain(message)
        for session, qos in self._tree.match(message.topic).items():
            session.deliver(message._replace(qos=min(qos, message.qos), retain=False))

    def _retain(self, message: Message) -> None:
        if not message.payload:
            self._retained.pop(message.topic, None)
        elif message.topic in self._retained or len(self._retained) < MOST_RETAINED:
            self._retained[message.topic] = message
