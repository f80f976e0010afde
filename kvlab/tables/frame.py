"""The frame that all tables are: pandas with promised types, shown so that long values can be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from kvlab.render.table import MOST_ROWS, table_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

INSTANT = "datetime64[s, UTC]"
"""An aware instant in whole seconds."""


class Table(pd.DataFrame):  # type: ignore[misc]  # pandas has no types here
    """
    A pandas frame like any other, with a page of its own: left-aligned, wrapping, safe against what is in the text.

    What is selected from it is a ``Table`` again; ``pandas.DataFrame(table)`` is a plain one.
    """

    @property
    def _constructor(self) -> Callable[..., Table]:
        return Table

    def _repr_html_(self) -> str:
        shown = self.head(MOST_ROWS)
        rows = [[_plain(value) for value in row] for row in shown.itertuples(index=False, name=None)]
        return table_html([str(name) for name in self.columns], rows, len(self))


def frame(rows: Iterable[Sequence[Any]], dtypes: Mapping[str, str]) -> Table:
    """
    Make a frame.

    Args:
        rows: values in the order of the columns; None where there is none.
        dtypes: column name to dtype, in the order of the columns; also those of an empty frame.
    """
    table = Table([tuple(row) for row in rows], columns=[*dtypes], dtype="object")
    typed: Table = table.astype(dict(dtypes))
    return typed


def instant(seconds: int | None) -> datetime | None:
    """Turn epoch seconds into an aware UTC instant."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _plain(value: Any) -> Any:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
