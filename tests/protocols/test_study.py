from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from protocols.blocks import Task
from protocols.carousel import GENRES, layout
from protocols.errors import StudyInvalid
from protocols.stimulus import Viewport
from protocols.study import STUDIES, StudyProtocol, load_study, shipped_studies

SCREEN = """
[[screens]]
id = "s1"
[[screens.rows]]
genre = "Drama"
films = [
  { title = "A", year = 2001, genres = ["Drama", "War"], poster = "a.jpg" },
  { title = "B", year = 2002, genres = ["Drama"] },
  { title = "C", year = 2003, genres = ["Drama"] },
  { title = "D", year = 2004, genres = ["Drama"] },
  { title = "E", year = 2005, genres = ["Comedy", "Drama"] },
]
"""
HEAD = 'name = "own"\ntitle = "Own"\nversion = "1"\n'
BLOCK = '[[blocks]]\nname = "b"\nkind = "free_browsing"\nscreens = "all"\n'


def _written(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _refusal(folder: Path, text: str) -> str:
    with pytest.raises(StudyInvalid) as refused:
        load_study(_written(folder, text))
    return refused.value.what


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_load_and_survive_their_snapshot(name: str) -> None:
    study = load_study(name)
    again = StudyProtocol.from_snapshot(study.snapshot())
    assert study.name == name
    assert again.digest == study.digest
    assert again.trials(3, 7) == study.trials(3, 7)


def test_three_studies_are_shipped() -> None:
    assert shipped_studies() == ("demo", "free-gaze", "recgaze")


def test_same_study_has_the_same_digest_in_another_process() -> None:
    code = "from protocols.study import load_study; import sys; sys.stdout.write(load_study('demo').digest)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == load_study("demo").digest


def test_demo_is_short_and_its_pages_can_be_laid_out() -> None:
    trials = load_study("demo").trials(0, seed=7)
    assert len(trials) == 24
    assert {t.task for t in trials} == {Task.FREE_BROWSING}
    assert all(len(layout(t.screen, Viewport.top_of(t.screen))) == 15 for t in trials)


def test_free_gaze_has_no_trials() -> None:
    assert load_study("free-gaze").trials(0, seed=1) == ()


def test_recgaze_tasks_cover_their_published_screens() -> None:
    shown: dict[Task, set[str]] = {task: set() for task in Task}
    for trial in load_study("recgaze").trials(0, seed=1):
        shown[trial.task].add(trial.screen.id)
    assert shown[Task.TRAINING] == {"00"}
    assert shown[Task.FREE_BROWSING] == {f"{i:02d}" for i in range(1, 31)}
    assert shown[Task.SEMI_FREE] == {f"{i:02d}" for i in range(31, 36)}
    assert shown[Task.DIRECT_SEARCH] == {f"{i:02d}" for i in range(36, 41)}


def test_recgaze_begins_with_training_and_swaps_the_tasks_for_every_second_participant() -> None:
    study = load_study("recgaze")
    free, semi, search = Task.FREE_BROWSING, Task.SEMI_FREE, Task.DIRECT_SEARCH
    even = [t.task for t in study.trials(0, seed=1)]
    odd = [t.task for t in study.trials(1, seed=1)]
    assert even == [Task.TRAINING] + [free] * 30 + [semi] * 5 + [search] * 5
    assert odd == [Task.TRAINING] + [semi] * 5 + [search] * 5 + [free] * 30


def test_recgaze_screens_hold_ten_genre_rows_of_fifteen_films_of_that_genre() -> None:
    screens = [s for s in load_study("recgaze").screens if s.id != "00"]
    assert all(sorted(row.genre for row in s.rows) == sorted(GENRES) for s in screens)
    assert all(len(row.films) == 15 for s in screens for row in s.rows)
    assert all(film.genres[0] == row.genre for s in screens for row in s.rows for film in row.films)
    films = Counter(film for s in screens for row in s.rows for film in row.films)
    assert len(films) == 6000
    assert set(films.values()) == {1}


def test_recgaze_row_order_of_some_screens_is_the_published_one() -> None:
    rows = {s.id: " ".join(row.genre for row in s.rows) for s in load_study("recgaze").screens}
    assert rows["01"] == "Crime Animation Romance Drama Sci-Fi Horror Fantasy Action Comedy Thriller"
    assert rows["30"] == "Horror Thriller Fantasy Crime Action Romance Comedy Animation Sci-Fi Drama"
    assert rows["31"] == "Horror Thriller Action Fantasy Drama Romance Sci-Fi Animation Comedy Crime"
    assert rows["36"] == "Sci-Fi Thriller Comedy Horror Fantasy Romance Animation Action Crime Drama"
    assert rows["40"] == "Drama Sci-Fi Thriller Action Crime Comedy Horror Romance Fantasy Animation"


def test_recgaze_search_targets_follow_the_stated_rule() -> None:
    for trial in load_study("recgaze").trials(0, seed=1):
        if trial.task is Task.DIRECT_SEARCH:
            n = int(trial.screen.id) - 35
            assert trial.target == trial.screen.rows[2 * n - 1].films[3 * n - 1].key
            assert trial.target in trial.instruction


def test_recgaze_snapshot_stays_small() -> None:
    snapshot = load_study("recgaze").snapshot()
    assert len(gzip.compress(snapshot.encode())) < 400_000
    table = json.loads(snapshot)["screens"]
    assert set(table) == {"schema", "source", "genres", "films", "screens"}
    assert all(len(film) == 4 for film in table["films"])


def test_inline_screens_keep_what_was_written(tmp_path: Path) -> None:
    study = load_study(_written(tmp_path, HEAD + SCREEN + BLOCK))
    film = study.screens[0].rows[0].films[0]
    assert (film.title, film.year, film.genres, film.poster) == ("A", 2001, ("Drama", "War"), "a.jpg")
    assert StudyProtocol.from_snapshot(study.snapshot()).screens == study.screens


def test_all_mistakes_are_reported_at_once_with_their_paths(tmp_path: Path) -> None:
    text = (
        'name = "Bad Name"\ntitle = "x"\nversion = 1\ncolour = "red"\ninter_trial_s = nan\n'
        + SCREEN.replace("2002", '"soon"')
        + BLOCK.replace("free_browsing", "browse")
        + "[calibration]\ntargets = 7\n"
    )
    what = _refusal(tmp_path, text)
    for path in (
        "name:",
        "version:",
        "colour:",
        "inter_trial_s:",
        "screens.0.rows.0.films.1.year:",
        "blocks.0.kind:",
        "calibration.targets:",
    ):
        assert path in what


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (
            'name = "b"\nkind = "free_browsing"\nscreens = ["s1", "s2"]',
            "blocks.0.screens.1: there is no screen 's2'",
        ),
        (
            'name = "b"\nkind = "free_browsing"\nscreens = ["s1", "s1"]',
            "blocks.0.screens.1: screen 's1' is already",
        ),
        ('name = "b"\nkind = "free_browsing"\nscreens = []', "blocks.0.screens: a block needs"),
        ('name = "b"\nkind = "direct_search"\nscreens = "all"', "blocks.0.instruction: a direct search"),
        ('name = "b"\nkind = "direct_search"\nscreens = "all"', "blocks.0.targets: no target"),
        (
            'name = "b"\nkind = "direct_search"\nscreens = "all"\ninstruction = "{target}"\n'
            'targets = { s1 = "Z (1999)" }',
            "blocks.0.targets.s1: screen 's1' has no film 'Z (1999)'",
        ),
        (
            'name = "b"\nkind = "semi_free"\nscreens = "all"\ntargets = { s9 = "War" }',
            "blocks.0.targets.s9: screen 's9' is not in this block",
        ),
    ],
)
def test_blocks_that_do_not_fit_the_screens_are_refused(tmp_path: Path, block: str, expected: str) -> None:
    assert expected in _refusal(tmp_path, HEAD + SCREEN + "[[blocks]]\n" + block)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + SCREEN, "blocks: a carousel study needs at least one block"),
        (HEAD + 'kind = "free-gaze"\n' + SCREEN + BLOCK, "blocks: a free-gaze study"),
        (HEAD + SCREEN + BLOCK + BLOCK, "blocks.1.name: there is already"),
        (HEAD + SCREEN + BLOCK + '[counterbalancing]\ngroups = [["x"]]', "counterbalancing: the groups must"),
        (HEAD + SCREEN + BLOCK + "[geometry]\nsize_px = [800, 600]", "geometry: carousel pages need"),
        (HEAD + SCREEN + BLOCK + '[questionnaire]\ngenres = ["Drama"]', "screens: the main genre 'Comedy'"),
        (HEAD + 'posters = "none"\n' + SCREEN + BLOCK, "posters: there is no folder"),
        (HEAD + 'posters = "."\n' + SCREEN + BLOCK, "posters: there is no image a.jpg"),
        (HEAD + 'screens = "gone.json"\n' + BLOCK, "screens: the data file"),
        (HEAD + SCREEN.replace('"E"', '"D"').replace("2005", "2004") + BLOCK, "more than once"),
        (HEAD + "screens = { invented = { seed = 1 } }\n" + BLOCK, "screens.invented.count"),
        (HEAD + SCREEN.replace("films = [", "films = [][") + BLOCK, "not valid TOML"),
    ],
)
def test_studies_that_contradict_themselves_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in _refusal(tmp_path, text)


