"""Tables of certificates as Parquet files, written piece by piece."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvlab.tables.certificate import BATCH_ROWS, DTYPES, rows_of
from kvlab.tables.frame import INSTANT

if TYPE_CHECKING:
    from os import PathLike

    from kvlab.tables.progress import Progress


def write_parquet(
    source: object, path: str | PathLike[str], *, rows: int = BATCH_ROWS, progress: Progress = None
) -> int:
    """
    Write the table of ``certificates`` to a Parquet file (the extra ``parquet``), of which one piece at a time is held.

    ``pandas.read_parquet`` gives the same columns and types again, but for ``not_after``, which Parquet keeps in
    milliseconds: datetime64[ms, UTC].

    Args:
        source: and ``progress``: as for ``certificates``.
        path: of the file; one that is there is replaced when the new one is whole.
        rows: of one piece, at least 1.

    Returns:
        How many rows were written.

    Raises:
        ImportError: pyarrow is not installed.
        ValueError: ``rows`` is less than 1.
        ForbiddenByPolicy, ForbiddenByRbac, OSError, TypeError: as ``certificates``; the file is left as it was.
    """
    if rows < 1:
        raise ValueError(f"A piece has at least one row, not {rows}.")
    arrow, parquet = _pyarrow()
    schema = _schema(arrow)
    left = rows_of(source, progress)
    target = Path(path)
    draft = target.with_name(f"{target.name}.part")
    written = 0
    try:
        with parquet.ParquetWriter(draft, schema) as writer:
            while piece := list(islice(left, rows)):
                columns = zip(*piece, strict=True)
                arrays = [arrow.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)]
                writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
                written += len(piece)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return written


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow  # noqa: PLC0415, ICN001  an optional package
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise ImportError('Parquet files need pyarrow: pip install "kvlab[parquet]".') from error
    return pyarrow, parquet


def _schema(arrow: Any) -> Any:
    """Return the columns as Arrow types, with what pandas needs to know to read them as they were."""
    from kvlab.tables.frame import frame  # noqa: PLC0415

    types = {
        "string": arrow.string(),
        "category": arrow.dictionary(arrow.int32(), arrow.string()),
        "Int64": arrow.int64(),
        "boolean": arrow.bool_(),
        INSTANT: arrow.timestamp("s", tz="UTC"),
    }
    schema = arrow.schema([(name, types[dtype]) for name, dtype in DTYPES.items()])
    return schema.with_metadata(arrow.Schema.from_pandas(frame([], DTYPES), preserve_index=False).metadata)
