"""A fit as a fold over events: the same lines, the same view."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.wire import Cancelled, Done, Failed, Progress, decode, encode
from studio.rooms.twin.fold import FitView, Line, Said, fold, folded
from studio.rooms.twin.log_file import LogFile, read_log
from tuning.events import Compared, Evaluated, Fit, Load, Ready, Saved, Step, Warned

FIT = Fit(sessions=("a.h5",), out="p.safetensors")


def step(number: int, total: int = 10) -> Step:
    return Step(step=number, total=total, loss=1 / number, attention=0.5, click=0.2, penalty=0.0)


def look(number: int, kl: float, *, best: bool) -> Evaluated:
    return Evaluated(step=number, scores={"kl": kl}, best=best)


def lines(*said: Said, every_s: float = 1.0, from_s: float = 0.0) -> list[Line]:
    return [Line(t_s=from_s + every_s * k, said=one) for k, one in enumerate(said)]


def begun(*more: Said, **times: float) -> list[Line]:
    ready = Ready(backbone="tiny", digest="0", cohort=0, seconds=1.0)
    return lines(Load(), FIT, ready, Done(), Progress(done=0), look(0, 1.0, best=True), *more, **times)


def test_a_fit_goes_through_its_phases():
    said = [line.said for line in begun(step(1), Compared(**_scores()), Done())]
    seen = [folded(lines(*said[: k + 1])).phase for k in range(len(said))]
    assert seen == [
        "loading",  # load
        "loading",  # fit is asked for at once
        "loading",  # ready
        "reading",  # the load is done
        "reading",  # progress
        "fitting",  # first look
        "fitting",  # first step
        "fitting",  # compared
        "done",
    ]


def test_time_left_follows_the_pace_of_this_run():
    view = folded(begun(step(1), step(2), step(3), every_s=0.5))
    assert view.left_s == 0.5 * 7
    assert folded(begun(step(1))).left_s is None
    assert folded(begun(step(1), step(2), Done())).left_s is None


def test_the_best_look_is_the_last_that_was_better():
    view = folded(begun(step(1), look(1, 0.5, best=True), step(2), look(2, 0.7, best=False)))
    assert view.best is not None
    assert view.best.step == 1


def test_an_interrupted_fit_goes_on_in_one_curve():
    first = begun(*(step(k) for k in range(1, 6)), Cancelled())
    assert folded(first).phase == "cancelled"
    # The savepoint is a step old: step 5 is made again. Time begins anew.
    second = lines(Load(), FIT, Done(), step(5), step(6), step(7), from_s=1000.0)
    view = folded([*first, *second])
    assert [s.step for s in view.steps] == [1, 2, 3, 4, 5, 6, 7]
    assert view.resumed == 4
    assert view.left_s == 3.0


def test_a_fit_that_begins_anew_forgets_the_old_curve():
    first = begun(*(step(k) for k in range(1, 6)), look(5, 0.1, best=True), Cancelled())
    view = folded([*first, *begun(step(1))])
    assert [s.step for s in view.steps] == [1]
    assert [(k.step, k.best) for k in view.looks] == [(0, True)]
    assert view.resumed is None


def test_what_went_wrong_and_what_to_know_are_kept():
    warned = Warned(what="Few.", why="Weak.", fix="Record more.")
    view = folded(begun(warned, Failed(what="The disk is full.", why="w", fix="f")))
    assert view.phase == "failed"
    assert not view.running
    assert view.failure is not None
    assert view.failure.what == "The disk is full."
    assert view.warnings == ("Few. Weak. Record more.",)


said_things = st.sampled_from(
    [
        Load(),
        FIT,
        Done(),
        Cancelled(),
        Progress(done=1),
        Saved(what="persona", path="p"),
        Failed(what="w"),
        look(0, 1.0, best=True),
        look(3, 0.2, best=True),
        *(step(k) for k in (1, 2, 3)),
    ]
)


@settings(max_examples=40)
@given(st.lists(said_things, max_size=12), st.integers(0, 12))
def test_a_log_gives_the_view_that_was_seen(said: list[Said], cut: int):
    """Folding on from any place, and folding what was written and read, is folding it all."""
    log = lines(*said)
    rest = folded(log[:cut])
    for line in log[cut:]:
        rest = fold(rest, line)
    assert rest == folded(log) == folded(decode(encode(line), Line) for line in log)
    assert [s.step for s in rest.steps] == sorted({s.step for s in rest.steps})


def test_a_log_that_a_crash_cut_off_is_read_up_to_there(tmp_path: Path):
    path, log = tmp_path / "folder" / "p.fit.jsonl", begun(step(1), step(2))
    file = LogFile(path, log[:-1])
    file.write(log[-1])
    file.close()
    assert read_log(path) == log
    path.write_bytes(path.read_bytes()[:-20])
    assert read_log(path) == log[:-1]
    assert read_log(tmp_path / "none") == []
    assert folded([]) == FitView()


def _scores() -> dict[str, object]:
    return {
        "heldout": {},
        "smoothed_logloss": {},
        "counts": {},
        "skipped": {},
        "missing": {},
        "verdicts": (),
    }
