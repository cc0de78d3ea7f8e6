"""What an experiment is asked, as a TOML file; see docs/experiments.md. Free of model code."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from protocols.errors import TuningError
from protocols.mistakes import listed, listed_details
from protocols.words import or_near
from tuning.config import FitConfig, Signal
from tuning.drawn_viewers import Count
from tuning.experiments.synthetic import ScreenPlan
from tuning.names import unknown_backbone, unknown_operator

SHIPPED = Path(__file__).with_name("studies")
MAX_BYTES = 1_000_000

Method = Literal["personal", "joint", "shared"]
SplitName = Literal["task-holdout", "new-screens", "new-participants", "new-both"]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]+$")]
Share = Annotated[float, Field(gt=0, lt=1)]


def _operators(names: tuple[str, ...]) -> tuple[str, ...]:
    return _known(names, unknown_operator)


def _backbones(names: tuple[str, ...]) -> tuple[str, ...]:
    return _known(names, unknown_backbone)


def _known(names: tuple[str, ...], unknown: Callable[[str], str]) -> tuple[str, ...]:
    problems = [problem for name in names if (problem := unknown(name))]
    if problems:
        raise ValueError("; ".join(problems))
    return names


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    """Refuse settings that are unknown or out of range; which go together is seen when all are there."""
    try:
        FitConfig.model_validate(given)
    except ValidationError as error:
        own = [d for d in error.errors(include_url=False, include_context=False) if d["loc"]]
        if own:
            problems = (listed_details([d], FitConfig.model_fields).rstrip(".") for d in own)
            raise ValueError("; ".join(problems)) from error
    return given


Settings = Annotated[dict[str, Any], AfterValidator(_settings)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SyntheticCohort(_Part):
    """Invented participants; see `tuning.experiments.synthetic`.

    Attributes:
        participants: how many, those without a stable pattern included.
        patternless: how many of them have no stable pattern; by default a fifth, and at most five. They count
            in all means, tests and targets, and are told apart where success is claimed.
        screens: what they are shown, and how they look.
    """

    kind: Literal["synthetic"] = "synthetic"
    participants: Annotated[int, Field(ge=1, le=1000)] = 25
    patternless: Annotated[int, Field(ge=0)] = 5
    screens: ScreenPlan = ScreenPlan()

    @model_validator(mode="before")
    @classmethod
    def _a_fifth(cls, given: Any) -> Any:
        """Small cohorts have fewer patternless participants, unless the file says how many."""
        if not isinstance(given, dict) or not isinstance(count := given.get("participants"), int):
            return given
        return {"patternless": min(5, count // 5), **given}

    @model_validator(mode="after")
    def _some_are_stable(self) -> Self:
        if self.patternless > self.participants:
            raise ValueError(
                f"patternless = {self.patternless} of participants = {self.participants} is not possible:"
                " patternless ones are among the participants"
            )
        return self


class RecordedCohort(_Part):
    """Recorded or imported sessions.

    Attributes:
        sessions: sealed session files or folders of them, relative to the study file.
        test_share: share of screens held out for judging.
        val_share: share of screens that choose the step.
        seed: of that draw.
    """

    kind: Literal["recorded"] = "recorded"
    sessions: Annotated[tuple[str, ...], Field(min_length=1)]
    test_share: Share = 0.25
    val_share: Share = 0.1
    seed: Annotated[int, Field(ge=0)] = 42


class Signals(_Part):
    """What is fitted, and what epochs are chosen and twins are judged by."""

    train: Signal = "fixation"
    eval: Signal = "fixation"


class Ablation(_Part):
    """One change against the main condition.

    Attributes:
        name: as it stands in tables.
        method: how prompts are fitted.
        fit: settings of `tuning.config.FitConfig` that differ.
        rescaled: divide the weight of the attention loss by what the importance weights add up to on the
            human distribution, so that they move emphasis and not the size of the loss.
        everywhere: run it with every operator, backbone, signal and split, not only with the first of each.
        against: the ablation it is compared with, when it differs from that by one thing and from the main
            condition by several; empty for the main condition.
    """

    name: Name
    method: Method = "personal"
    fit: Settings = {}
    rescaled: bool = False
    everywhere: bool = False
    against: str = ""


class StudyFile(_Part):
    """An experiment.

    Attributes:
        name: short, for file names and titles.
        about: a sentence for the report.
        cohort: who.
        backbones: models by name.
        operators: probing operators by name.
        signals: pairs of training and evaluation signal.
        splits: what is new at the test; see docs/experiments.md.
        folds: groups of participants for the splits with new participants.
        seeds: of starts and batches; scores are averaged over them before any test.
        method: how the main condition's prompts are fitted.
        fit: settings that differ from the defaults, in every condition.
        newcomer_screens: also fit newcomers from so many screens.
        newcomer_fit: settings that differ for them.
        ablations: changes against the main condition.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
    about: str = ""
    cohort: Annotated[SyntheticCohort | RecordedCohort, Field(discriminator="kind")]
    backbones: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_backbones)] = (
        "carousel-tiny",
    )
    operators: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_operators)] = ("rollout",)
    signals: Annotated[tuple[Signals, ...], Field(min_length=1)] = (Signals(),)
    splits: Annotated[tuple[SplitName, ...], Field(min_length=1)] = ("task-holdout",)
    folds: Annotated[int, Field(ge=2)] = 5
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)
    method: Method = "personal"
    fit: Settings = {}
    newcomer_screens: tuple[Count, ...] = ()
    newcomer_fit: Settings = {}
    ablations: tuple[Ablation, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for name in ("backbones", "operators", "signals", "splits", "seeds", "newcomer_screens"):
            _refuse_repeats(name, [str(value) for value in getattr(self, name)])
        names = [a.name for a in self.ablations]
        _refuse_repeats("ablations", names)
        strangers = sorted({a.against for a in self.ablations} - {"", *names})
        if strangers:
            raise ValueError(f"ablations are compared with {', '.join(strangers)}, which is not among them")
        for differing in ({}, self.newcomer_fit, *(a.fit for a in self.ablations)):
            self.config(self.operators[0], self.signals[0], self.seeds[0], differing)
        return self

    def config(self, operator: str, signals: Signals, seed: int, differing: dict[str, Any]) -> FitConfig:
        """Return the settings of one fit; `differing` wins over the study's, which win over the defaults."""
        reserved = {"operator", "seed", "train_signal", "eval_signal"} & {*self.fit, *differing}
        if reserved:
            raise ValueError(f"{sorted(reserved)} have lists of their own at the top of the study file")
        own = {"operator": operator, "seed": seed, "train_signal": signals.train, "eval_signal": signals.eval}
        try:
            return FitConfig.model_validate({**self.fit, **differing, **own})
        except ValidationError as error:
            raise ValueError(listed(error).strip().removesuffix(".")) from error


def read_study(path: Path) -> StudyFile:
    """Read a study file; a bare name like ``reference`` is a shipped one.

    Raises:
        TuningError: it cannot be read or says something that cannot be done.
    """
    place = found(path)
    try:
        with place.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
        return StudyFile.model_validate(tomllib.loads(data.decode("utf-8")))
    except ValidationError as error:
        problem = listed(error, _names())
    except FileNotFoundError as error:
        raise _no_study(path) from error
    except (OSError, ValueError) as error:  # broken UTF-8 and TOML are ValueErrors
        problem = f"{error}."
    raise TuningError(
        f"The study file {place} cannot be used: {problem}",
        "An experiment with half-understood settings could not be repeated.",
        "Correct the file; docs/experiments.md lists every setting. Shipped: " + ", ".join(shipped()) + ".",
    )


def _no_study(path: Path) -> TuningError:
    bare = path.name == str(path) and not path.suffix
    near = f"; {or_near(str(path), shipped())}" if bare else "."
    return TuningError(
        f"There is no study {path}, neither as a file nor among the shipped ones{near}",
        "Nothing is known about what to compute.",
        f"Name a study file (TOML), or a shipped study: {', '.join(shipped())}.",
    )


def _names() -> set[str]:
    """Return every name that may stand in a study file outside settings of fits."""
    parts = (StudyFile, SyntheticCohort, RecordedCohort, ScreenPlan, Signals, Ablation)
    return {name for part in parts for name in part.model_fields}


def found(path: Path) -> Path:
    """Return the file that a path or the bare name of a shipped study means."""
    named = SHIPPED / f"{path}.toml"
    return named if not path.exists() and path.name == str(path) and named.is_file() else path


def shipped() -> list[str]:
    """Return the names of shipped studies."""
    return sorted(p.stem for p in SHIPPED.glob("*.toml"))


def digest(study: StudyFile) -> str:
    """Return the SHA-256 of a study's settings, hexadecimal."""
    return hashlib.sha256(study.model_dump_json().encode()).hexdigest()


def _refuse_repeats(name: str, values: list[str]) -> None:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"{name} names {', '.join(repeated)} more than once")
