"""Random damage to every text format ends in a session that adds up or in an error of three parts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.errors import GazeTwinError
from protocols.geometry import Screen
from sessions.importers.catalogue import reader_of
from sessions.importers.contract import Options

DATA = Path(__file__).parents[2] / "data" / "gaze"
TABLE = (
    "UserID,TaskID,Timestamp,Fixation_Duration,"
    "Fixation_AOI_type,Fixation_AOI_Movie_position_in_carousel,Fixation_AOI_Carousel_position,"
    "Click_AOI_type,Click_AOI_Movie_position_in_carousel,Click_AOI_Carousel_position\n"
    "UvA_3,5,1.0,300,Movie,4,2,NA,NA,NA\nUvA_3,5,1.4,NA,NA,NA,NA,Forward,NA,2\nUvA_3,5,1.5,250,Movie,9,2,NA,NA,NA\n"
)
SCREENS = {"eyelink_monocular.asc": Screen((1280, 1024))}
FILES = (
    ("tobii-tsv", "tobii300.tsv"),
    ("eyelink-asc", "eyelink_monocular.asc"),
    ("eyelink-asc", "eyelink_binocular.asc"),
    ("pupil-cloud", "gaze.csv"),
    ("recgaze", "summary_feedback.csv"),
)
JUNK = st.one_of(
    st.sampled_from(
        [b"NaN", b"inf", b"-1e999", b"\t", b"\n", b",", b'"', b"\0", b".", b"9" * 400, b"\xff", b"\r"]
    ),
    st.binary(max_size=8),
)


@pytest.mark.parametrize(("format_name", "file"), FILES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1), junk=JUNK, remove=st.integers(0, 30))
def test_any_damage_is_read_with_an_account_or_refused(tmp_path, format_name, file, at, junk, remove):
    data = (DATA / file).read_bytes() if (DATA / file).exists() else TABLE.encode()
    place = int(at * len(data))
    path = tmp_path / "fuzz" / file
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    path.write_bytes(data[:place] + junk + data[place + remove :])
    try:
        sessions = list(reader_of(format_name)(path, Options(SCREENS.get(file, Screen()))))
    except GazeTwinError as error:
        told = (error.what, error.why, error.fix)
    else:
        told = tuple(entry.what for one in sessions for entry in one.ledger)
    assert told
    assert all(told)
