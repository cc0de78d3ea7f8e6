"""Study files: validated TOML, counterbalanced trials, a self-contained snapshot for every recording."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from protocols.blocks import (
    Block,
    Breaks,
    CalibrationPlan,
    Counterbalancing,
    Geometry,
    Mistake,
    Positive,
    Questionnaire,
    Slug,
    Task,
    Texts,
)
from protocols.carousel import PAGE_SIZE_PX
from protocols.consent import ConsentForm
from protocols.counterbalance import balanced_order, shuffled
from protocols.errors import StudyInvalid
from protocols.geometry import Screen
from protocols.mistakes import listed
from protocols.plausible import implausible
from protocols.screens import ScreenTable, Text, read_screens
from protocols.stimulus import CarouselScreen

STUDIES = Path(__file__).with_name("studies")

_WHY_VALID = "A session run on a study that is only half understood could not be analysed."


@dataclass(frozen=True, slots=True)
class Trial:
    """One screen shown to one participant with one task.

    Attributes:
        index: number from 0 in order of presentation.
        task: what is asked.
        screen: what is shown.
        target: what to look for, None when nothing particular.
        instruction: what the participant reads before, with the target filled in; may be empty.
        block: name of the block it belongs to; empty in recordings made before this was kept.
    """

    index: int
    task: Task
    screen: CarouselScreen
    target: str | None
    instruction: str
    block: str = ""


class StudyProtocol(BaseModel):
    """A study: what is shown, to whom, in which order, with which words.

    Attributes:
        format: version of these rules.
        name: by which the study is called.
        title: for participants.
        version: of the study, chosen by its author.
        kind: ``carousel`` shows pages; ``free-gaze`` shows nothing and records until stopped.
        questionnaire: what participants are asked about.
        screens: all screens; see ``protocols.screens.read_screens`` for the ways to write them.
        posters: folder of poster images beside the study file, empty to draw all posters.
        blocks: tasks in the order of the file.
        counterbalancing: order of the blocks over participants.
        breaks: rests, none by default.
        timeout_s: a trial ends by itself after this time, never by default.
        inter_trial_s: blank display between trials, in s.
        calibration: number of targets.
        geometry: the participant's display.
        consent: what participants agree to.
        texts: everything else they read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["gazetwin-study/1"] = "gazetwin-study/1"
    name: Slug
    title: Text
    version: Text
    kind: Literal["carousel", "free-gaze"] = "carousel"
    questionnaire: Questionnaire = Questionnaire()
    screens: tuple[CarouselScreen, ...] = ()
    posters: str = ""
    blocks: tuple[Block, ...] = Field(default=(), validate_default=True)
    counterbalancing: Counterbalancing = Counterbalancing()
    breaks: Breaks | None = None
    timeout_s: Positive | None = None
    inter_trial_s: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    calibration: CalibrationPlan = CalibrationPlan()
    geometry: Geometry = Geometry()
    consent: ConsentForm = ConsentForm()
    texts: Texts = Texts()

    _folder: Path | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Remember where the file is, for its poster images; a snapshot has no such place."""
        self._folder = _folder_of(context)

    @classmethod
    def from_snapshot(cls, text: str) -> StudyProtocol:
        """Rebuild a study from its snapshot.

        Raises:
            StudyInvalid: the text is not a study of this version.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise StudyInvalid(
                f"The study inside the recording cannot be read: {listed(error)}",
                "Without it the recording's pages and tasks are unknown.",
                "Open the recording with the version of GazeTwin that made it.",
            ) from error

    def snapshot(self) -> str:
        """Return the whole study, screens included, as canonical JSON."""
        return json.dumps(
            self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the snapshot, hexadecimal."""
        return hashlib.sha256(self.snapshot().encode()).hexdigest()

    @property
    def screen(self) -> Screen:
        """The participant's display."""
        return self.geometry.screen()

    @property
    def images(self) -> Path | None:
        """The folder of poster images, None when posters are drawn or the study comes from a recording."""
        return self._folder / self.posters if self._folder and self.posters else None

    def trials(self, participant_index: int, seed: int) -> tuple[Trial, ...]:
        """Return the trials of one participant in order.

        Args:
            participant_index: 0 for the first participant; decides the order of blocks.
            seed: with the index, decides the order inside shuffled blocks.

        Raises:
            StudyInvalid: the index is negative.
        """
        if participant_index < 0:
            raise StudyInvalid(
                f"Participant index {participant_index} is negative.",
                "The order of blocks is balanced by counting participants from 0.",
                "Number participants 0, 1, 2 ...",
            )
        by_id = {screen.id: screen for screen in self.screens}
        shown = [
            (block, screen_id)
            for block in self._ordered_blocks(participant_index)
            for screen_id in self._ordered_screens(block, participant_index, seed)
        ]
        return tuple(_trial(index, block, by_id[screen_id]) for index, (block, screen_id) in enumerate(shown))

    def _ordered_blocks(self, participant_index: int) -> list[Block]:
        training = [block for block in self.blocks if block.kind is Task.TRAINING]
        by_name = {block.name: block for block in self.blocks}
        names = tuple((b.name,) for b in self.blocks if b.kind is not Task.TRAINING)
        groups = self.counterbalancing.groups or names
        order = range(len(groups))
        if self.counterbalancing.method == "latin-square" and groups:
            return training + [
                by_name[name] for i in balanced_order(len(groups), participant_index) for name in groups[i]
            ]
        return training + [by_name[name] for i in order for name in groups[i]]

    def _ordered_screens(self, block: Block, participant_index: int, seed: int) -> tuple[str, ...]:
        ids = block.screen_ids(self.screens)
        return shuffled(ids, seed, participant_index, block.name) if block.shuffle else ids

    @field_validator("screens", mode="plain")
    @classmethod
    def _read_screens(cls, written: object, info: ValidationInfo) -> tuple[CarouselScreen, ...]:
        screens = read_screens(written, _folder_of(info.context))
        asked = info.data.get("questionnaire")
        if isinstance(asked, Questionnaire):
            _refuse("screens", _unknown_genres(screens, asked.genres))
        return screens

    @field_validator("posters")
    @classmethod
    def _posters_exist(cls, posters: str, info: ValidationInfo) -> str:
        folder = _folder_of(info.context)
        if posters and folder is not None:
            _refuse("posters", _missing_posters(folder / posters, info.data.get("screens", ())))
        return posters

    @field_validator("blocks")
    @classmethod
    def _blocks_fit(cls, blocks: tuple[Block, ...], info: ValidationInfo) -> tuple[Block, ...]:
        _refuse("blocks", _block_mistakes(blocks, info.data.get("kind"), info.data.get("screens")))
        return blocks

    @field_validator("counterbalancing")
    @classmethod
    def _groups_fit(cls, value: Counterbalancing, info: ValidationInfo) -> Counterbalancing:
        if value.groups and "blocks" in info.data:
            want = sorted(b.name for b in info.data["blocks"] if b.kind is not Task.TRAINING)
            have = sorted(name for group in value.groups for name in group)
            if want != have:
                raise ValueError(f"the groups must name every block once except training: {want}, not {have}")
        return value

    @field_validator("geometry")
    @classmethod
    def _page_fits(cls, value: Geometry, info: ValidationInfo) -> Geometry:
        if info.data.get("kind") == "carousel" and value.size_px != PAGE_SIZE_PX:
            raise ValueError(f"carousel pages need a display of {PAGE_SIZE_PX}, not {value.size_px}")
        doubts = implausible(value.screen())
        if doubts and info.context:  # from a file somebody writes; what was recorded must stay readable
            raise ValueError(doubts)
        return value

    @field_serializer("screens")
    def _compact(self, screens: tuple[CarouselScreen, ...]) -> dict[str, Any]:
        return ScreenTable.of(screens).model_dump(mode="json", by_alias=True)


def shipped_studies() -> tuple[str, ...]:
    """Return the names of the studies that come with GazeTwin."""
    return tuple(sorted(path.stem for path in STUDIES.glob("*.toml")))


def load_study(name_or_path: str | Path) -> StudyProtocol:
    """Load a shipped study by name, or any study by the path of its TOML file.

    Raises:
        StudyInvalid: no such study, or mistakes in it, all listed with their paths.
    """
    path = _locate(name_or_path)
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        return StudyProtocol.model_validate(written, context={"folder": path.parent})
    except (OSError, UnicodeDecodeError) as error:
        problem = str(error)
    except tomllib.TOMLDecodeError as error:
        problem = f"it is not valid TOML: {error}."
    except ValidationError as error:
        problem = listed(error)
    raise StudyInvalid(
        f"The study file {path} cannot be used: {problem}",
        _WHY_VALID,
        f"Correct these places; {STUDIES / 'recgaze.toml'} shows most settings in use.",
    )


def _locate(name_or_path: str | Path) -> Path:
    if str(name_or_path) in shipped_studies():
        return STUDIES / f"{name_or_path}.toml"
    path = Path(name_or_path)
    if path.suffix == ".toml" and path.is_file():
        return path
    raise StudyInvalid(
        f"There is no study {str(name_or_path)!r}.",
        "A session needs to know what to show.",
        f"Use one of {', '.join(shipped_studies())}, or the path of a study file ending in .toml.",
    )


def _trial(index: int, block: Block, screen: CarouselScreen) -> Trial:
    target = block.targets.get(screen.id)
    return Trial(index, block.kind, screen, target, block.instruction_for(target), block.name)


def _folder_of(context: Any) -> Path | None:
    return context["folder"] if context else None


def _refuse(where: str, mistakes: Iterator[Mistake]) -> None:
    details = [
        InitErrorDetails(
            type=PydanticCustomError("study", "{problem}", {"problem": problem}), loc=path, input=None
        )
        for path, problem in mistakes
    ]
    if details:
        raise ValidationError.from_exception_data(where, details)


def _unknown_genres(screens: tuple[CarouselScreen, ...], genres: tuple[str, ...]) -> Iterator[Mistake]:
    for screen in screens:
        for number, row in enumerate(screen.rows):
            for film in row.films:
                if film.genres[0] not in genres:
                    where = f"{film.key} in row {number} of screen {screen.id}"
                    yield (), f"the main genre {film.genres[0]!r} of {where} is not in the questionnaire"


def _missing_posters(folder: Path, screens: tuple[CarouselScreen, ...]) -> Iterator[Mistake]:
    if not folder.is_dir():
        yield (), f"there is no folder {folder}"
        return
    names = dict.fromkeys(f.poster for s in screens for row in s.rows for f in row.films if f.poster)
    for name in names:
        if not (folder / name).is_file():
            yield (), f"there is no image {name} in {folder}"


def _block_mistakes(
    blocks: tuple[Block, ...], kind: str | None, screens: tuple[CarouselScreen, ...] | None
) -> Iterator[Mistake]:
    if kind == "free-gaze" and blocks:
        yield (), "a free-gaze study shows nothing and has no blocks"
    if kind == "carousel" and not blocks:
        yield (), "a carousel study needs at least one block"
    names = [block.name for block in blocks]
    for i, block in enumerate(blocks):
        if block.name in names[:i]:
            yield (i, "name"), f"there is already a block {block.name!r}"
        if screens is not None:
            for path, problem in block.mistakes(screens):
                yield (i, *path), problem
