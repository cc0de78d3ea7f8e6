"""Growing columns in an HDF5 file: append together, read together, trim together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import h5py
import numpy as np
from numpy.typing import ArrayLike

from protocols.errors import SessionError
from sessions.schema import Column


class Table:
    """Columns that grow together in one group. Not thread-safe: the writer holds the lock."""

    def __init__(self, group: h5py.Group, columns: Sequence[Column], chunk_bytes: int) -> None:
        self._columns = {column.name: _created(group, column, chunk_bytes) for column in columns}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def append(self, values: Mapping[str, ArrayLike]) -> None:
        """Append equally many rows to every column.

        A failure half-way leaves the row count as it was; the next append writes over the remains.

        Raises:
            SessionError: columns missing, unknown, of another length or another width.
        """
        arrays = {name: np.asarray(value) for name, value in values.items()}
        count = self._checked(arrays)
        if not count:
            return
        for name, dataset in self._columns.items():
            dataset.resize(self._rows + count, axis=0)
            dataset[self._rows :] = arrays[name].astype(dataset.dtype, copy=False)
        self._rows += count

    def replace(self, row: int, values: Mapping[str, object]) -> None:
        """Write some columns of one row anew."""
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