def test_rows_need_whole_groups_of_five(tmp_path: Path) -> None:
    four = SCREEN.replace('  { title = "B", year = 2002, genres = ["Drama"] },\n', "")
    assert "row 0 (Drama) of screen s1 has 4 films" in _refusal(tmp_path, HEAD + four + BLOCK)


def test_data_file_with_wrong_indices_is_refused(tmp_path: Path) -> None:
    table = {
        "schema": "gazetwin-screens/1",
        "genres": ["Drama"],
        "films": [["A", 2000, [0], ""]],
        "screens": [{"id": "s1", "rows": [["Drama", [0, 1, 2, 3, 4]]]}],
    }
    (tmp_path / "data.json").write_text(json.dumps(table), encoding="utf-8")
    what = _refusal(tmp_path, HEAD + 'screens = "data.json"\n' + BLOCK)
    assert "film 4 is used, but there are only 1 films" in what


def test_poster_folder_is_found_beside_the_study_file(tmp_path: Path) -> None:
    (tmp_path / "posters").mkdir()
    (tmp_path / "posters" / "a.jpg").write_bytes(b"")
    study = load_study(_written(tmp_path, HEAD + 'posters = "posters"\n' + SCREEN + BLOCK))
    assert study.images == tmp_path / "posters"
    again = StudyProtocol.from_snapshot(study.snapshot())
    assert again.images is None
    assert str(tmp_path) not in study.snapshot()


