"""What the operator reads when a session is over. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from protocols.errors import GazeTwinError
from protocols.words import counted
from sessions.check import check
from sessions.gaze_check import GazeNumbers, Verdict
from sessions.quality_store import store_quality
from studio.recording import Recorded
from studio.state import LiveState, score_words
from studio.theme import Mood

_MOODS: dict[Verdict, Mood] = {"good": "good", "warning": "warn", "bad": "bad"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the summary: what, how it is, and whether that is well."""

    label: str
    words: str
    mood: Mood = "quiet"


@dataclass(frozen=True, slots=True)
class Summary:
    """How a session went.

    Attributes:
        title: complete or not, in a few words.
        mood: of the title.
        lines: the details.
        path: the session file, None when none was written.
        has_pages: whether a twin can learn from it.
    """

    title: str
    mood: Mood
    lines: tuple[Line, ...]
    path: Path | None = None
    has_pages: bool = False


def summary(recorded: Recorded, last: LiveState) -> Summary:
    """Return what is known at once.

    Args:
        recorded: by the session.
        last: state of the session.
    """
    ending, report = recorded.ending, recorded.report
    lines = [Line("Ended", ending.why or "The study came to its end.")]
    if ending.error is not None:
        lines.append(Line("What to do", f"{ending.error.why} {ending.error.fix}", "bad"))
    elif report.failure:
        lines.append(Line("Recording", f"It failed: {report.failure}.", "bad"))
    lines += [_trials(last), _samples(recorded), Line("Running score", score_words(last.scores))]
    if last.prediction_note:
        lines.append(Line("Twin", last.prediction_note))
    lines.append(Line("File", str(recorded.path)))
    title, mood = _title(recorded)
    return Summary(title, mood, tuple(lines), recorded.path, bool(last.trials))


def _title(recorded: Recorded) -> tuple[str, Mood]:
    if recorded.report.failure:
        return "The session is over, but its file is not complete", "bad"
    if recorded.ending.outcome == "complete":
        return "The session is complete", "good"
    return "The session was ended early; all of it so far is kept", "warn"


def failed(error: GazeTwinError, path: Path | None) -> Summary:
    """Return what is said when there is no sealed file.

    Args:
        error: what went wrong.
        path: what was written nevertheless, None for nothing.
    """
    lines = [Line("What happened", error.what, "bad"), Line("Why it matters", error.why)]
    lines.append(Line("What to do", error.fix))
    if path is not None:
        lines.append(Line("File", f"{path} holds what was recorded until then."))
    return Summary("The session could not be recorded", "bad", tuple(lines))


def judged(path: Path) -> Line:
    """Return the verdict on the quality of a finished file; keeps it there, for the list of sessions.

    Raises:
        SessionError: it cannot be read or written.
    """
    report = check(path)
    store_quality(path, report)
    wrong = [f"{found.name}: {found.found}" for found in report.items if found.verdict == report.verdict]
    words = "nothing found to complain about" if report.verdict == "good" else "; ".join(wrong[:3])
    return Line("Quality", f"{report.verdict}: {words}; {_loss(report.gaze)}", _MOODS[report.verdict])


def _loss(gaze: GazeNumbers) -> str:
    if gaze.missing_share is None or gaze.invalid_share is None:
        return "too few samples to tell how much gaze was lost"
    return f"{100 * gaze.missing_share:.1f} % of the gaze missing, {100 * gaze.invalid_share:.1f} % invalid"


def _trials(last: LiveState) -> Line:
    if not last.trials:
        return Line("Trials", "This study has none.")
    done, skipped = (sum(t.status == status for t in last.trials) for status in ("done", "skipped"))
    mood: Mood = "good" if done == len(last.trials) else "warn"
    return Line("Trials", f"{done} of {len(last.trials)} done, {skipped} skipped or broken off", mood)


def _samples(recorded: Recorded) -> Line:
    report = recorded.report
    lost = report.lost_samples
    words = f"{counted(report.samples, 'sample')} recorded, {lost} lost on the way"
    if report.unwritten:
        return Line("Gaze", f"{words}, {report.unwritten} blocks not written", "bad")
    return Line("Gaze", words, "good" if report.samples and not lost else "warn")
