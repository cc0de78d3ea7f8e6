"""The report's quality section and ``gazetwin check`` are two views of one judgement."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from sessions.check import check
from sessions.course import Course
from sessions.reader import Recording
from studio.report.document import document
from studio.report.evidence import Evidence, gather
from studio.report.methods import methods
from studio.report.quality import quality
from studio.report.results import Results


@pytest.fixture(scope="module")
def evidence(session_path: Path) -> Evidence:
    with Recording.open(session_path) as recording:
        return gather(recording)


def test_every_verdict_on_gaze_is_that_of_the_check(session_path: Path, evidence: Evidence) -> None:
    told = {i.name: i for i in check(session_path).items}
    assert len(evidence.checks) > 5
    assert all(told[i.name] == i for i in evidence.checks)
    shown = quality(evidence, Results.read({}))
    for item in evidence.checks:
        assert item.name in shown
        assert item.advice in shown or "&" in item.advice or "'" in item.advice


def test_numbers_are_those_of_the_check(session_path: Path, evidence: Evidence) -> None:
    report = check(session_path)
    assert report.gaze == evidence.gaze
    assert report.eyes == evidence.eyes
    assert report.drift == evidence.drift
    assert report.gaze.loss is not None
    shown, said = quality(evidence, Results.read({})), methods(evidence, Results.read({}))
    percent = f"{100 * report.gaze.loss:.1f} %"
    assert percent in shown
    assert percent in said


def test_quality_is_shown_eye_by_eye_and_target_by_target(evidence: Evidence) -> None:
    shown = quality(evidence, Results.read({}))
    for part in ("eye by eye", "target by target", "BCEA", "RMS/SD", "960, 540", "1728, 108", "(used)"):
        assert part in shown
    assert "0.38" in shown, "RMS-S2S 0.08 by SD 0.21"


def test_a_session_that_was_never_calibrated_says_so(human_session_path: Path, tmp_path: Path) -> None:
    with Recording.open(human_session_path) as recording:
        page = document(Results.read({}), gather(recording), recording.page)
    assert "What gazetwin check says about gaze" in page
    assert str(tmp_path) not in page


def test_the_methods_name_tasks_exclusions_and_what_nobody_told(evidence: Evidence) -> None:
    said = methods(evidence, Results.read({"skipped": {"no fixation dwell on any poster": 2}}))
    for part in (
        "The task was ",
        "4 page views were recorded",
        "Page onsets: ",
        "SD over targets not known",
        "No participant, trial or sample was excluded",
        "During the session: 0 trials skipped by the operator",
        "0 pauses of 0.0 s in all",
        "display was lost 0 times",
        "2 page views (no fixation dwell on any poster)",
        "Not known to the software, to be added: age and sight",
        "doi 10.3758/s13428-023-02187-1",
    ):
        assert part in said, part


def test_the_methods_count_what_was_skipped_repeated_and_interrupted(evidence: Evidence) -> None:
    went = Course(frozenset({3}), frozenset({1, 2}), (1.5, 4.25), 1)
    said = methods(dataclasses.replace(evidence, course=went), Results.read({}))
    for part in (
        "1 trial skipped by the operator",
        "2 trials repeated (only the last showing counts)",
        "2 pauses of 5.8 s in all",
        "display was lost 1 time.",
    ):
        assert part in said, part
