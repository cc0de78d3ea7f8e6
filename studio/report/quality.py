"""How good the data are: a table with units, limits and verdicts, and every validation target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acquisition.quality import PointQuality, Validation
from sessions.eye_quality import EyeQuality
from sessions.gaze_check import GOOD_LOSS, MOST_LOSS, CheckItem
from studio.report.evidence import Evidence
from studio.report.markup import Html, joined, table, tag, text
from studio.report.results import Results
from studio.theme import WORDS, Mood

UNKNOWN = "not known"
_MOODS: dict[str, Mood] = {"good": "good", "warning": "warn", "bad": "bad"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the table.

    Attributes:
        what: the quantity.
        value: with unit.
        mood: whether that is well; ``quiet`` when there is no limit.
        note: definition or limit.
    """

    what: str
    value: str
    mood: Mood = "quiet"
    note: str = ""


def quality(evidence: Evidence, results: Results) -> Html:
    """Return the section."""
    facts = [*_samples(evidence, results), *_accuracy(evidence.validation), *_fixations(evidence, results)]
    rows = [(f.what, _value(f), f.note) for f in facts]
    parts = [tag("h2", "Data quality"), _scrolling(table(("quantity", "value", "definition or limit"), rows))]
    if evidence.validation is None:
        parts.append(tag("p", "Gaze was not validated: its accuracy in this session is not known."))
    else:
        parts += [_eyes(evidence.eyes), _points(evidence.eyes)]
    return joined([*parts, _checks(evidence.checks)])


def judged(value: float | None, good: float, bearable: float) -> Mood:
    """Return the verdict on a value of which less is better."""
    if value is None:
        return "quiet"
    return "good" if value <= good else "warn" if value <= bearable else "bad"


def number(value: float | None, form: str) -> str:
    """Return a value in a format such as ``{:.2f}°``, or that it is not known."""
    return UNKNOWN if value is None else form.format(value)


def percent(share: float | None) -> str:
    """Return a share of 0 to 1 in percent, or that it is not known."""
    return UNKNOWN if share is None else f"{100 * share:.1f} %"


def _samples(evidence: Evidence, results: Results) -> Iterator[Fact]:
    gaze = evidence.gaze
    told = results.samples
    yield Fact("Samples recorded", f"{gaze.samples}", note=f"over {gaze.seconds:.1f} s")
    if "lost" in told:
        mood: Mood = "good" if told["lost"] == 0 else "bad"
        yield Fact(
            "Samples lost on the way", f"{told['lost']} of {told.get('sent', 0)} sent", mood, "expected: 0"
        )
    off = abs(gaze.measured_hz / gaze.nominal_hz - 1) if gaze.measured_hz and gaze.nominal_hz else None
    claimed = f"nominal {gaze.nominal_hz:g} Hz" if gaze.nominal_hz else "the source claims no rate"
    measured = f"from the median interval of time stamps; {claimed}"
    yield Fact(
        "Sampling rate, measured", number(gaze.measured_hz, "{:.2f} Hz"), judged(off, 0.02, 0.05), measured
    )
    yield Fact(
        "Data loss",
        percent(gaze.loss),
        judged(gaze.loss, GOOD_LOSS, MOST_LOSS),
        "missing or invalid, of expected",
    )
    yield Fact("Data loss, flagged invalid", percent(gaze.invalid_share), note="blinks and lost eyes")
    longest = (
        f"{gaze.gaps} gaps longer than three intervals; the longest {number(gaze.longest_gap_s, '{:.3f} s')}"
    )
    yield Fact("Data loss, never delivered", percent(gaze.missing_share), note=longest)


def _accuracy(validation: Validation | None) -> Iterator[Fact]:
    if validation is None:
        return
    moods: dict[str, Mood] = {"green": "good", "amber": "warn", "red": "bad"}
    on = f"mean over {len(validation.points)} targets other than those of the calibration"
    mean, worst = validation.accuracy_mean_deg, validation.accuracy_max_deg
    verdict = moods[validation.verdict]
    yield Fact("Accuracy", number(mean, "{:.2f}°"), verdict, f"length of the mean offset, {on}; aim: 0.5°")
    yield Fact("Accuracy, worst target", number(worst, "{:.2f}°"), judged(worst, 1.0, 1.5), "aim: 1.0°")
    yield Fact(
        "Precision, RMS-S2S", number(validation.rms_s2s_deg, "{:.3f}°"), note="successive valid samples"
    )
    yield Fact("Precision, SD", number(validation.sd_deg, "{:.3f}°"), note="both axes together")
    data_loss = judged(validation.data_loss, 0.1, 0.2)
    yield Fact("Data loss at validation", percent(validation.data_loss), data_loss, "of the samples expected")


