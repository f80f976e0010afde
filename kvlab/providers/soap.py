"""
SOAP 1.1 messages as GlobalSign's services speak it: one element in the body, its members without a namespace.

Source: https://www.w3.org/TR/2000/NOTE-SOAP-20000508/ (envelope).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias, cast
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "https://system.globalsign.com/kb/ws/v1/"
CONTENT_TYPE = "text/xml; charset=utf-8"

Member: TypeAlias = "str | Mapping[str, Member] | list[Member]"
Members: TypeAlias = "Mapping[str, Member]"
"""Text, an element with members, or an element that stands several times."""

_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 \n.,:;/+=@()'_-"
"""Octets that XML writes as they are: nearly all that is said, and a message holds thousands of them."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_HEAD = (
    f'<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:v1="{SERVICE}">'
    "<soapenv:Body>"
)


class NotSoap(ValueError):
    """What came over the line is no SOAP message."""


def write(operation: str, content: Members) -> bytes:
    """
    Write a message.

    Args:
        operation: name of the element in the body, such as ``PVOrder``.
        content: its members; an empty text leaves its element out.

    Returns:
        UTF-8.
    """
    return f"{_HEAD}<v1:{operation}>{_members(content)}</v1:{operation}></soapenv:Body></soapenv:Envelope>".encode()


def element(name: str, text: str) -> str:
    """Write an element that holds text; an empty text leaves it out."""
    if not text:
        return ""
    if not text.isascii() or text.encode().translate(None, _PLAIN):
        text = escape(_NOT_XML.sub("?", text))
    return f"<{name}>{text}</{name}>"


def _members(content: Members) -> str:
    return "".join([
        element(name, one) if isinstance(one, str) else f"<{name}>{_members(cast('Members', one))}</{name}>"
        for name, member in content.items()
        for one in (member if isinstance(member, list) else (member,))
    ])  # fmt: skip


def read(body: bytes) -> tuple[str, ET.Element]:
    """
    Read a message.

    Returns:
        The name of the element in the body, without its namespace, and the element.

    Raises:
        NotSoap: it is none.
    """
    if b"<!" in body:
        # Neither side ever declares a document type or entities; who does wants to make the reader work.
        raise NotSoap("The message holds a declaration.")
    try:
        # As text, so that it is UTF-8 whatever it says of itself: in UTF-16 a declaration would look otherwise.
        envelope = ET.fromstring(body.decode())  # noqa: S314  nothing is left that could expand
    except (ET.ParseError, ValueError):
        raise NotSoap("The message is no XML.") from None
    found = envelope.find(f"{{{ENVELOPE}}}Body/*")
    if found is None:
        raise NotSoap("The message has no SOAP body.")
    return found.tag.rpartition("}")[2], found


def text(element: ET.Element, path: str) -> str:
    """Return the text of the first element at a path such as ``Request/OrderID``; empty if there is none."""
    # One name at a time: the library's own way along a path costs ten times as much, and a message has a dozen paths.
    for name in path.split("/"):
        found = element.find(name)
        if found is None:
            return ""
        element = found
    return (element.text or "").strip()


def texts(elements: Iterable[ET.Element], path: str) -> Iterator[str]:
    """Yield the text at a path in each element, where there is any."""
    return (found for element in elements if (found := text(element, path)))