def test_unknown_study_lists_what_exists() -> None:
    with pytest.raises(StudyInvalid) as refused:
        load_study("dmeo")
    assert "dmeo" in refused.value.what
    assert "demo, free-gaze, recgaze" in refused.value.fix


def test_missing_study_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyInvalid, match="There is no study"):
        load_study(tmp_path / "gone.toml")


def test_study_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b'title = "\xff\xfe"')
    with pytest.raises(StudyInvalid, match="cannot be used"):
        load_study(path)


def test_broken_snapshot_is_refused() -> None:
    with pytest.raises(StudyInvalid, match="inside the recording"):
        StudyProtocol.from_snapshot('{"format": "gazetwin-study/9"}')


def test_negative_participant_index_is_refused() -> None:
    with pytest.raises(StudyInvalid, match="negative"):
        load_study("demo").trials(-1, seed=0)


def test_shuffling_depends_on_participant_and_seed_only() -> None:
    study = load_study("demo")
    order = [t.screen.id for t in study.trials(0, seed=7)]
    assert order == [t.screen.id for t in study.trials(0, seed=7)]
    assert order != [t.screen.id for t in study.trials(1, seed=7)]
    assert order != [t.screen.id for t in study.trials(0, seed=8)]
    assert sorted(order) == sorted(s.id for s in study.screens)


def test_no_synopsis_and_no_cast_in_the_shipped_data() -> None:
    table = json.loads((STUDIES / "recgaze.json").read_text(encoding="utf-8"))
    assert max(len(film[0]) for film in table["films"]) < 100
    assert (STUDIES / "recgaze.json").stat().st_size < 1_000_000


def test_a_study_says_what_quality_of_gaze_it_wants(tmp_path: Path) -> None:
    text = HEAD + SCREEN + BLOCK + '[calibration]\ntargets = 5\ndrift_check = "trials"\n'
    study = load_study(_written(tmp_path, text + "limits = { green_mean_deg = 0.3 }\n"))
    assert study.calibration.drift_check == "trials"
    assert study.calibration.limits.green_mean_deg == 0.3
    assert StudyProtocol.from_snapshot(study.snapshot()).calibration == study.calibration
    assert "green_mean_deg (2.0) must not exceed" in _refusal(
        tmp_path, text + "limits = { green_mean_deg = 2.0 }\n"
    )


def test_a_snapshot_from_before_these_settings_still_opens() -> None:
    old = json.loads(load_study("demo").snapshot())
    old["calibration"] = {"targets": 5, "validation": 4}
    study = StudyProtocol.from_snapshot(json.dumps(old))
    assert study.calibration.limits.amber_max_deg == 1.5
