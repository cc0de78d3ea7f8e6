"""Growing columns in an HDF5 file: append together, read together, trim together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import h5py
import numpy as np
from numpy.typing import ArrayLike

from protocols.errors import SessionError
from sessions.schema import Column

_MOST_HELD = 4096  # rows


class Table:
    """Columns that grow together in one group. Not thread-safe: the writer holds the lock.

    Appended rows are held until ``settle``, as one large write costs no more than one small one.
    """

    def __init__(self, group: h5py.Group, columns: Sequence[Column], chunk_bytes: int) -> None:
        self._columns = {column.name: _created(group, column, chunk_bytes) for column in columns}
        self._rows = 0
        self._held: list[dict[str, np.ndarray]] = []
        self._held_rows = 0

    def __len__(self) -> int:
        return self._rows + self._held_rows

    def append(self, values: Mapping[str, ArrayLike]) -> None:
        """Append equally many rows to every column; the arrays must not change afterwards.

        Raises:
            SessionError: columns missing, unknown, of another length or another width.
        """
        arrays = {name: np.asarray(value) for name, value in values.items()}
        count = self._checked(arrays)
        if count:
            self._held.append(arrays)
            self._held_rows += count
        if self._held_rows >= _MOST_HELD:
            self.settle()

    def settle(self) -> None:
        """Write the rows held. A failure half-way loses none: the next attempt writes over the remains."""
        if not self._held:
            return
        for name, dataset in self._columns.items():
            held = [arrays[name] for arrays in self._held]
            rows = held[0] if len(held) == 1 else np.concatenate(held)
            dataset.resize(self._rows + self._held_rows, axis=0)
            dataset[self._rows :] = rows.astype(dataset.dtype, copy=False)
        self._rows += self._held_rows
        self._held, self._held_rows = [], 0

    def replace(self, row: int, values: Mapping[str, object]) -> None:
        """Write some columns of one row anew."""
        self.settle()
        for name, value in values.items():
            self._columns[name][row] = value

    def _checked(self, arrays: Mapping[str, np.ndarray]) -> int:
        shapes = {name: array.shape for name, array in arrays.items()}
        expected = {name: dataset.shape[1:] for name, dataset in self._columns.items()}
        lengths = {shape[0] if shape else -1 for shape in shapes.values()}
        if (
            {name: shape[1:] for name, shape in shapes.items()} != expected
            or len(lengths) != 1
            or -1 in lengths
        ):
            raise SessionError(
                f"Rows of shapes {shapes} do not fit columns with row shapes {expected}.",
                "A recording holds equally long columns, else samples could not be told apart.",
                "Give one array per column, all of one length; raw channels as announced by the source.",
            )
        return lengths.pop()


def _created(group: h5py.Group, column: Column, chunk_bytes: int) -> h5py.Dataset:
    shape = (0, *column.row_shape)
    dataset = group.create_dataset(
        column.name,
        shape=shape,
        maxshape=(None, *column.row_shape),
        dtype=column.dtype,
        chunks=(column.chunk_rows(chunk_bytes), *column.row_shape),
    )
    dataset.attrs["unit"] = column.unit
    return dataset


def common_rows(group: h5py.Group, names: Sequence[str]) -> int:
    """Return how many rows all the named columns have."""
    return min((len(group[name]) for name in names), default=0)


def trimmed(group: h5py.Group, names: Sequence[str]) -> int:
    """Cut the named columns to the shortest of them; return the rows kept."""
    rows = common_rows(group, names)
    for name in names:
        if len(group[name]) > rows:
            group[name].resize(rows, axis=0)
    return rows


def texts(dataset: h5py.Dataset) -> list[str]:
    """Return a column of UTF-8 text."""
    return [value.decode("utf-8") for value in dataset[:]]
