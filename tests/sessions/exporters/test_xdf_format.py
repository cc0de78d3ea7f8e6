from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, fromstring

import numpy as np
import pytest
import pyxdf
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.exporters.xdf_format import (
    BOUNDARY,
    MAGIC,
    Tag,
    XdfWriter,
    numeric_samples,
    text_samples,
    variable_length,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
NUMBER = st.floats(width=64)


def described(channels: int, kind: str) -> Element:
    info = Element("info")
    for tag, text in (
        ("name", "s"),
        ("type", "t"),
        ("channel_count", str(channels)),
        ("nominal_srate", "0"),
        ("channel_format", kind),
    ):
        SubElement(info, tag).text = text
    return info


def loaded(path: Path, content: bytes, channels: int, kind: str) -> dict:
    with path.open("wb") as file:
        writer = XdfWriter(file)
        writer.stream_header(7, described(channels, kind))
        writer.samples(7, content)
        writer.stream_footer(7, Element("info"))
    (stream,), _ = pyxdf.load_xdf(path)
    return stream


def decoded(data: bytes) -> int:
    size = data[0]
    return int.from_bytes(data[1 : 1 + size], "little")


@given(st.integers(0, 2**64 - 1))
@settings(max_examples=200)
def test_integers_take_one_four_or_eight_bytes_and_come_back(value: int) -> None:
    encoded = variable_length(value)
    assert decoded(encoded) == value
    assert encoded[0] in (1, 4, 8)
    assert len(encoded) == encoded[0] + 1


@pytest.mark.parametrize(("value", "size"), [(0, 1), (255, 1), (256, 4), (2**32 - 1, 4), (2**32, 8)])
def test_integers_take_as_few_bytes_as_they_can(value: int, size: int) -> None:
    assert variable_length(value)[0] == size


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_numbers_come_back_to_the_last_bit(tmp_path_factory, data: st.DataObject) -> None:
    rows, channels = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 5))
    seed = data.draw(st.integers(0, 2**32 - 1))
    bits = np.random.default_rng(seed).integers(0, 2**63, (rows, channels + 1), dtype=np.int64)
    values = bits.view(np.float64)  # every kind of number there is, NaN and infinity too
    stamps = np.nan_to_num(values[:, 0])
    path = tmp_path_factory.mktemp("xdf") / "f.xdf"
    stream = loaded(path, numeric_samples(stamps, values[:, 1:]), channels, "double64")
    assert stream["time_stamps"].tobytes() == stamps.tobytes()
    assert np.ascontiguousarray(stream["time_series"]).tobytes() == values[:, 1:].tobytes()


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), TEXT, TEXT), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_texts_come_back_character_for_character(tmp_path_factory, rows) -> None:
    stamps = [t for t, *_ in rows]
    content = text_samples(stamps, [texts for _, *texts in rows])
    stream = loaded(tmp_path_factory.mktemp("xdf") / "f.xdf", content, 2, "string")
    assert stream["time_stamps"].tolist() == stamps
    assert stream["time_series"] == [texts for _, *texts in rows]


def test_a_file_is_what_the_specification_says_byte_for_byte() -> None:
    file = io.BytesIO()
    writer = XdfWriter(file)
    writer.samples(3, numeric_samples(np.array([2.5]), np.array([[1.0]])))
    writer.clock_offset(3, 10.0, -0.5)
    header = b'<?xml version="1.0"?><info><version>1.0</version></info>'
    sample = struct.pack("<IBBBdd", 3, 1, 1, 8, 2.5, 1.0)
    assert file.getvalue() == b"".join(
        (
            MAGIC,
            struct.pack("<BBH", 1, len(header) + 2, Tag.FILE_HEADER) + header,
            struct.pack("<BBH", 1, len(sample) + 2, Tag.SAMPLES) + sample,
            struct.pack("<BBH", 1, 18, Tag.BOUNDARY) + BOUNDARY,
            struct.pack("<BBHIdd", 1, 22, Tag.CLOCK_OFFSET, 3, 10.0, -0.5),
        )
    )
    assert fromstring(header.decode()).findtext("version") == "1.0"


def test_the_boundary_is_the_one_importers_look_for() -> None:
    source = Path(pyxdf.pyxdf.__file__).read_text(encoding="utf-8")
    signature = source.split("signature = bytes(")[1].split(")")[0]
    assert bytes(int(byte, 16) for byte in re.findall("0x[0-9A-F]{2}", signature)) == BOUNDARY
