"""PEM text of any length, cut into blocks while it is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

MOST_PIECE_OCTETS = 5_000_000
"""A longer block is cut off here, and so is no block."""

_LONGEST_LINE = 65_536
_BEGIN, _END = b"-----BEGIN ", b"-----END "
_BEFORE_BEGIN = re.compile(rb"(?=-----BEGIN )")


def pem_pieces(file: IO[bytes]) -> Iterator[bytes]:
    """
    Cut a PEM text into its blocks; never more than one of them is held.

    Args:
        file: open for reading octets; read from where it stands to its end.

    Returns:
        The octets of each block from ``-----BEGIN`` on, those without their end too; what stands between blocks is
        left out.
    """
    piece = bytearray()
    while line := file.readline(_LONGEST_LINE):
        for part in _BEFORE_BEGIN.split(line) if _BEGIN in line else (line,):
            if part.startswith(_BEGIN) and piece:
                yield bytes(piece)
                piece.clear()
            if (piece or part.startswith(_BEGIN)) and len(piece) < MOST_PIECE_OCTETS:
                piece += part
            if piece and _END in part:
                yield bytes(piece)
                piece.clear()
    if piece:
        yield bytes(piece)
