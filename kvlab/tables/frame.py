"""The frame that all tables are: pandas with promised types, shown so that long values can be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kvlab.render.table import MOST_ROWS, table_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

INSTANT = "datetime64[s, UTC]"
"""An aware instant in whole seconds."""

_NO_TIME = np.iinfo("int64").min
"""How pandas writes that there is no time."""


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


def frame(rows: Iterable[Sequence[Any]], dtypes: Mapping[str, Any]) -> Table:
    """
    Make a frame.

    Args:
        rows: values in the order of the columns; None where there is none. An instant is an aware datetime or epoch
            seconds.
        dtypes: column name to dtype, in the order of the columns; also those of an empty frame.
    """
    columns = [*zip(*rows, strict=True)] or [()] * len(dtypes)
    made = zip(dtypes.items(), columns, strict=True)
    return Table({name: _column(values, dtype) for (name, dtype), values in made})


def _column(values: Sequence[Any], dtype: Any) -> Any:
    if dtype == INSTANT:
        seconds = np.array([_NO_TIME if value is None else _seconds(value) for value in values], dtype="int64")
        return pd.Series(seconds.view("datetime64[s]")).dt.tz_localize("UTC")
    return pd.array(np.array(values, dtype="object"), dtype=dtype)


def _seconds(value: datetime | int) -> int:
    return value if isinstance(value, int) else int(value.timestamp())


def instant(seconds: int | None) -> datetime | None:
    """Turn epoch seconds into an aware UTC instant."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _plain(value: Any) -> Any:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
