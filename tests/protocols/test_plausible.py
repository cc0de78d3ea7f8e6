from __future__ import annotations

from pathlib import Path

import pytest

from protocols.errors import StudyInvalid
from protocols.geometry import Screen
from protocols.plausible import implausible
from protocols.study import StudyProtocol, load_study

REAL = (
    Screen(),
    Screen((2560, 1440), (597.0, 336.0), 600.0),
    Screen((3840, 2160), (344.0, 194.0), 400.0),
    Screen((1080, 2340), (65.0, 141.0), 300.0),
    Screen((1024, 768), (3000.0, 2250.0), 4000.0),
)
STUDY = 'name = "odd"\ntitle = "Odd"\nversion = "1"\nkind = "free-gaze"\n[geometry]\ndistance_mm = 65\n'


@pytest.mark.parametrize("screen", REAL, ids=["desktop", "large", "laptop", "phone", "projection"])
def test_displays_that_exist_are_taken(screen: Screen) -> None:
    assert implausible(screen) == ""


@pytest.mark.parametrize(
    ("screen", "words"),
    [
        (Screen(distance_mm=65.0), "span 152 deg of the view; are the eyes really 65 mm (6.5 cm)"),
        (Screen(distance_mm=6500.0), "span 4.68 deg"),
        (Screen(size_mm=(53.1, 29.9)), "a pixel would be 0.0277 mm wide"),
        (Screen(size_mm=(53100.0, 29900.0)), "a pixel would be 27.7 mm wide"),
        (Screen(size_mm=(299.0, 531.0)), "far from square"),
    ],
)
def test_a_slip_of_the_unit_is_told_in_words(screen: Screen, words: str) -> None:
    assert words in implausible(screen)


def test_a_study_file_with_such_a_display_is_refused_but_a_recorded_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(STUDY)
    with pytest.raises(StudyInvalid, match="geometry: the display would span 152 deg"):
        load_study(path)
    path.write_text(STUDY.replace("= 65", "= 650"))
    written = load_study(path).model_dump(mode="json")
    odd = StudyProtocol.model_validate(written | {"geometry": {"distance_mm": 65.0}})
    assert StudyProtocol.from_snapshot(odd.snapshot()).screen.distance_mm == 65.0
