"""
Tables of columns of which parts are taken without a copy of what nobody looks at.

A year of a large shop is told apart nine times, and each time most columns are not needed: they
are gathered when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Rows = slice | NDArray[np.intp] | Callable[[], NDArray[np.intp]]
    """Which rows of a table: a part of it as it is, or places that are worked out when needed."""

Scalar = TypeVar("Scalar", bound=np.generic)


class Column(Generic[Scalar]):
    """A column of a table, by its name in the class."""

    def __set_name__(self, owner: type[Columns], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, table: None, owner: type[Columns]) -> Self: ...
    @overload
    def __get__(self, table: Columns, owner: type[Columns]) -> NDArray[Scalar]: ...
    def __get__(self, table: Columns | None, owner: type[Columns]) -> Self | NDArray[Scalar]:
        """Return its values in *table*."""
        return self if table is None else table.column(self._name)


class Columns:
    """*size* rows, of which each column is an array. Not to be written to."""

    def __init__(self, **columns: NDArray[Any]) -> None:
        self.size = next(iter(columns.values())).size if columns else 0
        self._own = columns
        self._parent: Columns | None = None
        self._rows: Rows = slice(None)

    def column(self, name: str) -> NDArray[Any]:
        """Return the values of one column."""
        if name not in self._own:
            if self._parent is None:
                raise KeyError(name)
            if callable(self._rows):
                self._rows = self._rows()
            self._own[name] = self._parent.column(name)[self._rows]
        return self._own[name]

    def at(self, rows: Rows, size: int) -> Self:
        """Return the table of the *size* rows that *rows* tells."""
        part = type(self)()
        part.size, part._parent, part._rows = size, self, rows  # noqa: SLF001 - of its own class
        return part

    def split(self, codes: NDArray[np.integer], count: int) -> Iterator[Self]:
        """Yield the rows with code 0, those with code 1, and so on: *count* tables."""
        ordered = self.at(lambda: np.argsort(codes, kind="stable"), self.size)
        begin = 0
        for size in np.bincount(codes, minlength=count).tolist():
            yield ordered.at(slice(begin, begin + size), size)
            begin += size

    def where(self, chosen: NDArray[np.bool_]) -> Self:
        """Return the rows that are *chosen*."""
        return self.at(lambda: np.flatnonzero(chosen), int(np.count_nonzero(chosen)))
