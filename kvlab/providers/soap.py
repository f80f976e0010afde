"""
SOAP 1.1 messages as GlobalSign's services speak it: one element in the body, its members without a namespace.

Source: https://www.w3.org/TR/2000/NOTE-SOAP-20000508/ (envelope).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "https://system.globalsign.com/kb/ws/v1/"
CONTENT_TYPE = "text/xml; charset=utf-8"

Member: TypeAlias = "str | Mapping[str, Member] | list[Member]"
"""Text, an element with members, or an element that stands several times."""

_PLAIN = re.compile(r"[A-Za-z0-9 \n.,:;/+=@()'_-]*")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotSoap(ValueError):
    """What came over the line is no SOAP message."""


def write(operation: str, content: Mapping[str, Member]) -> bytes:
    """
    Write a message.

    Args:
        operation: name of the element in the body, such as ``PVOrder``.
        content: its members; an empty text leaves its element out.

    Returns:
        UTF-8.
    """
    inside = "".join(element(name, member) for name, member in content.items())
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:v1="{SERVICE}">'
        f"<soapenv:Body><v1:{operation}>{inside}</v1:{operation}></soapenv:Body></soapenv:Envelope>"
    ).encode()


def element(name: str, member: Member) -> str:
    """Write an element; an empty text leaves it out."""
    if isinstance(member, str):
        return f"<{name}>{_escaped(member)}</{name}>" if member else ""
    if isinstance(member, list):
        return "".join(element(name, one) for one in member)
    inside = "".join(element(inner, one) for inner, one in member.items())
    return f"<{name}>{inside}</{name}>"


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
        envelope = ET.fromstring(body)  # noqa: S314  nothing is left that could expand
    except (ET.ParseError, ValueError):
        raise NotSoap("The message is no XML.") from None
    found = envelope.find(f"{{{ENVELOPE}}}Body/*")
    if found is None:
        raise NotSoap("The message has no SOAP body.")
    return found.tag.rpartition("}")[2], found


def text(element: ET.Element, path: str) -> str:
    """Return the text of the element at a path such as ``Request/OrderID``; empty if there is none."""
    return (element.findtext(path) or "").strip()


def texts(elements: Iterable[ET.Element], path: str) -> Iterator[str]:
    """Yield the text at a path in each element, where there is any."""
    return (found for element in elements if (found := text(element, path)))


def _escaped(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else escape(_NOT_XML.sub("?", value))
