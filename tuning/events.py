"""What the engine program is asked and what it answers; free of model code.

A program writes one `Request` a line to the engine and reads `Event`s, one a line. Requests are worked off
in order. Each ends with exactly one of `Done`, `Failed` and `Cancelled`; what comes before belongs to it.
`Cancel` is heard at once, between two optimiser steps, and ends the request that is being worked on.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from protocols.stimulus import Viewport
from protocols.wire import Cancelled, Done, Failed, Message, Progress
from tuning.config import Device, FitConfig, Precision
from tuning.handover import Exported, Handover, Targets
from tuning.pagespec import PageSpec as PageSpec

Shares = tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...]
Index = Annotated[int, Field(ge=0)]

ROWS = (
    "twin",
    "twin_combined",
    "shared_prompt",
    "backbone",
    "random_prompt",
    "participant_mean",
    "participant_mean_genre",
    "population_mean",
    "uniform",
)
TWINS = ("twin", "twin_combined")


# ---- requests


class Load(Message):
    """Load a backbone (once; the first load also loads the model libraries).

    Attributes:
        backbone: name, folder or hub id.
        device: of a folder's or the hub's model.
        precision: likewise; prompts are always fp32.
    """

    kind: Literal["load"] = "load"
    backbone: str = "carousel-tiny"
    device: Device = "cpu"
    precision: Precision = "fp32"


class Begin(Message):
    """Start predicting for one participant: a newcomer, or a persona fitted before.

    Attributes:
        participant: pseudonym.
        preferred: preferred genres from the questionnaire, top genre first.
        persona: path of a persona to start from, empty for a newcomer.
        config: settings; a newcomer's learning rates and placement.
    """

    kind: Literal["begin"] = "begin"
    participant: str
    preferred: tuple[str, ...]
    persona: str = ""
    config: FitConfig = FitConfig()


class Predict(Message):
    """Predict a page before it is shown; answered by `Predicted`."""

    kind: Literal["predict"] = "predict"
    page: PageSpec


class Observe(Message):
    """Tell what happened on a page; the twin learns from it. Answered by `Observed`.

    Attributes:
        page: the page.
        gaze: dwell per slot in any unit; all zero when nothing was looked at.
        click: clicked slot, None for none.
        budget_s: learning stops after this time.
    """

    kind: Literal["observe"] = "observe"
    page: PageSpec
    gaze: Shares
    click: Index | None = None
    budget_s: Annotated[float, Field(gt=0)] = 1.2


class Fit(Message):
    """Fit one participant's persona from sessions; answered by `Step`, `Evaluated`, `Compared` and `Saved`.

    Attributes:
        sessions: paths of sealed recordings of one participant.
        out: where the persona is written.
        config: settings.
        comparison: where the held-out comparison is written as JSON, empty for nowhere.
    """

    kind: Literal["fit"] = "fit"
    sessions: Annotated[tuple[str, ...], Field(min_length=1)]
    out: str
    config: FitConfig = FitConfig()
    comparison: str = ""


class Compare(Message):
    """Judge a persona on screens it was not fitted on; answered by `Compared` and `Saved`."""

    kind: Literal["compare"] = "compare"
    persona: str
    sessions: Annotated[tuple[str, ...], Field(min_length=1)]
    out: str


class Simulate(Message):
    """Let a persona look at pages; answered by one `Simulated` each."""

    kind: Literal["simulate"] = "simulate"
    persona: str
    pages: Annotated[tuple[PageSpec, ...], Field(min_length=1)]


class Cancel(Message):
    """End the running request, if there is one. Has no answer of its own."""

    kind: Literal["cancel"] = "cancel"


class Shutdown(Message):
    """End the program. The end of its input does the same."""

    kind: Literal["shutdown"] = "shutdown"


Work = Begin | Predict | Observe | Fit | Compare | Simulate
"""What a loaded backbone can be asked."""

Request = Load | Begin | Predict | Observe | Fit | Compare | Simulate | Cancel | Shutdown | Handover


# ---- events


class Ready(Message):
    """A backbone is loaded.

    Attributes:
        backbone: id.
        digest: SHA-256 of its weights.
        cohort: number of simulated participants whose prompts ship with it, 0 for none.
        seconds: time the load took.
    """

    kind: Literal["ready"] = "ready"
    backbone: str
    digest: str
    cohort: int
    seconds: float


class Step(Message):
    """One optimiser step.

    Attributes:
        step: from 1.
        total: steps at most.
        loss: the weighted sum.
        attention: attention loss, unweighted.
        click: cross-entropy of the clicks, unweighted.
        penalty: everything else, weighted: regularisers, and the anchor at the bare model's clicks.
    """

    kind: Literal["step"] = "step"
    step: int
    total: int
    loss: float
    attention: float
    click: float
    penalty: float


class Evaluated(Message):
    """Scores on validation screens.

    Attributes:
        step: after which step, 0 before the first.
        scores: ``kl``, and ``logloss`` where there are clicks.
        best: whether this is the best state so far, which is the one that is kept.
    """

    kind: Literal["evaluated"] = "evaluated"
    step: int
    scores: dict[str, float]
    best: bool


class Warned(Message):
    """Something the reader should know that does not stop the work."""

    kind: Literal["warned"] = "warned"
    what: str
    why: str
    fix: str


class View(Message):
    """Attention and click probabilities over the slots of one page, each summing to 1."""

    kind: Literal["view"] = "view"
    attention: Shares
    choice: Shares


class Predicted(Message):
    """What is expected on a page, before it is shown.

    Attributes:
        views: per row of `ROWS` that is available now; before the first page there is no participant mean.
        observed: pages learned from so far.
        seconds: time it took.
    """

    kind: Literal["predicted"] = "predicted"
    views: dict[str, View]
    observed: int
    seconds: float


class Observed(Message):
    """The twin has learned from a page.

    Attributes:
        observed: pages learned from so far.
        steps: optimiser steps made.
        seconds: time it took.
        note: why nothing was learned, empty when something was.
    """

    kind: Literal["observed"] = "observed"
    observed: int
    steps: int
    seconds: float
    note: str = ""


class Simulated(Message):
    """A persona's look at one page.

    Attributes:
        index: which of the requested pages.
        screen: its screen id.
        view: the pure prompt.
        combined: the prompt and the participant's position habit together.
        films: title and year per slot.
    """

    kind: Literal["simulated"] = "simulated"
    index: int
    screen: str
    view: View
    combined: View
    films: tuple[str, ...]


class Judged(Message):
    """One held-out page view.

    Attributes:
        trial: number from 0 in order of presentation.
        screen: screen id.
        viewport: what was visible.
        shown: digest of the page in the recording.
        films: title and year per slot.
        human: attention of the participant, None when there was none.
        click: clicked slot, None for none.
        views: per row, what was predicted.
        scores: per row, metric by name; only the metrics that apply.
    """

    kind: Literal["judged"] = "judged"
    trial: int
    screen: str
    viewport: Viewport
    shown: str
    films: tuple[str, ...]
    human: Shares | None
    click: int | None
    views: dict[str, View]
    scores: dict[str, dict[str, float]]


class Comparison(Message):
    """A persona beside every baseline, on screens it was not fitted on.

    Attributes:
        participant: pseudonym.
        backbone: id.
        operator: probing operator.
        placement: of the soft prompt.
        signal: what was compared with, ``fixation`` or ``cursor``.
        heldout: per row, mean of each metric over the views that have it.
        smoothed_logloss: per position baseline, log-loss when mixed with a uniform distribution, the share
            fitted on training clicks.
        counts: ``views``, ``with_attention``, ``with_click``, ``screens``.
        skipped: what was left out, reason and number.
        missing: rows that could not be computed, and why.
        verdicts: sentences about every baseline that the twins do not beat.
        judged: every view.
        unchanged: says that no step of the fit was kept, empty otherwise.
    """

    kind: Literal["comparison"] = "comparison"
    participant: str
    backbone: str
    operator: str
    placement: str
    signal: str
    heldout: dict[str, dict[str, float]]
    smoothed_logloss: dict[str, float]
    counts: dict[str, int]
    skipped: dict[str, int]
    missing: dict[str, str]
    verdicts: tuple[str, ...]
    judged: tuple[Judged, ...]
    unchanged: str = ""


class Compared(Message):
    """Held-out scores; the full `Comparison`, with every view, is in the file that `Saved` names."""

    kind: Literal["compared"] = "compared"
    heldout: dict[str, dict[str, float]]
    smoothed_logloss: dict[str, float]
    counts: dict[str, int]
    skipped: dict[str, int]
    missing: dict[str, str]
    verdicts: tuple[str, ...]
    unchanged: str = ""


class Saved(Message):
    """A file was written: ``what`` is ``persona``, ``cohort``, ``comparison`` or ``report``."""

    kind: Literal["saved"] = "saved"
    what: Literal["persona", "cohort", "comparison", "report"]
    path: str


class Serving(Message):
    """A server listens.

    Attributes:
        url: where.
        backbone: id of the model.
        personas: how many twins answer.
    """

    kind: Literal["serving"] = "serving"
    url: str
    backbone: str
    personas: int


Event = (
    Ready
    | Step
    | Evaluated
    | Warned
    | Predicted
    | Observed
    | Simulated
    | Compared
    | Saved
    | Serving
    | Exported
    | Targets
    | Progress
    | Done
    | Failed
    | Cancelled
)
