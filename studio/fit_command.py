"""``gazetwin fit``, ``compare`` and ``simulate`` behind their options: work for the engine program."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from protocols.carousel import scrolled
from protocols.errors import BackboneMissing, ProgramError, StimulusMissing, TuningError
from protocols.mistakes import listed
from protocols.stimulus import CarouselScreen, Viewport
from protocols.study import load_study
from protocols.wire import Message, Progress
from sessions.reader import Recording
from studio.comparing import compared as engine_compared
from studio.comparing import no_persona
from studio.engine import loaded, work
from studio.progress import told
from studio.report import Results, write_report
from tuning.address import split_address
from tuning.config import FitConfig
from tuning.described import described_at
from tuning.events import Compared, Comparison, Fit, Load, PageSpec, Simulate, Simulated, Step
from tuning.names import BACKBONES, names, require_backbone, require_operator

_PAGE = re.compile(r"(?P<study>.+):(?P<screen>[^:@]+)(@(?P<scroll>\d+(\.\d+)?))?")

SUFFIX = ".safetensors"
REPORTS = (".html", ".htm", ".pdf")

M = TypeVar("M", bound=Message)


def fitted(
    sessions: Sequence[Path], out: Path, model: Load, config: FitConfig, *, force: bool = False
) -> Compared:
    """Fit a persona and write it; the same call after an interruption goes on where it stopped.

    Args:
        sessions: of one participant.
        out: file of the persona, .safetensors.
        model: what to load.
        config: settings.
        force: replace a persona that is there.

    Raises:
        GazeTwinError: a session cannot be used, the persona cannot be written there, or the fit failed.
    """
    for session in sessions:
        Recording.open(session).close()  # refused here at once, not by the engine after loading its model
    require_backbone(model.backbone)
    paths = tuple(str(session.resolve()) for session in sessions)
    _refuse_place(out, force)
    return _worked(model, Fit(sessions=paths, out=str(out.resolve()), config=config), Compared)[-1]


def _refuse_place(out: Path, force: bool) -> None:
    """Refuse a name that is none of a persona, and one that is taken, unless its fit is going on."""
    refuse_name(out)
    if out.exists() and not force and not out.with_name(f"{out.name}.unfinished").exists():
        raise TuningError(
            f"{out} exists already.",
            "The persona in it would be lost.",
            "Choose another name, or add --force to replace it.",
        )


def refuse_name(out: Path) -> None:
    """Refuse a name that is none of a file of personas.

    Raises:
        TuningError: it is a folder, or ends otherwise.
    """
    if out.suffix != SUFFIX or out.is_dir():
        raise TuningError(
            f"{out} is a folder." if out.is_dir() else f"{out} is no name of a persona.",
            "A persona is one safetensors file; other programs go by its ending.",
            f"Name a file: {(out / 'P01' if out.is_dir() else out).with_suffix(SUFFIX)}.",
        )


def compared(persona: Path, session: Path, report: Path | None, model: Load) -> Comparison:
    """Compare a persona with every baseline on one session; write a report when a path for it is given.

    Raises:
        GazeTwinError: the persona or the session cannot be used.
    """
    if report is not None and report.suffix.lower() not in REPORTS:
        raise TuningError(
            f"A report cannot be written as {report.name}.",
            "Reports are HTML or PDF, and the name says which.",
            f"Name it {report.with_suffix('.html').name} or {report.with_suffix('.pdf').name}.",
        )
    with told() as tell:
        comparison = engine_compared(persona, session, tell, model)
    if report is not None:
        with Recording.open(session) as recording:
            write_report(report, Results.of_comparison(comparison), recording)
    return comparison


def simulated(persona: Path, pages: Sequence[str], model: Load) -> list[Simulated]:
    """Let a persona look at pages, written as ``STUDY:SCREEN[@SCROLL]``.

    Raises:
        GazeTwinError: there is no such page, or the persona cannot be used.
    """
    specs = tuple(page_spec(page) for page in pages)
    return _worked(model, Simulate(persona=str(persona.resolve()), pages=specs), Simulated)


def own_backbone(persona: Path) -> str:
    """Return the name of the model that a persona belongs to.

    Raises:
        GazeTwinError: the persona cannot be used, or its model's name says not where it is.
    """
    file = split_address(str(persona))[0]
    if not file.exists():
        raise no_persona(persona)
    name = described_at(str(persona))[0].provenance.backbone
    if name not in names(BACKBONES) and not Path(name).is_dir():
        raise BackboneMissing(
            f"{persona} belongs to the model {name}, which is no folder here.",
            "A soft prompt means nothing to another model.",
            "Name its folder or hub id with --backbone.",
        )
    return name


def page_spec(text: str) -> PageSpec:
    """Return the page that ``STUDY:SCREEN[@SCROLL]`` names; SCREEN is an id, or the number it ends in.

    Raises:
        StimulusMissing: there is no such page.
        StudyInvalid: there is no such study.
    """
    parts = _PAGE.fullmatch(text)
    if parts is None:
        raise StimulusMissing(
            f"{text!r} names no page.",
            "The twin would not know what to look at.",
            "Write STUDY:SCREEN or STUDY:SCREEN@SCROLL, for example demo:3 or demo:3@340.",
        )
    study = load_study(parts["study"])
    screen = _screen(study.screens, parts["screen"], study.name)
    wanted_px = float(parts["scroll"] or 0)
    viewport = scrolled(screen, Viewport.top_of(screen), wanted_px)
    if viewport.scroll_px != wanted_px:
        raise StimulusMissing(
            f"Screen {screen.id} of {study.name} cannot be scrolled to {wanted_px:g} px; it ends at"
            f" {viewport.scroll_px:g} px.",
            "The twin would look at another page than the one that is named.",
            f"Name a scroll from 0 to {viewport.scroll_px:g} px.",
        )
    return PageSpec(screen=screen, viewport=viewport, images=str(study.images or ""))


def _screen(screens: Sequence[CarouselScreen], wanted: str, study: str) -> CarouselScreen:
    for screen in screens:
        if wanted == screen.id:
            return screen
    numbered = [screen for screen in screens if wanted.isdecimal() and _number(screen.id) == int(wanted)]
    if len(numbered) == 1:
        return numbered[0]
    known = f"{screens[0].id} to {screens[-1].id}" if screens else "none"
    raise StimulusMissing(
        f"Study {study} has no screen {wanted!r}; it has {len(screens)}: {known}.",
        "The twin would not know what to look at.",
        "Name a screen by its id, or by the number at the end of its id.",
    )


def _number(screen_id: str) -> int | None:
    digits = re.search(r"\d+$", screen_id)
    return int(digits.group()) if digits else None


def _worked(model: Load, request: Message, wanted: type[M]) -> list[M]:
    """Have the engine do something; return what it said of one kind, at least one."""
    found: list[M] = []
    with told() as tell:
        tell(Progress(done=0, message="Loading the model"))
        with loaded(model) as program:
            tell(Progress(done=0, message="Working"))
            for event in work(program, request):
                if isinstance(event, wanted):
                    found.append(event)
                elif isinstance(event, Progress):
                    tell(event)
                elif isinstance(event, Step):
                    tell(Progress(done=event.step, total=event.total, unit="steps", message="Fitting"))
    if not found:
        raise ProgramError(
            "The engine ended without a result.",
            "There is nothing to show.",
            "Use the studio and the engine of the same installation.",
        )
    return found


def fit_settings(file: Path | None, **given: object) -> FitConfig:
    """Return the settings of a fit: those of a TOML file, then what was given on the command line.

    Raises:
        TuningError: a setting is unknown or out of range.
    """
    base = FitConfig() if file is None else FitConfig.from_toml(file)
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        config = FitConfig.model_validate({**base.model_dump(), **chosen})
    except ValidationError as error:
        raise TuningError(
            f"A fit cannot be set up like this: {listed(error, FitConfig.model_fields)}",
            "A fit with half-understood settings could not be repeated.",
            "Use --placement after-image or front, and --signal fixation or cursor.",
        ) from error
    require_operator(config.operator)
    return config
