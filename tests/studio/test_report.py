from __future__ import annotations

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from protocols.errors import SessionError, TuningError
from protocols.stimulus import Page
from sessions.reader import Recording
from studio.report import Results, write_report
from studio.report.charts import curve, nice_step
from studio.report.document import document
from studio.report.evidence import Evidence, gather
from studio.report.headline import headline, per_page_wins, sentences
from studio.report.markup import table, tag, text
from studio.report.names import listing
from studio.report.pictures import Fixation, heat_picture, scanpath_picture, slot_colours
from tuning.events import ROWS, Comparison, Judged, View
from tuning.metrics import METRICS

VOID = {"meta", "img"}


class Reader(HTMLParser):
    """Collects what a browser would load and checks that elements nest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.loads: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.loads += [
            value or "" for key, value in attrs if key in ("src", "href", "srcset", "data", "action")
        ]
        assert not [key for key, _ in attrs if key.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, session_path: Path, results: dict[str, object]) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    with Recording.open(session_path) as recording:
        write_report(path, results, recording)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def evidence(session_path: Path) -> Evidence:
    with Recording.open(session_path) as recording:
        return gather(recording)


def load_from(path: Path, digest: str) -> Page:
    with Recording.open(path) as recording:
        return recording.page(digest)


def test_loads_nothing_and_runs_nothing(report: str) -> None:
    found = read(report)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & set(found.seen)
    assert found.loads
    assert all(load.startswith("data:image/jpeg;base64,") for load in found.loads)
    assert "http:" not in report
    assert "https:" not in report
    assert "@import" not in report
    assert set(re.findall(r"url\((.*?)\)", report)) == {"#hatch", "#row-2", "#row-3"}
    assert "default-src &#x27;none&#x27;" in report


def test_pictures_are_pictures(report: str) -> None:
    for uri in read(report).loads:
        image = Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1], validate=True)))
        assert image.size == (640, 360)


def test_stays_small(report: str) -> None:
    assert len(report.encode()) < 2_000_000


def test_says_that_data_are_simulated(report: str) -> None:
    assert report.index("SIMULATED DATA") < report.index("<h2>")


def test_does_not_call_a_person_simulated(human_session_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with Recording.open(human_session_path) as recording:
        write_report(path, {}, recording)
        assert "SIMULATED DATA" not in path.read_text(encoding="utf-8")
        write_report(path, {"simulated": True}, recording)
        assert "SIMULATED DATA" in path.read_text(encoding="utf-8")


def test_holds_every_part(report: str) -> None:
    words = " ".join(read(report).words)
    for part in (
        "Held-out comparison",
        "Predict, then observe",
        "Held-out pages, one by one",
        "Scanpaths",
        "Posters over time",
        "Data quality",
        "Left out",
        "Methods",
        "Provenance",
        "120.00 Hz",
        "nominal 120 Hz",
        "0.42°",
        "velocity threshold (I-VT) of 20 deg/s",
        "window of 30 ms",
        "no fixation dwell on any poster",
        "participant's own mean map",
        "SHA-256",
        "carousel-tiny",
        "0 of 1440 sent",
    ):
        assert part in words, part


def test_marks_the_best_value_in_the_better_direction(report: str) -> None:
    rows = dict(re.findall(r'<tr><th scope="row"[^>]*>(.*?)</th>(<td class="number.*?)</tr>', report))
    best_of = {
        name: [i for i, c in enumerate(re.findall(r'class="(.*?)"', cells)) if "best" in c]
        for name, cells in rows.items()
    }
    metrics = ["kl", "js", "cosine", "csh1", "tgo3", "accuracy", "logloss", "auc"]
    low = [metrics.index(m) for m in ("kl", "js", "logloss")]
    assert best_of["twin (prompt only)"] == sorted(low)
    assert best_of["uniform map"] == sorted(set(range(len(metrics))) - set(low))


def test_reports_what_the_engine_said(report: str) -> None:
    assert "The twin does not beat &lt;somebody&gt;." in report


HOSTILE = '"><script>alert(1)</script><img src=http://evil onerror=x>&amp;\x00\ud800'


def test_hostile_names_are_only_text(
    evidence: Evidence, session_path: Path, results: dict[str, object]
) -> None:
    hostile = dataclasses.replace(
        evidence,
        software=HOSTILE,
        study=(HOSTILE, HOSTILE),
        source=dataclasses.replace(evidence.source, name=HOSTILE, source_id=HOSTILE),
        views=tuple(
            dataclasses.replace(
                v,
                layout=dataclasses.replace(
                    v.layout, slots=tuple(dataclasses.replace(s, film=HOSTILE) for s in v.layout.slots)
                ),
            )
            for v in evidence.views
        ),
    )
    told = {
        **results,
        "skipped": {HOSTILE: 1},
        "words": [HOSTILE],
        "config": {HOSTILE: HOSTILE},
        "persona": {HOSTILE: [HOSTILE]},
        "heldout": {**results["heldout"], HOSTILE: {"kl": 1.0}},  # type: ignore[dict-item]
        "per_page": [{**p, "screen": HOSTILE} for p in results["per_page"]],  # type: ignore[attr-defined]
    }

    def load(digest: str) -> Page:
        page = load_from(session_path, digest)
        slots = tuple(dataclasses.replace(s, film=HOSTILE) for s in page.layout.slots)
        return dataclasses.replace(page, layout=dataclasses.replace(page.layout, slots=slots))

    found = read(document(Results.read(told), hostile, load))
    assert "script" not in found.seen
    assert all(load.startswith("data:") for load in found.loads)
    assert "alert(1)" in " ".join(found.words)


@settings(max_examples=60)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_comes_back_as_text(content: str, attribute: str) -> None:
    made = read(tag("p", content, title=attribute))
    assert made.seen == ["p"]
    shown = "".join(made.words).replace("\ufffd", "")
    expected = "".join(
        c for c in content if c in "\t\n\r" or (c >= " " and c != "\x7f" and not "\ud800" <= c <= "\udfff")
    )
    assert (
        shown.replace("\r\n", "\n") == expected.replace("\r\n", "\n").replace("\ufffd", "")
        or "\r" in expected
    )


def test_markup_is_not_escaped_twice() -> None:
    assert tag("p", tag("b", "a < b")) == "<p><b>a &lt; b</b></p>"
    assert text(text("&")) == "&amp;"
    assert '<th scope="row">x</th><td>1</td>' in table(("a", "b"), [("x", 1)])


def test_an_empty_result_is_said_in_words(session_path: Path, tmp_path: Path) -> None:
    with Recording.open(session_path) as recording:
        write_report(tmp_path / "report.html", {}, recording)
    words = " ".join(read((tmp_path / "report.html").read_text(encoding="utf-8")).words)
    assert "The twin was not judged" in words
    assert "No page was predicted before it was seen" in words
    assert "Nothing was left out." in words


@pytest.mark.parametrize(
    "wrong",
    [
        {"heldout": 3},
        {"per_page": [{"trial": -1}]},
        {"heldout": {"twin": {"kl": float("nan")}}},
        {"running": [{}]},
    ],
)
def test_results_of_another_shape_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(TuningError, match="cannot be reported"):
        Results.read(wrong)


def test_results_of_another_session_are_refused(
    human_session_path: Path, results: dict[str, object], tmp_path: Path
) -> None:
    pages = [{**p, "real": [1.0], "twin": [1.0]} for p in results["per_page"]]  # type: ignore[attr-defined]
    with Recording.open(human_session_path) as recording, pytest.raises(SessionError, match="shares"):
        write_report(tmp_path / "report.html", {**results, "per_page": pages}, recording)


def heldout(twin: float, combined: float | None = None, **others: float) -> Results:
    rows = {"twin": {"kl": twin}, **{row: {"kl": kl} for row, kl in others.items()}}
    if combined is not None:
        rows["twin_combined"] = {"kl": combined}
    return Results.read({"heldout": rows})


def test_the_headline_is_honest() -> None:
    assert "than every baseline" in headline(heldout(0.2, uniform=0.9, participant_mean=0.3))
    assert "than no baseline" in headline(heldout(0.95, uniform=0.9, participant_mean=0.3))
    mixed = heldout(0.4, uniform=0.9, participant_mean=0.3)
    assert "beats 1 of 2 baselines" in headline(mixed)
    said = " ".join(sentences(mixed))
    assert "It comes closer than the uniform map (0.900)." in said
    assert "does not beat the participant's own mean map (0.300)" in said
    better = headline(heldout(0.4, 0.2, uniform=0.9, participant_mean=0.3))
    assert "together with the participant's habit it beats all of them" in better


def test_an_untrained_twin_is_called_so_first() -> None:
    said = "This twin is untrained: its prompt is that of V06."
    assert headline(heldout(0.2, uniform=0.9).model_copy(update={"unchanged": said})).startswith(said)


def test_a_tie_is_not_a_win() -> None:
    assert "than no baseline" in headline(heldout(0.3, participant_mean=0.3))


def test_few_pages_are_called_few(results: dict[str, object]) -> None:
    told = Results.read(results)
    assert any("Only 2 pages are held out" in s for s in sentences(told))
    assert per_page_wins(told, "twin", "uniform") == (2, 2)
    assert per_page_wins(told, "twin", "participant_mean") == (0, 2)
    assert per_page_wins(told, "twin", "backbone") == (0, 0)


def test_a_comparison_of_the_engine_becomes_results(evidence: Evidence) -> None:
    view = evidence.views[0]
    n = len(view.layout)
    shares = (1 / n,) * n
    one = View(attention=shares, choice=shares)
    judged = Judged(
        trial=0,
        screen="s",
        viewport=view.viewport,
        shown=view.digest,
        films=tuple(s.film for s in view.layout.slots),
        human=shares,
        click=2,
        views=dict.fromkeys(ROWS, one),
        scores={row: {"kl": 0.0} for row in ROWS},
    )
    comparison = Comparison(
        participant="P01",
        backbone="carousel-tiny",
        operator="rollout",
        placement="after-image",
        signal="fixation",
        heldout={row: dict.fromkeys(METRICS, 0.5) for row in ROWS},
        smoothed_logloss={},
        counts={"views": 2, "with_attention": 1, "with_click": 1, "screens": 1},
        skipped={"no fixation dwell on any poster": 1},
        missing={},
        verdicts=("The twin does not beat a uniform map.",),
        judged=(judged, judged.model_copy(update={"human": None})),
    )
    told = Results.of_comparison(comparison, seconds={"fit": 1.0}, running=[{"trial": 0, "twin": 0.1}])
    assert [p.page for p in told.per_page] == [view.digest]
    assert told.per_page[0].scores["uniform"] == {"kl": 0.0}
    assert told.seconds == {"fit": 1.0}
    assert told.backbone["id"] == "carousel-tiny"


def decoded(uri: str) -> np.ndarray:
    image = Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1])))
    return np.asarray(image.convert("RGB"), dtype=np.float64)


def test_heat_is_on_the_slot_that_has_it(page: Page) -> None:
    nothing = decoded(heat_picture(page, np.zeros(len(page.layout)), 1.0))
    for slot in (0, 7, 14):
        shares = np.zeros(len(page.layout))
        shares[slot] = 1.0
        changed = np.abs(decoded(heat_picture(page, shares, 1.0)) - nothing).sum(axis=2)
        box = page.layout.slots[slot].box
        x, y = int(box.centre[0] / 3), int(box.centre[1] / 3)
        assert changed[y - 20 : y - 15, x - 40 : x + 40].mean() > 60
        others = [s.box.centre for i, s in enumerate(page.layout.slots) if i != slot]
        for cx, cy in others:
            assert changed[int(cy / 3) - 25, int(cx / 3) + 40] < 20


def test_scanpaths_without_and_beyond_the_page_are_drawn(page: Page) -> None:
    assert scanpath_picture(page, []).startswith("data:image/jpeg")
    beyond = [Fixation(-500.0, 99999.0, 1e6), Fixation(10.0, 10.0, 0.0)]
    assert scanpath_picture(page, beyond).startswith("data:image/jpeg")


def test_every_slot_has_its_own_colour(page: Page) -> None:
    assert len(set(slot_colours(page.layout.boxes()))) == len(page.layout) == 15
    assert slot_colours(np.empty((0, 4))) == ()


def test_a_curve_of_nothing_says_so() -> None:
    nan = np.full(3, np.nan)
    assert "No page was predicted" in curve(np.arange(3.0), {"twin": nan}, "x")
    assert "<circle" in curve(np.asarray([4.0]), {"twin": np.asarray([0.0])}, "x")


@pytest.mark.parametrize(("rough", "step"), [(0.13, 0.2), (0.2, 0.2), (3.0, 5.0), (7.0, 10.0), (0.0, 1e-9)])
def test_nice_steps(rough: float, step: float) -> None:
    assert nice_step(rough) == pytest.approx(step)


def test_listing() -> None:
    assert [listing([]), listing(["a"]), listing(["a", "b", "c"])] == ["", "a", "a, b and c"]
