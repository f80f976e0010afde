"""Statements that are compiled once and run often."""

from __future__ import annotations

from collections import namedtuple
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection


class _Compiled(NamedTuple):
    sql: str
    constants: dict[str, Any]
    arguments: Callable[[Mapping[str, Any]], Any]  # from values by name to what the driver takes


class Statement:
    """
    A SQLAlchemy Core statement that is run on the driver's cursor.

    SQLAlchemy writes the SQL for the database at hand and holds the transaction; its own way from a statement to a row
    costs twice what SQLite itself needs, and a turn of the vault runs a dozen of them.

    Args:
        construct: a select, insert, update or delete; what an insert or update sets comes from its parameters' names.
    """

    def __init__(self, construct: sa.Select[Any] | sa.CompoundSelect[Any] | sa.Insert | sa.Update | sa.Delete) -> None:
        self._construct = construct
        self._compiled: dict[tuple[str, tuple[str, ...]], _Compiled] = {}
        self._row: Callable[[Sequence[Any]], Any] | None = None
        if isinstance(construct, (sa.Select, sa.CompoundSelect)):
            columns = list(construct.selected_columns)
            self._row = _row_type([str(column.key) for column in columns])
            self._booleans = [place for place, column in enumerate(columns) if isinstance(column.type, sa.Boolean)]

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """Return the first row as a named tuple, or None."""
        found = self._execute(connection, parameters).fetchone()
        return None if found is None else self._rows(connection, [found])[0]

    def all(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Return all rows as named tuples."""
        return self._rows(connection, self._execute(connection, parameters).fetchall())

    def scalar(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """Return the first column of the first row, or None: a select's, or what an insert returns."""
        found = self._execute(connection, parameters).fetchone()
        return None if found is None else found[0]

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """Run a statement that returns no rows; tells how many it touched."""
        return int(self._execute(connection, parameters).rowcount)

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each row of parameters; all rows have the same names."""
        compiled = self._for(connection, rows[0])
        cursor = _driver(connection).cursor()
        cursor.executemany(compiled.sql, [_arguments(compiled, row) for row in rows])
        cursor.close()

    def _execute(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        compiled = self._for(connection, parameters)
        return _driver(connection).execute(compiled.sql, _arguments(compiled, parameters))

    def _for(self, connection: Connection, parameters: Mapping[str, Any]) -> _Compiled:
        names = () if self._row else tuple(parameters)
        dialect = connection.dialect
        found = self._compiled.get((dialect.name, names))
        if found is None:
            compiled: Any = self._construct.compile(dialect=dialect, column_keys=list(names) or None)
            found = _Compiled(compiled.string, dict(compiled.params), _by_position(compiled.positiontup))
            self._compiled[dialect.name, names] = found
        return found

    def _rows(self, connection: Connection, found: list[Any]) -> list[Any]:
        assert self._row is not None
        if self._booleans and connection.dialect.name == "sqlite":
            found = [self._with_booleans(row) for row in found]
        return [self._row(row) for row in found]

    def _with_booleans(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place in self._booleans:
            if values[place] is not None:
                values[place] = bool(values[place])
        return values


def _row_type(names: Sequence[str]) -> Callable[[Sequence[Any]], Any]:
    make: Callable[[Sequence[Any]], Any] = namedtuple("Row", names)._make  # type: ignore[attr-defined]  # noqa: PYI024
    return make


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def _arguments(compiled: _Compiled, parameters: Mapping[str, Any]) -> Any:
    return compiled.arguments({**compiled.constants, **parameters} if compiled.constants else parameters)


def _by_position(order: Sequence[str] | None) -> Callable[[Mapping[str, Any]], Any]:
    """Return what takes values out of a mapping, in the order that a driver without named parameters wants."""
    if order is None:
        return lambda values: values
    if len(order) > 1:
        return itemgetter(*order)
    return lambda values: [values[name] for name in order]
