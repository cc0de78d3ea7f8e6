from __future__ import annotations

import gzip

import numpy as np
import pytest

from acquisition.tobii_tsv import read_tobii_tsv
from protocols.errors import SourceNotFound


def test_both_eyes_are_read_and_lost_ones_are_nan(tobii_file):
    gaze = read_tobii_tsv(tobii_file)
    assert len(gaze) == 180
    assert gaze.t_s[0] == pytest.approx(2640.808332, abs=5e-5)
    assert np.isnan(gaze.xy[60:70, 0]).all()
    assert not np.isnan(gaze.xy[60:64, 1]).any()
    assert np.isnan(gaze.pupil_mm[64:75, 1]).all()
    assert gaze.pupil_mm[0, 0] == pytest.approx(3.1)


def test_a_compressed_file_with_a_byte_order_mark_is_the_same_recording(tobii_file, tmp_path):
    packed = tmp_path / "again.tsv.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + tobii_file.read_bytes()))
    np.testing.assert_array_equal(read_tobii_tsv(packed).xy, read_tobii_tsv(tobii_file).xy)


def _without_a_column(text: str) -> str:
    return text.replace("RPupilDm", "Other", 1)


def _with_a_word(text: str) -> str:
    lines = text.splitlines()
    lines[5] = lines[5].replace(lines[5].split("\t")[3], "blink")
    return "\n".join(lines)


def _cut_short(text: str) -> str:
    return text[: len(text) // 2 - 30]


def _backwards(text: str) -> str:
    header, first, second, *rest = text.splitlines()
    return "\n".join([header, second, first, *rest])


def _only_a_header(text: str) -> str:
    return text.splitlines()[0]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_without_a_column, "no column RPupilDm"),
        (_with_a_word, "line 6 is not a sample"),
        (_cut_short, "is not a sample"),
        (_backwards, "times do not increase"),
        (_only_a_header, "no samples"),
        (lambda _: "", "no column Time"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place(damage, told, tobii_file):
    tobii_file.write_text(damage(tobii_file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(SourceNotFound, match=told):
        read_tobii_tsv(tobii_file)


def test_what_is_no_text_is_refused(tmp_path, tobii_file):
    with pytest.raises(SourceNotFound, match="cannot be read"):
        read_tobii_tsv(tmp_path / "absent.tsv")
    binary = tmp_path / "binary.tsv"
    binary.write_bytes(bytes(range(256)))
    with pytest.raises(SourceNotFound, match="cannot be read"):
        read_tobii_tsv(binary)
    half = tmp_path / "half.tsv.gz"
    half.write_bytes(gzip.compress(tobii_file.read_bytes())[:-200])
    with pytest.raises(SourceNotFound, match="cannot be read"):
        read_tobii_tsv(half)
    fake = tmp_path / "fake.tsv.gz"
    fake.write_text("not compressed", encoding="utf-8")
    with pytest.raises(SourceNotFound, match="cannot be read"):
        read_tobii_tsv(fake)
