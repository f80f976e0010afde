"""Pages of lists: the marker that a page ends with says after which row the next one begins."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from kvlab.errors import InvalidRequestException
from kvlab.store.iot import LAST

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE_SIZE = 25
"""What a page of certificates or policies holds unless the caller says otherwise; from the service description."""

_DIGITS = 10


def read_marker(text: str | None) -> int | None:
    """
    Return the number of the row that a page ended with.

    Raises:
        InvalidRequestException: no page ended with this marker.
    """
    if not text:
        return None
    try:
        number = base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        number = ""
    if not (number.isdigit() and len(number) <= _DIGITS and int(number) <= LAST):
        raise InvalidRequestException("The marker is not one that a page ended with.")
    return int(number)


def cut(rows: Sequence[Any], size: int) -> tuple[Sequence[Any], str | None]:
    """Return the rows of a page of a size, and the marker of the next one, from one row more than the page holds."""
    if len(rows) <= size:
        return rows, None
    shown = rows[:size]
    return shown, base64.b64encode(str(shown[-1].number).encode()).decode()
