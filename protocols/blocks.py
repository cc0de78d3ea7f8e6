"""The parts of a study file: tasks and what surrounds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from protocols.carousel import GENRES, PAGE_SIZE_PX
from protocols.geometry import Screen
from protocols.screens import ScreenId, Text
from protocols.stimulus import CarouselScreen

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
PositiveInt = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Mistake = tuple[tuple[str | int, ...], str]

TARGET = "{target}"
_RISING = (
    ("green_mean_deg", "amber_mean_deg"),
    ("green_max_deg", "amber_max_deg"),
    ("drift_ok_deg", "drift_correctable_deg"),
)


class Task(StrEnum):
    """What a participant is asked to do. Training comes first and is not meant for analysis."""

    FREE_BROWSING = "free_browsing"
    SEMI_FREE = "semi_free"
    DIRECT_SEARCH = "direct_search"
    TRAINING = "training"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Block(_Part):
    """Trials of one kind, one per screen.

    Attributes:
        name: unique in the study.
        kind: the task.
        instruction: shown before the block, or before each trial when it names the ``{target}``.
        screens: screen ids in order, or ``all``.
        shuffle: draw the order of the screens anew for each participant.
        targets: what to look for per screen id; for direct search a film of that screen, as ``Title (year)``.
    """

    name: Slug
    kind: Task
    instruction: str = ""
    screens: Literal["all"] | tuple[ScreenId, ...]
    shuffle: bool = False
    targets: Mapping[ScreenId, Text] = Field(default_factory=dict)

    def screen_ids(self, screens: tuple[CarouselScreen, ...]) -> tuple[str, ...]:
        """Return the ids of the block's screens in the order of the file."""
        return tuple(s.id for s in screens) if self.screens == "all" else self.screens

    def instruction_for(self, target: str | None) -> str:
        """Return the instruction with the target filled in."""
        return self.instruction.replace(TARGET, target or "")

    def mistakes(self, screens: tuple[CarouselScreen, ...]) -> Iterator[Mistake]:
        """Yield what does not fit the study's screens, each with its path inside the block."""
        known = {s.id: s for s in screens}
        ids = self.screen_ids(screens)
        for i, screen_id in enumerate(ids):
            if screen_id not in known:
                yield ("screens", i), f"there is no screen {screen_id!r}; there are {_few(known)}"
            elif screen_id in ids[:i]:
                yield ("screens", i), f"screen {screen_id!r} is already in this block"
        if not ids:
            yield ("screens",), "a block needs at least one screen"
        yield from self._target_mistakes(ids, known)

    def _target_mistakes(
        self, ids: tuple[str, ...], known: Mapping[str, CarouselScreen]
    ) -> Iterator[Mistake]:
        search = self.kind is Task.DIRECT_SEARCH
        if search and TARGET not in self.instruction:
            yield ("instruction",), f"a direct search must name the {TARGET} in its instruction"
        if search or TARGET in self.instruction:
            missing = [screen_id for screen_id in ids if screen_id not in self.targets]
            if missing:
                yield ("targets",), f"no target for the screens {_few(missing)}"
        for screen_id, target in self.targets.items():
            if screen_id not in ids:
                yield ("targets", screen_id), f"screen {screen_id!r} is not in this block"
            elif search and screen_id in known and not _shows(known[screen_id], target):
                yield ("targets", screen_id), f"screen {screen_id!r} has no film {target!r}"


class Counterbalancing(_Part):
    """The order of blocks over participants.

    Attributes:
        method: ``fixed``: as in the file; ``latin-square``: balanced over participants, which for two groups
            means that they are swapped for every second participant.
        groups: names of blocks that stay together, in the order of the file; by default each block by itself.
            Training blocks always come first and are in no group.
    """

    method: Literal["fixed", "latin-square"] = "fixed"
    groups: tuple[tuple[Slug, ...], ...] = ()


class Breaks(_Part):
    """A rest after every so many trials (training not counted), until the participant continues."""

    every: PositiveInt
    text: Text


