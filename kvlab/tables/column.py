"""How a list of rows becomes a frame with the types its columns were promised."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

INSTANT = "datetime64[s, UTC]"
"""An aware instant in whole seconds."""


def frame(rows: Iterable[Sequence[Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """
    Make a frame.

    Args:
        rows: values in the order of the columns; None where there is none.
        dtypes: column name to dtype, in the order of the columns; also those of an empty frame.
    """
    table = pd.DataFrame([tuple(row) for row in rows], columns=[*dtypes], dtype="object")
    return table.astype(dict(dtypes))


def instant(seconds: int | None) -> datetime | None:
    """Turn epoch seconds into an aware UTC instant."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
