"""What programs whose users are words would read from our files, by small readers of their formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from protocols.errors import ExportError
from tests.interop.documented import run
from tests.tuning.simulators.variants import answering, doing, only, with_genres
from tuning.exporting.contract import Personas, Subject


def _clicks_sentence(subject: Subject) -> str:
    return f"{subject.name} clicked a film on {subject.use.clicks} of {subject.use.views} pages."


def test_concordia_instances_have_concordias_own_keys(people: Personas, exported: Callable) -> None:
    folder, report = exported("concordia", people)
    rows = [json.loads(line) for line in (folder / "instances.jsonl").read_text().splitlines()]
    for row, subject in zip(rows, people.subjects, strict=True):
        assert set(row) == {"prefab", "role", "params"}  # InstanceConfig(**row) takes no more
        assert (row["prefab"], row["role"]) == ("basic__Entity", "entity")
        assert (row["params"]["name"], row["params"]["goal"]) == (subject.name, "Find a film for tonight")
        state = row["params"]["memory_state"]
        assert json.loads(state["memory_bank"]["memory_bank"]) == {"text": {}, "embedding": {}}
        assert _clicks_sentence(subject) in state["buffer"]
    counted = [f for f in report.fields if f.name == "params.memory_state"]
    assert {f.participant for f in counted} == {"P01", "P02", "P03"}
    assert all(f.n for f in counted)


def test_a_concordia_entity_has_a_goal_only_when_it_is_given(people: Personas, exported: Callable) -> None:
    folder, _ = exported("concordia", people, goal="")
    assert json.loads((folder / "instances.jsonl").read_text().splitlines()[0])["params"]["goal"] == ""


def test_tinytroupe_takes_the_folder_and_the_fragments(people: Personas, exported: Callable) -> None:
    folder, _ = exported("tinytroupe", people)
    agents = [json.loads(path.read_text()) for path in sorted(folder.glob("*.agent.json"))]
    assert [a["persona"]["name"] for a in agents] == ["P01", "P02", "P03"]
    for agent, subject in zip(agents, people.subjects, strict=True):
        assert set(agent) == {"type", "persona"}
        assert agent["type"] == "TinyPerson"
        persona, stars = agent["persona"], subject.provenance.ratings
        assert set(persona["preferences"]["likes"]) == {f"{g} films" for g, s in stars.items() if s >= 4}
        assert set(persona["preferences"]["dislikes"]) == {f"{g} films" for g, s in stars.items() if s <= 2}
        assert _clicks_sentence(subject) in persona["behaviors"]["choosing_films"]
        assert not {"age", "gender", "nationality", "occupation", "personality"} & set(persona)
        fragment = json.loads((folder / f"{subject.name}.fragment.json").read_text())
        assert fragment["type"] == "Fragment"
        assert {**fragment["persona"], "name": subject.name} == persona


def test_uxagent_reads_a_persona_and_an_intent(people: Personas, exported: Callable) -> None:
    folder, _ = exported("uxagent", people)
    for subject in people.subjects:
        document = json.loads((folder / f"{subject.name}.json").read_text())
        assert set(document) == {"persona", "intent"}
        assert document["intent"] == "Find a film for tonight."
        assert _clicks_sentence(subject) in document["persona"]


def test_uxagent_needs_an_intent(people: Personas, exported: Callable) -> None:
    with pytest.raises(ExportError, match="needs intent"):
        exported("uxagent", people, intent="")


def test_sentences_tell_what_was_counted(people: Personas, exported: Callable) -> None:
    subject = people.subjects[0]
    use = subject.use
    folder, _ = exported("uxagent", only(people, subject))
    text = json.loads((folder / "P01.json").read_text())["persona"]
    top = [(s, e) for (_, _, p), (s, e, _, _) in zip(use.places, use.slots.table(), strict=True) if p < 5]
    shown, looked = (sum(column) for column in zip(*top, strict=True))
    assert f"Of {shown} films shown in row 1 from the top of the screen, P01 looked at {looked} (" in text
    genre, (_, examined, _, both) = use.genres[3], use.films.table()[3]
    assert f"Of {examined} {genre} films that P01 looked at, P01 clicked {both} (" in text
    mean_ms = use.dwell_ms.sum() / use.slots.examined.sum()
    assert f"it was for {mean_ms:.0f} ms in all" in text
    assert ", ".join(subject.provenance.preferred) in text


def test_agent4rec_parses_the_tables(people: Personas, exported: Callable) -> None:
    with pytest.raises(ExportError, match="conformity"):
        exported("agent4rec", people)
    folder, _ = exported("agent4rec", people, allow_proxy=True)
    personas = pd.read_csv(folder / "all_personas_like_modify.csv")
    statistic = pd.read_csv(folder / "user_statistic.csv", index_col=0)
    assert list(personas.columns) == ["taste", "reason", "high_rating", "low_rating"]
    assert list(statistic.columns) == ["activity", "diversity", "conformity"]
    assert list(statistic.index) == [0, 1, 2]
    assert set(statistic.to_numpy().ravel().tolist()) <= {1, 2, 3}
    assert (statistic["conformity"] == 2).all()
    for number, subject in enumerate(people.subjects):
        liked = [f"I like {g} films" for g, s in sorted(subject.provenance.ratings.items()) if s >= 4]
        taste = personas["taste"][number].split("| ")
        assert taste[: len(liked)] == liked
        assert _clicks_sentence(subject) in taste
    avatars = pd.read_csv(folder / "avatars.csv")
    assert list(avatars["participant"]) == ["P01", "P02", "P03"]


def test_agent4rec_ranks_within_the_cohort(people: Personas, exported: Callable) -> None:
    spread = [{"Drama": (9, 9, 9, 9)}, {"Drama": (9, 9, 5, 5), "Crime": (9, 9, 4, 4)}]
    spread.append(dict.fromkeys(("Drama", "Crime", "Horror", "Action"), (9, 9, 2, 2)))
    others = zip(people.subjects, spread, strict=True)
    cohort = [doing(subject, with_genres(subject.use, counts)) for subject, counts in others]
    folder, _ = exported("agent4rec", only(people, *cohort), allow_proxy=True)
    statistic = pd.read_csv(folder / "user_statistic.csv")
    assert list(statistic["diversity"]) == [1, 2, 3]
    assert set(statistic["activity"]) == {2}  # everybody clicked on every page: nobody stands out


def test_yulan_reads_the_users(people: Personas, exported: Callable) -> None:
    with pytest.raises(ExportError, match="gender"):
        exported("yulan", people)
    folder, _ = exported("yulan", people, allow_proxy=True)
    with (folder / "user.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
    for number, (row, subject) in enumerate(zip(rows, people.subjects, strict=True)):
        id_, name, gender, age, traits, status, interest, feature = row
        assert (int(id_), name, gender, int(age)) == (number, subject.name, "female", 30)
        assert (traits, status, feature) == ("", "", "")
        assert interest.split(", ")[0].endswith(" movies")
    relations = list(csv.reader(io.StringIO((folder / "relationship.csv").read_text())))
    assert relations == [["user_1", "user_2", "relationship", "closeness"]]


@pytest.mark.parametrize(("name", "value"), [("age", "-3"), ("age", "3.5"), ("age", "٣"), ("gender", "x")])
def test_yulan_takes_only_what_its_reader_takes(
    name: str, value: str, people: Personas, exported: Callable
) -> None:
    with pytest.raises(ExportError, match=name):
        exported("yulan", people, allow_proxy=True, **{name: value})


def test_who_likes_nothing_cannot_go_to_yulan(people: Personas, exported: Callable) -> None:
    nobody = answering(people.subjects[0], ratings={}, preferred=())
    with pytest.raises(ExportError, match="named no genre"):
        exported("yulan", only(people, nobody), allow_proxy=True)


def test_nothing_is_said_of_questions_that_were_not_asked(people: Personas, exported: Callable) -> None:
    silent = answering(people.subjects[0], ratings={}, preferred=())
    folder, _ = exported("uxagent", only(people, silent))
    text = json.loads((folder / "P01.json").read_text())["persona"]
    assert "stars" not in text
    assert "preferred" not in text


@pytest.mark.parametrize("name", ["concordia", "tinytroupe", "uxagent", "agent4rec"])
def test_who_looked_at_no_page_is_refused(name: str, people: Personas, exported: Callable) -> None:
    subject = people.subjects[0]
    blind = replace(subject.use, views=0, unseen=12)
    with pytest.raises(ExportError, match="looked at none of the 12 pages"):
        exported(name, only(people, doing(subject, blind)), allow_proxy=True)


def test_the_cursor_is_not_called_a_look(people: Personas, exported: Callable) -> None:
    subject = people.subjects[0]
    moved = doing(subject, replace(subject.use, signal="cursor"))
    folder, _ = exported("uxagent", only(people, moved))
    text = json.loads((folder / "P01.json").read_text())["persona"]
    assert "P01 rested the mouse cursor on" in text
    assert "looked" not in text


@pytest.mark.parametrize(
    ("heading", "printed"),
    [
        ("ULTRA", "["),
        ("UXAgent", "P01 clicked a film on"),
        ("Agent4Rec", "conformity"),
        ("YuLan-Rec", "'interest'"),
    ],
)
def test_the_documented_example_runs(
    heading: str, printed: str, people: Personas, exported: Callable, tmp_path: Path
) -> None:
    name = heading.lower().removesuffix("-rec")
    folder, _ = exported(name, people, allow_proxy=True)
    folder.rename(tmp_path / name)
    assert printed in run(heading, tmp_path)
