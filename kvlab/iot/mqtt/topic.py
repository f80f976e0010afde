"""Topics and topic filters: which are well-formed, and who wants what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TOPIC = 256
"""Octets of UTF-8; AWS IoT's quota."""

MOST_SLASHES = 7
"""AWS IoT's quota."""

Subscriber = TypeVar("Subscriber")


def topic_problem(topic: str) -> str | None:
    """Say in a sentence why nothing can be published on a topic, or return None."""
    if "+" in topic or "#" in topic:
        return "A topic to publish on has no wildcard."
    return _length_problem(topic)


def filter_problem(text: str) -> str | None:
    """
    Say in a sentence why nobody can subscribe to a topic filter, or return None.

    Source: MQTT 3.1.1 section 4.7; quotas of AWS IoT.
    """
    levels = text.split("/")
    if any("#" in level for level in levels[:-1]) or any("#" in level and level != "#" for level in levels):
        return "# stands alone, at the end of a topic filter."
    if any("+" in level and level != "+" for level in levels):
        return "+ stands for a whole level of a topic filter."
    if levels[0] == "$share":
        return "Shared subscriptions are not among what this service does."
    return _length_problem(text)


def _length_problem(text: str) -> str | None:
    if not text or len(text.encode()) > LONGEST_TOPIC:
        return f"A topic or topic filter has 1 to {LONGEST_TOPIC} octets."
    if text.count("/") > MOST_SLASHES:
        return f"A topic or topic filter has {MOST_SLASHES} slashes at most."
    return None


class _Node(Generic[Subscriber]):
    __slots__ = ("further", "subscribers")

    def __init__(self) -> None:
        self.further: dict[str, _Node[Subscriber]] = {}
        self.subscribers: dict[Subscriber, int] = {}


class Tree(Generic[Subscriber]):
    """Who subscribed to which topic filters: a tree of their levels, so that a topic meets only what may fit."""

    def __init__(self) -> None:
        self._root: _Node[Subscriber] = _Node()

    def add(self, text: str, subscriber: Subscriber, qos: int) -> None:
        """Subscribe, or change the QoS of a subscription."""
        node = self._root
        for level in text.split("/"):
            node = node.further.setdefault(level, _Node())
        node.subscribers[subscriber] = qos

    def remove(self, text: str, subscriber: Subscriber) -> None:
        """End a subscription, if there is one, and forget levels that nobody needs any more."""
        path = [self._root]
        levels = text.split("/")
        for level in levels:
            if level not in path[-1].further:
                return
            path.append(path[-1].further[level])
        path[-1].subscribers.pop(subscriber, None)
        for parent, level, node in zip(reversed(path[:-1]), reversed(levels), reversed(path[1:]), strict=True):
            if node.subscribers or node.further:
                return
            del parent.further[level]

    def match(self, topic: str) -> dict[Subscriber, int]:
        """
        Return who gets a message on a topic, each once, with the highest QoS of the filters that fit.

        As in AWS IoT, ``a/#`` does not match ``a``. Wildcards at the first level leave out topics with ``$`` first.

        Source: MQTT 3.1.1 section 4.7; https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-differences
        """
        found: dict[Subscriber, int] = {}
        for node in self._reached(topic.split("/"), wildcards=not topic.startswith("$")):
            for subscriber, qos in node.subscribers.items():
                found[subscriber] = max(qos, found.get(subscriber, 0))
        return found

    def _reached(self, levels: list[str], *, wildcards: bool) -> Iterator[_Node[Subscriber]]:
        nodes = [self._root]
        for number, level in enumerate(levels):
            several = wildcards or number > 0
            if several:
                yield from (node.further["#"] for node in nodes if "#" in node.further)
            names = {level, "+"} if several else {level}
            nodes = [node.further[name] for node in nodes for name in names if name in node.further]
        yield from nodes
