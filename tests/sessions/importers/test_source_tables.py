"""Tables of foreign files come back character for character."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.source_tables import SourceTable, read_tables, write_tables

CELLS = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=60),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: f"{value:.4f}"),
    st.sampled_from(
        ["", "-0", "-0.00", "007", "1e5", "1.50", ".5", "NaN", "+1", "1_000", "0.1234567890123456789"]
    ),
)
COLUMNS = st.integers(0, 12).flatmap(
    lambda rows: st.lists(st.lists(CELLS, min_size=rows, max_size=rows).map(tuple), max_size=4)
)


def kept(*tables: SourceTable) -> tuple[SourceTable, ...]:
    with h5py.File.in_memory() as h5:
        write_tables(h5, tables)
        return read_tables(h5)


@settings(max_examples=60, deadline=None)
@given(COLUMNS, st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20))
def test_every_cell_comes_back_character_for_character(columns, name):
    headers = tuple(f"{name}/{i}" for i in range(len(columns)))
    (found,) = kept(SourceTable(name, headers, tuple(columns)))
    assert (found.name, found.columns, found.data) == (name, headers, tuple(columns))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(-(10**17), 10**17), min_size=1))
def test_columns_of_numbers_are_stored_as_numbers(values):
    cells = tuple(map(str, values))
    with h5py.File.in_memory() as h5:
        write_tables(h5, [SourceTable("t", ("n",), (cells,))])
        assert h5["tables/0/00"].dtype == np.int64
        assert h5["tables/0/00"][:].tolist() == values


def test_arrays_come_back_bit_for_bit():
    values = np.asarray([1.5, np.nan, -np.inf], dtype=np.float32)
    (found,) = kept(SourceTable("stream", ("v",), (values,)))
    assert found.column("v").tobytes() == values.tobytes()
    assert found.column("v").dtype == np.float32


def test_headers_may_be_empty_repeated_and_full_of_slashes():
    table = SourceTable("a/b", ("x/y", "", ""), (("1",), ("2",), ("3",)))
    assert kept(table, SourceTable("none", (), ()))[0].columns == ("x/y", "", "")


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(KeyError, match="z"):
        SourceTable("t", ("x",), (("1",),)).column("z")


def test_short_rows_are_filled_up():
    table = SourceTable.of_rows("t", ("a", "b"), [("1", "2"), ("3",)])
    assert table.data == (("1", "3"), ("2", ""))