def _fixations(evidence: Evidence, results: Results) -> Iterator[Fact]:
    found = evidence.slots.fixations
    lasting = f"mean duration {found.duration_ms.mean():.0f} ms" if len(found) else "none was found"
    yield Fact("Fixations", f"{len(found)}", note=lasting)
    shown_ms = 1000 * sum(v.duration_s for v in evidence.views)
    if shown_ms > 0:
        share = sum(float(v.fixation_ms.sum()) for v in evidence.views) / shown_ms
        yield Fact(
            "Time spent on posters",
            percent(share),
            note="fixation time on posters, of the time pages were shown",
        )
    if results.fixations:
        said = ", ".join(f"{name} {value:.3f}" for name, value in results.fixations.items())
        yield Fact("Fixations against the simulated truth", said, note="by overlap in time")
    if results.slots:
        said = ", ".join(f"{name} {value:.3f}" for name, value in results.slots.items())
        yield Fact("Slots against the simulated truth", said, note="slot of each matched fixation")


def _value(fact: Fact) -> Html:
    word = WORDS[fact.mood]
    shown = f"{fact.value} ({word})" if word else fact.value
    return tag("td", shown, class_=fact.mood if word else None)


def _eyes(eyes: tuple[EyeQuality, ...]) -> Html:
    columns = (
        "gaze",
        "accuracy",
        "worst target",
        "median offset",
        "RMS-S2S",
        "SD",
        "RMS/SD",
        "BCEA [deg²]",
        "data loss",
        "flagged invalid",
    )
    rows = [_eye(eye) for eye in eyes]
    return _scrolling(table(columns, rows, "Validation, eye by eye (angles in degrees, means over targets)"))


def _eye(eye: EyeQuality) -> tuple[object, ...]:
    numbers = (
        eye.accuracy_mean_offset_deg,
        eye.accuracy_max_deg,
        eye.accuracy_median_deg,
        eye.rms_s2s_deg,
        eye.sd_deg,
        eye.rms_sd_ratio,
        eye.bcea_deg2,
    )
    said = [*(number(n, "{:.2f}") for n in numbers), percent(eye.data_loss), percent(eye.invalid_share)]
    return (eye.name + (" (used)" if eye.used else ""), *(tag("td", text(s)) for s in said))


def _points(eyes: tuple[EyeQuality, ...]) -> Html:
    columns = (
        "gaze",
        "target [px]",
        "accuracy",
        "median offset",
        "RMS-S2S",
        "SD",
        "RMS/SD",
        "BCEA [deg²]",
        "data loss",
        "samples",
    )
    judged = [eye for eye in eyes if eye.corrected or eye.used]
    rows = [_point(eye.name, point) for eye in judged for point in eye.points]
    return _scrolling(table(columns, rows, "Validation, target by target (angles in degrees)"))


def _point(whose: str, point: PointQuality) -> tuple[object, ...]:
    x_px, y_px = point.target_px
    numbers = (
        point.accuracy_mean_offset_deg,
        point.accuracy_median_deg,
        point.rms_s2s_deg,
        point.sd_deg,
        point.rms_sd_ratio,
        point.bcea_deg2,
    )
    said = [*(number(n, "{:.2f}") for n in numbers), percent(point.data_loss), str(point.samples)]
    return (whose, f"{x_px:.0f}, {y_px:.0f}", *(tag("td", text(s)) for s in said))


def _checks(checks: tuple[CheckItem, ...]) -> Html:
    rows = [(c.name, _verdict(_MOODS[c.verdict]), c.found, c.advice or "–") for c in checks]
    columns = ("check", "verdict", "found", "what to do")
    return _scrolling(table(columns, rows, "What gazetwin check says about gaze"))


def _verdict(mood: Mood) -> Html:
    return tag("td", WORDS[mood], class_=mood)


def _scrolling(content: Html) -> Html:
    return tag("div", content, class_="scroll")
