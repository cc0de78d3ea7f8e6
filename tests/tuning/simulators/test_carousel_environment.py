"""A participant in Gymnasium clicks as the twin, or as often as they did."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from protocols.errors import ExportError, PersonaMismatch, StudyInvalid
from protocols.invented import invented_pool
from protocols.stimulus import Film
from tests.interop.chance import bound, furthest
from tests.interop.documented import example
from tuning.environment import ID
from tuning.environment.carousel import SLOTS, Carousel
from tuning.exporting.contract import Personas
from tuning.exporting.export import export
from tuning.registry import make_target
from tuning.tables_of_use import Counts
from tuning.twin import Twin

pytestmark = pytest.mark.engine
PLAYS = 20_000
FILMS = invented_pool(0)[:40]


@pytest.fixture(scope="module")
def persona(people: Personas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A persona who clicks on some pages only."""
    subject, use = people.subjects[0], people.subjects[0].use
    slots = use.slots
    fewer = replace(use, slots=Counts(slots.shown, slots.examined, slots.clicked // 2, slots.clicked // 2))
    path = tmp_path_factory.mktemp("gym") / "P01.persona.safetensors"
    replace(subject.persona, use=fewer).save(path)
    return path


def made(persona: Path, participant: str = "click-model", **settings: object) -> Carousel:
    found = gymnasium.make(ID, persona=persona, participant=participant, films=FILMS, **settings).unwrapped
    assert isinstance(found, Carousel)
    return found


@pytest.mark.parametrize("participant", ["click-model", "twin", "twin-combined"])
def test_gymnasium_finds_nothing_wrong(persona: Path, participant: str) -> None:
    check_env(made(persona, participant, render_mode="rgb_array", pages=3))


@pytest.mark.parametrize(("participant", "row"), [("twin", "twin"), ("twin-combined", "combined")])
def test_the_participant_is_the_twin(persona: Path, people: Personas, participant: str, row: str) -> None:
    env, subject = made(persona, participant), people.subjects[0]
    twin = Twin.of(subject.persona, people.model())
    env.action_space.seed(3)
    env.reset(seed=3)
    for _ in range(4):
        action = env.action_space.sample()
        info = env.step(action)[4]
        seen = twin.look(env.page(action))
        expected = getattr(seen, row)
        assert len(seen.page.layout) == SLOTS
        assert info["films"] == tuple(slot.film for slot in seen.page.layout.slots)
        assert np.abs(info["click_distribution"] - expected.choice).max() < 1e-6
        assert np.abs(info["attention"] - expected.attention).max() < 1e-6
    counted = subject.use.slots.clicked // 2
    assert info["click_chance"] == pytest.approx(counted.sum() / subject.use.views)
    assert 0 < info["click_chance"] < 1


def test_clicks_come_as_often_as_told(persona: Path) -> None:
    """The twin's own probabilities, drawn by the environment on one page again and again."""
    env = made(persona, "twin", pages=PLAYS)
    action = np.arange(SLOTS)
    told = env.participant.react(env.page(action), tuple(FILMS[:SLOTS]))
    env.participant = type("Same", (), {"react": lambda *_: told})()
    counts, rewards = _played(env, [action] * PLAYS)
    rates = told.click_chance * told.choice
    trials = np.full(SLOTS, PLAYS)
    assert furthest(counts, trials, rates) < bound(SLOTS)
    assert furthest(counts, trials, rates[::-1]) > bound(SLOTS)
    assert furthest(counts, trials, told.choice) > bound(SLOTS)
    assert rewards == counts.sum()


def test_the_click_model_clicks_as_was_counted(persona: Path, people: Personas) -> None:
    env, rng = made(persona, pages=PLAYS), np.random.default_rng(5)
    use = replace(
        people.subjects[0].use,
        slots=Counts(*people.subjects[0].use.slots.table().T[[0, 1]], *[_half(people)] * 2),
    )
    films, slots = use.films, use.by_position(SLOTS)
    examined = slots.examined + slots.clicked - slots.examined_clicked
    looked = films.examined + films.clicked - films.examined_clicked
    place = (examined + (examined.sum() + 0.5) / (slots.shown.sum() + 1)) / (slots.shown + 1)
    genre = (films.clicked + (films.clicked.sum() + 0.5) / (looked.sum() + 1)) / (looked + 1)
    attraction = dict(zip(use.genres, genre, strict=True))
    for _ in range(20):
        action = rng.integers(len(FILMS), size=SLOTS)
        told = env.participant.react(env.page(action), tuple(FILMS[n] for n in action))
        rates = place * np.array([attraction[FILMS[n].genres[0]] for n in action])
        expected = rates / max(rates.sum(), 1.0)
        assert told.click_chance * told.choice == pytest.approx(expected, abs=1e-12)
        assert told.attention == pytest.approx(place / place.sum(), abs=1e-12)


def _half(people: Personas) -> np.ndarray:
    return people.subjects[0].use.slots.clicked // 2


def _played(env: Carousel, actions: list[np.ndarray]) -> tuple[np.ndarray, float]:
    counts, total = np.zeros(SLOTS + 1), 0.0
    env.reset(seed=11)
    for action in actions:
        observation, reward, *_ = env.step(action)
        counts[observation["click"]] += 1
        total += reward
    return counts[1:], total


def test_the_same_seed_gives_the_same_visit(persona: Path) -> None:
    def visit(seed: int) -> list[int]:
        env, rng = made(persona, pages=60), np.random.default_rng(0)
        env.reset(seed=seed)
        return [env.step(rng.integers(len(FILMS), size=SLOTS))[0]["click"] for _ in range(60)]

    assert visit(4) == visit(4)
    assert visit(4) != visit(5)


def test_a_visit_goes_page_by_page_and_ends(persona: Path) -> None:
    env = made(persona, pages=3, render_mode="rgb_array")
    observation, info = env.reset(seed=1)
    assert (observation["page"], observation["click"], info) == (0, 0, {})
    assert not observation["shown"].any()
    ends = []
    for n in range(3):
        action = np.arange(SLOTS) + n
        observation, reward, terminated, truncated, _ = env.step(action)
        assert observation["page"] == n + 1
        assert np.array_equal(observation["shown"], action + 1)
        assert reward == float(observation["click"] > 0)
        assert not truncated
        ends.append(terminated)
    assert ends == [False, False, True]
    assert env.render().shape == (1080, 1920, 3)
    assert env.page(np.zeros(SLOTS, int)).screen.rows[0].genre == FILMS[0].genres[0]


def test_films_of_a_study_are_candidates(persona: Path) -> None:
    env = gymnasium.make(f"tuning.environment:{ID}", persona=str(persona)).unwrapped
    assert len(env.films) == 600
    assert env.action_space.nvec.tolist() == [600] * SLOTS


def test_what_was_not_measured_is_refused(persona: Path, people: Personas, tmp_path: Path) -> None:
    strange = [*FILMS, Film("Nobody looked at it", 2000, ("Western",))]
    with pytest.raises(ExportError, match="Western"):
        Carousel(persona, films=strange)
    Carousel(persona, "twin", films=strange)  # the model has seen all kinds of posters
    without = tmp_path / "old.safetensors"
    own = people.subjects[0].persona
    replace(own, use=None, provenance=own.provenance.model_copy(update={"use": None})).save(without)
    with pytest.raises(PersonaMismatch, match="tables of use"):
        Carousel(without, "twin", films=FILMS)
    with pytest.raises(ExportError, match="tables"):
        Carousel(without, films=FILMS)
    with pytest.raises(ExportError, match="'crowd'"):
        Carousel(persona, "crowd", films=FILMS)
    for settings in ({"pages": 0}, {"films": ()}):
        with pytest.raises(StudyInvalid):
            Carousel(persona, **{"films": FILMS, **settings})


def test_exported_click_models_act_like_the_persona_without_model_libraries(
    people: Personas, persona: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "gymnasium"
    report = export(make_target("gymnasium"), people, folder)
    assert report.verification.by == "package"
    file = folder / "P02.click_model.json"
    mine = tmp_path / "P02.safetensors"
    people.subjects[1].persona.save(mine)
    action = np.arange(SLOTS)
    told = [Carousel(path, films=FILMS).step(action)[4] for path in (file, mine, persona)]
    assert np.array_equal(told[0]["click_distribution"], told[1]["click_distribution"])
    assert not np.allclose(told[0]["click_distribution"], told[2]["click_distribution"])
    with pytest.raises(ExportError, match="not a twin"):
        Carousel(file, "twin", films=FILMS)
    for text in ("{}", "[" * 100_000, file.read_text().replace("0.", "1.")):
        (tmp_path / "broken.json").write_text(text)
        with pytest.raises(ExportError, match="no click model"):
            Carousel(tmp_path / "broken.json", films=FILMS)
    without_torch = (
        "import sys; sys.modules['torch'] = None; import tuning.environment, gymnasium;"
        f"env = gymnasium.make({ID!r}, persona={str(file)!r}); env.reset(seed=0);"
        "print(env.step(env.action_space.sample())[1])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", without_torch], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("0.0", "1.0")


def test_the_documented_example_runs(
    people: Personas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    people.subjects[0].persona.save(Path("P01.persona.safetensors"))
    export(make_target("gymnasium"), people, Path("gymnasium"))
    exec(compile(example("Gymnasium"), "Gymnasium", "exec"), {"__name__": "example"})
    printed = capsys.readouterr().out
    assert "clicks on 10 pages" in printed
    assert "adds up to 1.0" in printed
