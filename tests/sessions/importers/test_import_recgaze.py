"""RecGaze tables written by the data set's column descriptions; what was seen is rebuilt from them."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from protocols.carousel import row_top_px
from protocols.errors import ForeignFileError
from protocols.geometry import Screen
from protocols.markers import Code
from sessions.check import check
from sessions.derive import derive
from sessions.importers.catalogue import reader_of
from sessions.importers.contract import Options
from sessions.importers.store import store
from sessions.reader import Recording
from sessions.replay import replayed
from sessions.slots import SlotParameters

KINDS = ("Fixation_AOI_", "Fixation_AOI_Closest_", "Click_AOI_", "Cursor_AOI_")
PARTS = ("type", "MovieID", "Movie_position_in_carousel", "Carousel_position", "Carousel_genre")
COLUMNS = (
    "UserID",
    "SubjectID",
    "TaskID",
    "StimulusID",
    "Timestamp",
    "Fixation_Duration",
    "Click_Duration",
    "Cursor_Duration",
    *(f"{kind}{part}" for kind in KINDS for part in PARTS),
)
Cells = dict[str, str]


def place(kind: str, what: str, row: int | str = "NA", item: int | str = "NA") -> Cells:
    return {
        f"{kind}_type": what,
        f"{kind}_Carousel_position": str(row),
        f"{kind}_Movie_position_in_carousel": str(item),
    }


def looked(row: int, item: int, ms: float, closest: bool = False) -> Cells:
    strict = place("Fixation_AOI", "Background") if closest else place("Fixation_AOI", "Movie", row, item)
    return {"Fixation_Duration": str(ms), **strict, **place("Fixation_AOI_Closest", "Movie", row, item)}


def nothing(ms: float) -> Cells:
    background = place("Fixation_AOI", "Background") | place("Fixation_AOI_Closest", "Background")
    return {"Fixation_Duration": str(ms), **background}


def clicked(what: str, row: int, item: int | str = "NA") -> Cells:
    return place("Click_AOI", what, row, item)


def pointed(row: int, item: int, seconds: float) -> Cells:
    return {"Cursor_Duration": str(seconds), **place("Cursor_AOI", "Movie", row, item)}


# time in s, what happened: one task, shown twice below
STORY: list[tuple[float, Cells]] = [
    (1.0, looked(1, 2, 300)),
    (1.4, looked(2, 5, 200, closest=True)),
    (1.7, nothing(150)),
    (1.9, looked(1, 2, 100) | pointed(3, 1, 0.5)),
    (2.5, clicked("Forward", 1)),
    (2.6, looked(1, 7, 400)),
    (3.1, clicked("Backward", 1)),
    (3.2, clicked("Backward", 1)),
    (3.3, looked(1, 13, 250)),
    (3.6, looked(6, 3, 500)),
    (4.2, clicked("Movie", 6, 3)),
]


def write(folder: Path, rows: list[Cells], name: str = "summary_feedback.csv", columns=COLUMNS) -> Path:
    folder.mkdir(exist_ok=True)
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, restval="NA")
        table.writeheader()
        table.writerows(rows)
    return folder


def told(user: str, task: int, story: list[tuple[float, Cells]]) -> list[Cells]:
    head = {"UserID": user, "SubjectID": "12", "TaskID": str(task), "StimulusID": f"{user} {task}.mp4"}
    return [{**head, "Timestamp": str(t_s), **cells} for t_s, cells in story]


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public") / "data"
    rows = told("KInIT_1", 4, STORY) + told("KInIT_1", 2, STORY[:4]) + told("UvA_26", 36, STORY)
    people = {
        "UserID": "KInIT_1",
        "Top_genre": "Drama",
        "Preferred_genres": "Comedy, Sci-Fi",
        "Drama_rating": "5 stars - Must Watch",
        "Horror_rating": "1 star - Awful",
        "Netflix_user": "Yes",
        "Distance_eyes_center_screen": "62.5",
        "TaskID_4_Why_Selected": "Because of the poster",
    }
    write(folder, [people], "user_features.csv", tuple(people))
    return write(folder, rows)


@pytest.fixture(scope="module")
def sessions(public: Path) -> Iterator[tuple[Recording, Recording]]:
    """Both participants of the public tables; tests only read them."""
    paths = [
        store(one, public.parent / "out", "gazetwin test") for one in reader_of("recgaze")(public, Options())
    ]
    with Recording.open(paths[0]) as first, Recording.open(paths[1]) as second:
        yield first, second


def dwell(recording: Recording, **settings: float) -> list[dict[tuple[int, int], float]]:
    """Fixation time in ms per (row, item), both from 1 as in the data set, of each view."""
    views = recording.views(SlotParameters(**settings))
    return [
        {(s.row + 1, s.item + 1): ms for s, ms in zip(v.layout.slots, v.fixation_ms, strict=True) if ms > 0}
        for v in views
    ]


def rounded(views: list[dict[tuple[int, int], float]]) -> list[dict[tuple[int, int], int]]:
    return [{key: round(ms) for key, ms in view.items()} for view in views]


class TestPublicTables:
    def test_pages_follow_swipes_with_wrap_around_and_scrolls(self, sessions):
        first, _ = sessions
        views = [v for v in first.views() if v.screen.id == "04"]
        assert [v.viewport.swipes[0] for v in views] == [0, 1, 0, 2, 2]
        assert [v.viewport.scroll_px for v in views[:4]] == [0.0] * 4
        bottom = row_top_px(5) + 193 - views[4].viewport.scroll_px
        assert bottom == 1080.0
        assert [round(v.t_on_s - views[0].t_on_s, 6) for v in views] == [0.0, 1.5, 2.1, 2.2, 2.6]

    def test_dwell_is_that_of_the_table(self, sessions):
        first, _ = sessions
        task_2, task_4 = dwell(first)[:1], dwell(first)[1:]
        assert rounded(task_2) == [{(1, 2): 400}]
        assert rounded(task_4) == [{(1, 2): 400}, {(1, 7): 400}, {}, {(1, 13): 250}, {(6, 3): 500}]

    def test_the_closest_rule_of_the_data_set_is_within_60_px(self, sessions):
        first, _ = sessions
        assert rounded(dwell(first, within_px=60.0))[1] == {(1, 2): 400, (2, 5): 200}

    def test_the_choice_is_the_clicked_slot(self, sessions):
        first, _ = sessions
        last = first.views()[-1]
        chosen = last.layout.slots[last.click]
        assert (chosen.row, chosen.item) == (5, 2)
        assert chosen.film == last.screen.rows[5].films[2].key
        assert [v.click for v in first.views()[:-1]] == [None] * 5
        notes = [m for m in first.markers() if m.code is Code.NOTE]
        assert [m.payload["kind"] for m in notes] == ["forward", "backward", "backward"]

    def test_the_cursor_rests_where_the_table_says(self, sessions):
        first, _ = sessions
        view = first.views()[1]
        resting = {
            (s.row + 1, s.item + 1): ms for s, ms in zip(view.layout.slots, view.cursor_ms, strict=True)
        }
        assert resting[3, 1] == pytest.approx(500.0)
        assert sum(resting.values()) == pytest.approx(500.0)

    def test_tasks_that_overlap_in_time_follow_one_another(self, sessions):
        first, _ = sessions
        assert [t.screen.id for t in first.trials()] == ["02", "04"]
        table = first.source_tables()[-1]
        assert [float(s) for s in table.column("shift [s]")] == pytest.approx([-1.0, -1.0 + 1.4 + 1.0])
        starts = [m.t_s for m in first.markers() if m.code is Code.TRIAL_START]
        assert starts == pytest.approx([0.0, 2.4])

    def test_tasks_that_do_not_overlap_keep_their_time(self, import_one, tmp_path):
        later = [(t_s + 100.0, cells) for t_s, cells in STORY]
        recording = import_one("recgaze", write(tmp_path / "d", told("U", 7, later) + told("U", 9, STORY)))
        assert [t.screen.id for t in recording.trials()] == ["09", "07"]
        assert recording.given_fixations().onset_s.tolist() == sorted(
            t for t, cells in STORY + later if "Fixation_Duration" in cells
        )

    def test_durations_in_seconds_are_recognised(self, import_one, tmp_path):
        story = [(1.0, looked(1, 1, 0.3)), (1.5, looked(1, 2, 0.2))]
        recording = import_one("recgaze", write(tmp_path / "d", told("U", 1, story)))
        assert rounded(dwell(recording)) == [{(1, 1): 300, (1, 2): 200}]
        assert "durations in s" in recording.provenance["ledger"][1]["note"]

    def test_what_was_looked_at_corrects_a_swipe_nobody_logged(self, import_one, tmp_path):
        story = [(1.0, looked(2, 1, 300)), (1.5, looked(2, 8, 200))]
        recording = import_one("recgaze", write(tmp_path / "d", told("U", 1, story)))
        assert rounded(dwell(recording)) == [{(2, 1): 300}, {(2, 8): 200}]
        assert "1 swipes seen only" in next(
            e["note"] for e in recording.provenance["ledger"] if e["what"] == "page visits"
        )

    def test_nothing_is_shown_after_the_choice(self, import_one, tmp_path):
        story = [(1.0, looked(1, 1, 300)), (1.5, clicked("Movie", 1, 1)), (1.7, looked(1, 3, 200))]
        recording = import_one("recgaze", write(tmp_path / "d", told("U", 1, story)))
        assert rounded(dwell(recording)) == [{(1, 1): 300}]
        rows = recording.provenance["ledger"][0]
        assert (rows["read"], rows["placed"], rows["kept"]) == (3, 2, 1)
        assert rows["note"].startswith("1 after the choice")

    def test_the_participant_is_the_data_sets(self, sessions):
        first, second = sessions
        person = first.participant
        assert (person.pseudonym, person.top_genre) == ("KInIT_1", "Drama")
        assert person.preferred == ("Drama", "Comedy", "Sci-Fi")
        assert dict(person.ratings) == {"Drama": 5, "Horror": 1}
        assert person.answers["Netflix_user"] == "Yes"
        assert "TaskID_4_Why_Selected" not in person.answers
        assert first.screen.distance_mm == 625.0
        assert (second.participant.pseudonym, second.participant.top_genre) == ("UvA_26", "")

    def test_every_row_is_kept_verbatim(self, sessions, public):
        first, second = sessions
        with (public / "summary_feedback.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        for recording in (first, second):
            table = recording.source_tables()[0]
            mine = [r for r in rows if r["UserID"] == recording.participant.pseudonym]
            assert table.columns == COLUMNS
            for column in COLUMNS:
                assert list(table.column(column)) == [r[column] for r in mine]

    def test_a_session_without_samples_is_a_full_session(self, sessions, tmp_path):
        for recording in sessions:
            path = Path(shutil.copy(recording.path, tmp_path))
            slots = derive(path)
            assert replayed(path).slots().digest == slots.digest
            report = check(path)
            assert {i.name for i in report.items if i.verdict in ("bad", "red")} == set()

    def test_only_one_participant_when_asked(self, public):
        (imported,) = reader_of("recgaze")(public, Options(participant="UvA_26"))
        assert imported.participant.pseudonym == "UvA_26"
        with pytest.raises(ForeignFileError, match="no participant 'UvA_1'"):
            list(reader_of("recgaze")(public, Options(participant="UvA_1")))


class TestNonPublicTables:
    """Scroll is the page position of a fixation minus its screen position in one of the next rows."""

    @pytest.fixture
    def both(self, tmp_path: Path) -> Path:
        scrolls = {0: 0.0, 1: 10.0, 2: 340.0, 3: 340.0}
        x, y = 76 + 100.0, row_top_px(1) + 50.0
        summary, detail = [], []
        head = {"UserID": "KInIT_9", "TaskID": "3"}
        for i, scroll in scrolls.items():
            t_s = 1.0 + i
            ms = 100 if i == 3 else 400
            summary += told("KInIT_9", 3, [(t_s, looked(2, 1, ms)), (t_s + 0.1, {})])
            detail.append({**head, "Timestamp": str(t_s), "Fixation_LocX": str(x), "Fixation_LocY": str(y)})
            gaze = {"Gaze_LocX": "176.25", "Gaze_LocY": str(y - scroll)}
            detail.append({**head, "Timestamp": str(t_s + 0.1), **gaze})
        columns = (
            "UserID",
            "TaskID",
            "Timestamp",
            "Fixation_LocX",
            "Fixation_LocY",
            "Gaze_LocX",
            "Gaze_LocY",
        )
        write(tmp_path / "data", summary)
        return write(tmp_path / "data", detail, "non_public_feedback_dataset.csv", columns)

    def test_scroll_is_recovered_beyond_the_noise_of_gaze(self, import_one, both):
        recording = import_one("recgaze", both)
        assert [
            (v.t_s - recording.viewports()[0].t_s, v.viewport.scroll_px) for v in recording.viewports()
        ] == [
            (0.0, 0.0),
            (2.0, 340.0),
        ]

    def test_positions_are_on_the_page_as_drawn(self, import_one, both):
        fixations = import_one("recgaze", both).given_fixations()
        y = row_top_px(1) + 50.0
        assert fixations.xy_px.tolist() == [[176.0, y], [176.0, y], [176.0, y - 340.0], [176.0, y - 340.0]]

    def test_gaze_samples_are_exact(self, import_one, both):
        recording = import_one("recgaze", both)
        with (both / "non_public_feedback_dataset.csv").open(newline="") as file:
            rows = [r for r in csv.DictReader(file) if r["Gaze_LocY"] != "NA"]
        expected = np.asarray([[float(r["Gaze_LocX"]), float(r["Gaze_LocY"])] for r in rows])
        assert recording.gaze().raw.tobytes() == expected.tobytes()
        assert recording.gaze().t_source_s.tolist() == [float(r["Timestamp"]) for r in rows]

    def test_a_poster_on_a_later_page_has_its_place_on_the_screen(self, import_one, tmp_path):
        head = {"UserID": "U", "TaskID": "3", "Timestamp": "1.0"}
        write(tmp_path / "d", told("U", 3, [(1.0, looked(1, 7, 200))]))
        detail = {**head, "Fixation_LocX": str(1920 + 500), "Fixation_LocY": "250", "Gaze_LocY": "NA"}
        write(tmp_path / "d", [detail], "non_public_feedback_dataset.csv", tuple(detail))
        recording = import_one("recgaze", tmp_path / "d")
        assert recording.given_fixations().xy_px.tolist() == [[500.0, 250.0]]
        assert rounded(dwell(recording)) == [{(1, 7): 200}]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"TaskID": "four"}, "line 2, column 'TaskID': 'four' is not a number"),
        ({"TaskID": "4.5"}, "line 2, column 'TaskID': '4.5' is not a task number"),
        ({"TaskID": "99"}, "U has no task from 0 to 40"),
        ({"Timestamp": "NA"}, "line 2, column 'Timestamp': 'NA' is not a finite number"),
        ({"Fixation_AOI_Carousel_position": "11"}, "line 2, .*'11' is not a position from 1 to 10"),
        ({"Fixation_AOI_Movie_position_in_carousel": "16"}, "'16' is not a position from 1 to 15"),
        ({"Fixation_Duration": "300 ms"}, "line 2, column 'Fixation_Duration': '300 ms' is not a number"),
    ],
)
def test_damage_is_named_with_line_and_column(tmp_path, cells, message):
    rows = told("U", 4, [(1.0, looked(1, 2, 300))])
    folder = write(tmp_path / "d", [{**rows[0], **cells}])
    with pytest.raises(ForeignFileError, match=message):
        list(reader_of("recgaze")(folder, Options()))


def test_another_display_than_the_studys_is_refused(public):
    with pytest.raises(ForeignFileError, match=r"recorded at \(1920, 1080\) px"):
        list(reader_of("recgaze")(public, Options(Screen((1280, 1024)))))
