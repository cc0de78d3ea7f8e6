"""What CLAX, ULTRA and SARDINE would compute from our files, by small readers of their documented formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import ExportError
from tests.tuning.simulators.variants import answering, doing, only, with_genres
from tuning.exporting.contract import Personas, Subject
from tuning.exporting.position_based import ClickModel
from tuning.exporting.sardine import _person
from tuning.tables_of_use import Counts


def _smoothed(some: np.ndarray, of: np.ndarray) -> np.ndarray:
    return (some + (some.sum() + 0.5) / (of.sum() + 1)) / (of + 1)


def _expected(subject: Subject) -> tuple[np.ndarray, dict[str, float]]:
    """Return examination per position and attraction per genre; whoever clicks has looked."""
    use = subject.use
    shown, looked = np.zeros(15), np.zeros(15)
    for (_, _, position), (s, e, c, both) in zip(use.places, use.slots.table(), strict=True):
        shown[position] += s
        looked[position] += e + c - both
    films = use.films
    seen = films.examined + films.clicked - films.examined_clicked
    attraction = dict(zip(use.genres, _smoothed(films.clicked, seen), strict=True))
    return _smoothed(looked, shown), attraction


def test_clax_parameters_are_the_logits_of_the_counted_rates(people: Personas, exported: Callable) -> None:
    folder, _ = exported("clax", people)
    document = json.loads((folder / "personas.json").read_text())
    assert list(document["participants"]) == [s.name for s in people.subjects]
    for subject in people.subjects:
        examination, attraction = _expected(subject)
        one = document["participants"][subject.name]
        for name, expected in (
            ("examination", examination),
            ("attraction", np.array([attraction[g] for g in document["genres"]])),
        ):
            baseline, rows = one[name]["baseline"], np.array(one[name]["embedding"])
            assert rows.shape == (len(expected) + 1, 1)  # the first row is padding
            assert 1 / (1 + np.exp(-(baseline[0] + rows[1:, 0]))) == pytest.approx(expected, abs=1e-12)
        assert one["examination"]["n"] == subject.use.by_position(15).shown.tolist()


def test_ultra_clicks_with_the_counted_rates(people: Personas, exported: Callable) -> None:
    folder, _ = exported("ultra", people)
    for subject in people.subjects:
        model = json.loads((folder / f"{subject.name}.click_model.json").read_text())
        assert set(model) == {"model_name", "eta", "click_prob", "exam_prob"}
        assert (model["model_name"], model["eta"]) == ("position_biased_model", 1.0)
        assert model["exam_prob"] == pytest.approx(_expected(subject)[0])
        grades = np.zeros((5, 2))
        for genre, (_, e, c, both) in zip(subject.use.genres, subject.use.films.table(), strict=True):
            grades[subject.provenance.ratings[genre] - 1] += (c, e + c - both)
        assert model["click_prob"] == pytest.approx(_smoothed(*grades.T))


def test_ultra_without_ratings_has_two_grades_and_says_so(people: Personas, exported: Callable) -> None:
    person = answering(people.subjects[0], ratings={})
    with pytest.raises(ExportError, match="no film of grade 1, 2, 3 was looked at"):
        exported("ultra", only(people, person))
    folder, report = exported("ultra", only(people, person), allow_proxy=True)
    rates = json.loads((folder / "P01.click_model.json").read_text())["click_prob"]
    assert rates[1:4] == pytest.approx(np.linspace(rates[0], rates[4], 5)[1:4])
    assert [f.n for f in report.fields if f.how == "proxy"] == [0]


def test_ultra_refuses_who_answered_nothing(people: Personas, exported: Callable) -> None:
    silent = answering(people.subjects[0], ratings={}, preferred=())
    with pytest.raises(ExportError, match="rated and preferred no genre"):
        exported("ultra", only(people, silent))


def _sardine_relevance(environment: dict, person: dict, items: np.ndarray) -> np.ndarray:
    score = items @ np.array(person["user_embedding"]) / np.linalg.norm(items, axis=1).max()
    own = person["environment"]
    return environment["env_alpha"] / (1 + np.exp(-(score - own["env_offset"]) * own["env_slope"]))


def test_sardine_finds_every_genre_as_attractive_as_it_was(people: Personas, exported: Callable) -> None:
    folder, _ = exported("sardine", people)
    document = json.loads((folder / "personas.json").read_text())
    items = np.load(folder / "items.npy", allow_pickle=False)
    assert items.shape == (document["environment"]["num_topics"],) * 2
    assert document["environment"]["click_model"] not in ("tdPBM", "mixPBM")  # these ignore propensities
    for subject in people.subjects:
        examination, attraction = _expected(subject)
        person = document["personas"][subject.name]
        assert person["environment"]["env_propensities"] == pytest.approx(examination)
        found = _sardine_relevance(document["environment"], person, items)
        assert found == pytest.approx([attraction[g] for g in document["genres"]], abs=1e-12)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_rates_become_a_user_of_sardine(seen: list[tuple[int, int]]) -> None:
    looked = np.array([n for n, _ in seen])
    clicked = np.array([min(n, k) for n, k in seen])
    counts = Counts(looked, looked, clicked, clicked)
    person = _person(ClickModel("P01", counts, counts, 1))
    user = np.array(person.user_embedding)
    assert np.linalg.norm(user) == pytest.approx(1)
    assert (user >= 0).all()
    found = _sardine_relevance({"env_alpha": 1.0}, person.model_dump(), np.eye(len(seen)))
    assert found == pytest.approx(_smoothed(clicked, looked), abs=1e-9)


def test_what_only_some_were_shown_is_a_stand_in_and_named(people: Personas, exported: Callable) -> None:
    first, second = people.subjects[:2]
    few = doing(second, with_genres(second.use, {"Drama": (20, 10, 4, 3), "Comedy": (5, 2, 0, 0)}))
    with pytest.raises(ExportError, match="never looked at a film of Action, Animation"):
        exported("clax", only(people, first, few))
    folder, report = exported("clax", only(people, first, few), allow_proxy=True)
    document = json.loads((folder / "personas.json").read_text())
    rows = np.array(document["participants"]["P02"]["attraction"]["embedding"])[1:, 0]
    unseen = rows[document["genres"].index("Action")]
    assert 1 / (1 + np.exp(-unseen)) == pytest.approx((4 + 0.5) / (11 + 2 + 1))
    assert [(f.participant, f.n) for f in report.fields if f.how == "proxy"] == [("P02", 0)]


def test_a_genre_that_nobody_looked_at_is_left_out_and_named(people: Personas, exported: Callable) -> None:
    first = people.subjects[0]
    tables = with_genres(first.use, {"Drama": (20, 10, 4, 3), "Horror": (5, 0, 0, 0)})
    folder, report = exported("clax", only(people, doing(first, tables)))
    assert json.loads((folder / "personas.json").read_text())["genres"] == ["Drama"]
    assert "attraction of Horror" in {f.name for f in report.fields if f.how == "omitted"}


@pytest.mark.parametrize("name", ["clax", "ultra", "sardine"])
def test_who_looked_at_nothing_is_refused(name: str, people: Personas, exported: Callable) -> None:
    first = people.subjects[0]
    nothing = replace(first.use, films=Counts.of(first.use.films.table() * [1, 0, 0, 0]))
    with pytest.raises(ExportError, match="looked at no film"):
        exported(name, only(people, doing(first, nothing)))


@pytest.mark.parametrize("name", ["clax", "ultra", "sardine", "concordia", "tinytroupe", "uxagent"])
def test_a_persona_without_tables_is_refused(name: str, people: Personas, exported: Callable) -> None:
    with pytest.raises(ExportError, match="no examination and click tables"):
        exported(name, only(people, doing(people.subjects[0], None)))