class QualityLimits(_Part):
    """What validation may find; EyeLink's host program, for comparison, calls up to 1.0 and 1.5 deg good.

    Attributes:
        green_mean_deg: largest mean offset over the targets to be green.
        green_max_deg: largest offset on any target to be green.
        amber_mean_deg: largest mean offset to be amber.
        amber_max_deg: largest offset on any target to be amber.
        loss: largest share of the expected samples that may be lost on average; more is red.
        point_loss: the same on any one target.
        drift_ok_deg: a drift check up to this needs nothing.
        drift_correctable_deg: up to this the gaze may be shifted; beyond, it must be calibrated anew.
    """

    green_mean_deg: Positive = 0.5
    green_max_deg: Positive = 1.0
    amber_mean_deg: Positive = 1.0
    amber_max_deg: Positive = 1.5
    loss: Share = 0.2
    point_loss: Share = 0.5
    drift_ok_deg: Positive = 0.5
    drift_correctable_deg: Positive = 1.5

    @model_validator(mode="after")
    def _rising(self) -> QualityLimits:
        for low, high in _RISING:
            if getattr(self, low) > getattr(self, high):
                raise ValueError(
                    f"{low} ({getattr(self, low)}) must not exceed {high} ({getattr(self, high)})"
                )
        return self


class CalibrationPlan(_Part):
    """How gaze is calibrated and watched; the validation targets are other points than the calibration's.

    Attributes:
        targets: calibration targets, shown in random order.
        validation: validation targets.
        limits: what counts as good enough.
        drift_check: when a target in the middle tells how far gaze has drifted: never, before each block but
            the first and after each break, or before each trial but the first.
        drift_correction: shift gaze by a drift that a second look confirms; else drift is only recorded.
    """

    targets: Literal[5, 9, 13] = 9
    validation: Literal[4, 5] = 4
    limits: QualityLimits = QualityLimits()
    drift_check: Literal["never", "blocks", "trials"] = "blocks"
    drift_correction: bool = True


class Geometry(_Part):
    """The participant's display: visible area in px and mm, eye to screen centre in mm."""

    size_px: tuple[PositiveInt, PositiveInt] = PAGE_SIZE_PX
    size_mm: tuple[Positive, Positive] = (531.0, 299.0)
    distance_mm: Positive = 650.0

    def screen(self) -> Screen:
        """Return the display."""
        return Screen(self.size_px, self.size_mm, self.distance_mm)


class Question(_Part):
    """One further question.

    Attributes:
        key: names the answer in the recording.
        text: what is asked.
        kind: ``text``, ``number``, ``choice`` among ``choices``, or ``yes-no``.
        choices: what can be chosen.
        least: smallest number accepted.
        most: largest number accepted.
        needed: the session does not begin without an answer.
    """

    key: Slug
    text: Text
    kind: Literal["text", "number", "choice", "yes-no"] = "text"
    choices: tuple[Text, ...] = ()
    least: float | None = None
    most: float | None = None
    needed: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Question:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("a question of kind choice needs choices, and no other kind has any")
        if self.kind != "number" and (self.least, self.most) != (None, None):
            raise ValueError("least and most are for numbers")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"least ({self.least:g}) must not exceed most ({self.most:g})")
        return self


class Questionnaire(_Part):
    """What a participant is asked beforehand.

    Attributes:
        genres: films' main genres must be among them.
        asks: what is asked about the genres: stars from 1 to 5 for each, and the favourite.
        questions: everything else.
    """

    genres: Annotated[tuple[Text, ...], Field(min_length=1)] = GENRES
    asks: tuple[Literal["ratings", "top-genre"], ...] = ("ratings", "top-genre")
    questions: tuple[Question, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> Questionnaire:
        keys = [question.key for question in self.questions]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"several questions have the key {', '.join(twice)}")
        return self


class Texts(_Part):
    """Everything else a participant reads; an empty welcome or goodbye is not shown."""

    welcome: str = ""
    goodbye: str = ""
    goodbye_title: str = "Thank you"
    task_title: str = "Your task"
    break_title: str = "Break"
    paused: str = "Paused"
    continue_hint: str = "Press space to continue."


def _shows(screen: CarouselScreen, film_key: str) -> bool:
    return any(film.key == film_key for row in screen.rows for film in row.films)


def _few(names: Iterable[str]) -> str:
    every = [repr(name) for name in names]
    more = f" and {len(every) - 5} more" if len(every) > 5 else ""
    return ", ".join(every[:5]) + more
