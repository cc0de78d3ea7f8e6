"""Studies: what decides a cell, what is claimed, what a report must say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from protocols.errors import TuningError
from tuning.config import FitConfig
from tuning.experiments import judging, tables
from tuning.experiments.cells import MAIN, MAPS, Condition, Model, basis_key, folds, planned
from tuning.experiments.judging import against_baselines, against_main, claims, corrected
from tuning.experiments.outcome import worked_out
from tuning.experiments.page import page
from tuning.experiments.people import RecordedPerson, people_of
from tuning.experiments.report import summary, write_report
from tuning.experiments.results import CellResult, ScoredPerson, ScoredView
from tuning.experiments.store import Store
from tuning.experiments.studyfile import StudyFile, read_study, shipped
from tuning.experiments.summary import Found, Scores, arenas, scores_of
from tuning.running.contract import NotComputed

MODEL = Model("w" * 64, {basis_key(FitConfig()): "b" * 64})
SCREENS = {"training": 4, "validation": 1, "heldout": 2, "seed": 4}
PEOPLE = {"kind": "synthetic", "participants": 4, "patternless": 1, "screens": SCREENS}


def study(**more: object) -> StudyFile:
    return StudyFile.model_validate({"name": "test", "cohort": PEOPLE, **more})


def cells_of(asked: StudyFile) -> dict[str, str]:
    people = people_of(asked, Path())
    return {p.cell.digest: p.cell.words() for p in planned(asked, people, {"carousel-tiny": MODEL})}


# ---- cells


def test_a_changed_setting_computes_only_what_depends_on_it():
    small = study(ablations=[{"name": "no clicks", "fit": {"click_weight": 0.0}}])
    before = cells_of(small)
    more = cells_of(small.model_copy(update={"seeds": (0, 1)}))
    assert before.keys() < more.keys()
    renamed = small.model_copy(update={"name": "other", "about": "something else"})
    assert cells_of(renamed).keys() == before.keys()
    changed = cells_of(study(ablations=[{"name": "no clicks", "fit": {"click_weight": 0.01}}]))
    assert len(before.keys() - changed.keys()) == 4  # the ablation of each participant, nothing else


def test_one_more_participant_leaves_the_others_as_they_are():
    more = study(cohort={**PEOPLE, "participants": 5})
    kept = cells_of(study()).keys() & cells_of(more).keys()
    assert len(kept) == 4  # every personal fit; maps and the shared prompt are of everybody


def test_other_weights_and_another_basis_are_another_cell():
    asked = study()
    people = people_of(asked, Path())
    digests = set()
    for model in (MODEL, Model("v" * 64, MODEL.bases), Model(MODEL.weights, {})):
        digests.add([p.cell for p in planned(asked, people, {"carousel-tiny": model})][-2].digest)
    assert len(digests) == 3


def test_where_a_session_lies_decides_nothing():
    asked = study()
    cell = next(planned(asked, people_of(asked, Path()), {"carousel-tiny": MODEL})).cell
    who = [
        RecordedPerson(pseudonym="P01", paths=(path,), sha256=("a" * 64,), splits={"s": "test"})
        for path in ("/here/a.h5", "/there/a.h5")
    ]
    digests = {cell.model_copy(update={"judged": (person,)}).digest for person in who}
    assert len(digests) == 1


def test_new_participants_are_judged_once_and_never_among_the_earlier():
    asked = study(splits=["new-participants", "new-both"], folds=3)
    people = people_of(asked, Path())
    for split in asked.splits:
        cells = [
            p.cell
            for p in planned(asked, people, {"carousel-tiny": MODEL})
            if p.cell.split == split and p.cell.work == "newcomers"
        ]
        judged = [person.pseudonym for cell in cells for person in cell.judged]
        assert sorted(judged) == sorted(p.pseudonym for p in people)
        for cell in cells:
            assert {p.pseudonym for p in cell.judged}.isdisjoint(p.pseudonym for p in cell.earlier)
    assert [len(group) for group in folds(people, 3)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"fit": {"lambda": 1}}, "lambda"),
        ({"fit": {"seed": 1}}, "lists of their own"),
        ({"operators": ["rollout", "rollout"]}, "more than once"),
        ({"ablations": [{"name": "x", "fit": {"steps": 0}}]}, "steps"),
        ({"cohort": {**PEOPLE, "patternless": 9}}, "patternless"),
        ({"colour": "red"}, "colour"),
        ({"operators": ["rolout"]}, r"no operator 'rolout'; did you mean rollout\?"),
        ({"backbones": ["carousel-tinny"]}, "did you mean carousel-tiny"),
        ({"operators": ["x"], "fit": {"stepz": 1}}, "(?s)no operator 'x'.*did you mean steps"),
        ({"ablations": [{"name": "x", "against": "y"}]}, "not among them"),
    ],
)
def test_a_study_file_is_checked_as_a_whole(tmp_path, wrong, complaint):
    path = tmp_path / "s.toml"
    values = {"name": "test", "cohort": PEOPLE, **wrong}
    path.write_text("\n".join(f"{k} = {_toml(v)}" for k, v in values.items()), encoding="utf-8")
    with pytest.raises(TuningError, match=complaint):
        read_study(path)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def test_small_cohorts_have_few_participants_without_a_pattern():
    for participants, patternless in ((3, 0), (5, 1), (25, 5), (100, 5)):
        cohort = {"kind": "synthetic", "participants": participants}
        assert study(cohort=cohort).cohort.patternless == patternless


def test_shipped_studies_can_be_read():
    assert "reference" in shipped()
    found = read_study(Path("reference"))
    assert found.cohort.participants - found.cohort.patternless >= 20
    assert (found.cohort.screens.training, found.cohort.screens.heldout) == (30, 10)


# ---- the store


def test_a_torn_or_foreign_result_is_computed_again(tmp_path):
    store = Store(tmp_path)
    result = CellResult(digest="a" * 64, words="w", people={}, seconds=1.0, versions={})
    store.put(result)
    assert store.get("a" * 64) == result
    assert (tmp_path / ".gitignore").read_text().endswith("*\n")
    (tmp_path / f"{'a' * 64}.json").rename(tmp_path / f"{'b' * 64}.json")
    assert store.get("b" * 64) is None
    (tmp_path / f"{'c' * 64}.json").write_text('{"digest": "c')
    assert store.get("c" * 64) is None


# ---- judging invented scores


def result_of(name: str, rows: dict[str, list[float]], digest: str) -> CellResult:
    count = len(next(iter(rows.values())))
    views = tuple(
        ScoredView(
            trial=i,
            screen=f"s{i}",
            scores={
                row: {"kl": values[i], "logloss": values[i], "accuracy": float(values[i] < 0.5)}
                for row, values in rows.items()
            },
        )
        for i in range(count)
    )
    return CellResult(
        digest=digest, words="w", people={name: ScoredPerson(views=views)}, seconds=0.0, versions={"x": "1"}
    )


def found_with(gap: float, noise: float = 0.05, participants: int = 24, patternless: int = 4) -> Found:
    """Return a study of 24 participants whose twins are better than every baseline by `gap`."""
    asked = study(cohort={**PEOPLE, "participants": participants, "patternless": patternless})
    people = people_of(asked, Path())
    plan = tuple(planned(asked, people, {"carousel-tiny": MODEL}))
    rng = np.random.default_rng(8)
    results = {}
    for p in plan:
        if p.condition.change != MAIN:
            continue
        base = rng.uniform(0.6, 0.8, 10)
        own = gap if not p.cell.judged[0].pseudonym.startswith("X") else 0.0
        rows = {
            row: list(base + rng.normal(0, noise, 10)) for row in ("uniform", "backbone", "participant_mean")
        }
        rows |= {twin: list(base - own + rng.normal(0, noise, 10)) for twin in ("twin", "twin_combined")}
        results[p.cell.digest] = result_of(p.cell.judged[0].pseudonym, rows, p.cell.digest)
    return Found(asked, people, plan, results, {})


def test_a_large_gap_is_claimed_for_those_with_a_pattern_and_for_nobody_else():
    found = found_with(0.4)
    arena = arenas(scores_of(found))[0]
    said = claims(arena, found.stable())
    assert all(c.claimed for c in said if c.stable)
    assert not any(c.claimed for c in said if not c.stable)
    assert {c.participant for c in said if not c.stable} == {"X01", "X02", "X03", "X04"}
    assert all(c.twin_kl < c.rival_kl for c in said if c.claimed)


def test_without_a_gap_success_is_hardly_ever_claimed():
    found = found_with(0.0)
    said = claims(arenas(scores_of(found))[0], found.stable())
    assert sum(c.claimed for c in said) <= 1  # 48 tests at .01, against the best in hindsight


def test_a_false_claim_is_a_missed_target(monkeypatch):
    monkeypatch.setattr(judging, "CLAIM_LEVEL", 1.01)
    outcome = worked_out(found_with(0.4))
    target = outcome.targets[-1]
    assert (target.verdict, target.wanted) == ("missed", "none")
    assert "FALSE CLAIM" in page(outcome)


def test_a_missed_target_is_said_first():
    outcome = worked_out(found_with(0.0))
    assert any(s.startswith("Target missed: twin against uniform") for s in outcome.unshown)
    better = worked_out(found_with(0.4))
    assert not any("Target missed: twin against uniform" in s for s in better.unshown)
    assert next(t for t in better.targets if t.name == "twin against uniform, KL").verdict == "met"


def test_what_so_few_cannot_show_is_not_called_missed():
    outcome = worked_out(found_with(0.3, participants=6, patternless=0))
    verdict = next(t for t in outcome.targets if t.name == "twin against uniform, KL").verdict
    assert verdict == "not testable"  # six pairs, p of 1/32 at best
    said = " ".join(outcome.unshown)
    assert "Target not testable with so few participants: twin against uniform, KL" in said
    assert "Target missed: twin against uniform, KL" not in said
    assert "not testable" in page(outcome)


def test_one_participant_is_no_population():
    found = found_with(0.3, participants=1, patternless=0)
    assert {p.condition.change for p in found.plan} == {MAIN, MAPS}  # a prompt shared by one is no baseline
    maps = next(p.cell for p in found.plan if p.condition.change == MAPS)
    rows = {"population_mean": [0.5] * 10, "uniform": [0.8] * 10}
    results = {**found.results, maps.digest: result_of("P01", rows, maps.digest)}
    outcome = worked_out(replace(found, results=results))
    assert "population mean" not in {line.name for line in outcome.lines}
    assert all(np.isnan(line.interval).all() for line in outcome.lines)
    assert "[" not in "".join(t.measured for t in outcome.targets)
    for text in (page(outcome), summary(outcome), tables.results_csv(outcome.lines)):
        assert "nan" not in text
        assert "with a pattern" not in text or "programs with invented habits" in text


def test_untrained_twins_are_counted():
    found = found_with(0.0)
    idle = {
        digest: result.model_copy(
            update={"people": {n: p.model_copy(update={"best_step": 0}) for n, p in result.people.items()}}
        )
        for digest, result in found.results.items()
        if "P01" in result.people
    }
    outcome = worked_out(replace(found, results={**found.results, **idle}))
    assert any(s.startswith("For 1 of 24 participants no step of any fit improved") for s in outcome.unshown)


def test_what_was_not_tried_is_said():
    told = " ".join(worked_out(found_with(0.2)).unshown)
    assert "new participants on new screens" in told
    assert "One seed only" in told
    assert "Nothing here is about people" in told


def test_correction_is_within_a_family():
    arena = arenas(scores_of(found_with(0.05)))[0]
    tests = against_baselines(arena)
    assert {t.family for t in tests} == {"3 tests"}
    assert all(t.holm >= t.found.p for t in tests)
    alone = corrected(tests[:1])
    assert alone[0].holm == pytest.approx(tests[0].found.p)


def test_an_ablation_is_compared_with_the_one_it_names():
    condition = Condition("task-holdout", "fixation", "fixation", "carousel-tiny", "rollout", MAIN)
    at = {name: replace(condition, change=name) for name in (MAIN, "joint", "joint, small")}
    values = {MAIN: 0.1, "joint": 0.5, "joint, small": 0.6}
    views = {name: {(f"P{i}", "s", 0): v + 0.01 * i for i in range(6)} for name, v in values.items()}
    scores = {at[name]: Scores({("twin", "kl"): views[name]}) for name in values}
    tests = against_main(arenas(scores)[0], scores, {"joint, small": "joint"})
    told = {t.first: (t.second, t.found.mean) for t in tests}
    assert told["twin, joint"] == ("twin", pytest.approx(0.4))
    assert told["twin, joint, small"] == ("twin, joint", pytest.approx(0.1))


def test_seeds_are_averaged_before_any_test():
    asked = study(seeds=[0, 1])
    people = people_of(asked, Path())
    plan = tuple(planned(asked, people, {"carousel-tiny": MODEL}))
    own = [p for p in plan if p.condition.change == MAIN and p.cell.judged[0].pseudonym == "P01"]
    results = {
        p.cell.digest: result_of("P01", {"twin": [value, value]}, p.cell.digest)
        for p, value in zip(own, (0.2, 0.4), strict=True)
    }
    scores = scores_of(Found(asked, people, plan, results, {}))
    assert scores[own[0].condition].people("twin", "kl") == {"P01": pytest.approx(0.3)}


def test_the_same_results_make_the_same_files(tmp_path):
    for folder in ("one", "two"):
        write_report(found_with(0.2), tmp_path / folder)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_hostile_names_stay_text():
    found = found_with(0.2)
    refused = NotComputed(digest="d", words="w", what='<script>alert("x")</script> | = 1', why="", fix="")
    outcome = worked_out(Found(found.study, found.people, found.plan, found.results, {"d": refused}))
    assert "<script>" not in page(outcome)
    assert "<script>" not in summary(outcome)
    assert tables._cell("=1+1") == "'=1+1"
    assert tables._escaped("50 % & a_b") == r"50 \% \& a\_b"


def test_every_change_has_its_own_line():
    asked = study(ablations=[{"name": "joint", "method": "joint"}], newcomer_screens=[2])
    plan = list(planned(asked, people_of(asked, Path()), {"carousel-tiny": MODEL}))
    changes = {p.condition.change for p in plan}
    assert changes == {MAPS, MAIN, "shared prompt", "2 screens", "joint"}
