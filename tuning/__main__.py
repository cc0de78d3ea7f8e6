"""The programs of tuning: ``python -P -m tuning {engine,fit,fit-many,fit-together,compare,...}``.

All print events of `tuning.events` as JSON lines; the last line is done, failed or cancelled, and the exit
code 0, 2 or 1.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from protocols.errors import GazeTwinError, SetupError, StimulusMissing
from protocols.wire import Cancelled, Done, Failed, Message, decode, encode
from tuning import events
from tuning.config import FitConfig
from tuning.engine import Engine, open_bench, reserved_stdout, without_model_libraries
from tuning.events import Event, PageSpec
from tuning.experiments.studyfile import read_study

if TYPE_CHECKING:
    from tuning.jobs import Workbench

Job = Generator[Event, None, None]
WEIGHTS = Path(__file__).with_name("weights")


def main(arguments: list[str] | None = None) -> int:
    """Run one program and return its exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    asked = _parser().parse_args(arguments)
    sink = reserved_stdout()
    if asked.program == "engine":
        Engine(sys.stdin, sink).run()
        return 0
    signal.signal(signal.SIGTERM, _interrupt)
    job: Callable[[argparse.Namespace], Job] = asked.job
    return _printed(lambda: job(asked), sink)


def _printed(start: Callable[[], Job], sink: IO[str]) -> int:
    end: Message = Done()
    try:
        for event in start():
            print(encode(event), file=sink, flush=True)
    except GazeTwinError as error:
        end = Failed.of(error)
    except KeyboardInterrupt:
        end = Cancelled()
    print(encode(end), file=sink, flush=True)
    return {"done": 0, "failed": 2}.get(getattr(end, "kind", ""), 1)


def _fit(asked: argparse.Namespace) -> Job:
    request = events.Fit(
        sessions=tuple(asked.sessions), out=asked.out, config=_config(asked), comparison=asked.comparison
    )
    return _bench(asked).fit(request)


def _compare(asked: argparse.Namespace) -> Job:
    request = events.Compare(persona=asked.persona, sessions=tuple(asked.sessions), out=asked.out)
    return _bench(asked).compare(request)


def _simulate(asked: argparse.Namespace) -> Job:
    pages = tuple(_page(Path(path)) for path in asked.pages)
    return _bench(asked).simulate(events.Simulate(persona=asked.persona, pages=pages))


def _serve(asked: argparse.Namespace) -> Job:
    try:
        from tuning.serving.program import serve
    except ModuleNotFoundError as error:
        raise SetupError(
            f"The libraries of the server are not installed: {error}.",
            "Twins cannot answer over HTTP without them.",
            "Install them: pip install 'gazetwin[tune,serve]', or make setup in a checkout.",
        ) from error
    return serve(asked.personas, lambda: _bench(asked).backbone, asked.host, asked.port)


def _page(path: Path) -> PageSpec:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StimulusMissing(
            f"The page {path} cannot be read: {error}.",
            "There is nothing to look at.",
            "Name files that hold one `page` message each.",
        ) from error
    page: PageSpec = decode(text, PageSpec)
    return page


def _cohort(asked: argparse.Namespace) -> Job:
    config = FitConfig.cohort(asked.placement) if not asked.config else _config(asked)
    out = Path(asked.out or WEIGHTS / f"cohort-tiny-{config.placement}.safetensors")
    return _bench(asked).fit_cohort(config, out)


def _bench(asked: argparse.Namespace) -> Workbench:
    return open_bench(events.Load(backbone=asked.backbone, device=asked.device, precision=asked.precision))


def _study(asked: argparse.Namespace) -> Job:
    read_study(Path(asked.file))  # refused at once, not after the model libraries are loaded
    try:
        from tuning.experiments.study import run_study
        from tuning.running.place import runner
    except ModuleNotFoundError as error:
        raise without_model_libraries(error) from error
    out = Path(asked.out)
    return run_study(Path(asked.file), out, runner(asked.cluster, asked.workers, asked.gpus, out))


def _many(asked: argparse.Namespace) -> Job:
    try:
        from tuning.many import fit_many
        from tuning.running.place import runner
    except ModuleNotFoundError as error:
        raise without_model_libraries(error) from error
    out, named = Path(asked.out), [Path(path) for path in asked.sessions]
    model = events.Load(backbone=asked.backbone, device=asked.device, precision=asked.precision)
    by = runner(asked.cluster, asked.workers, asked.gpus, out.parent if out.suffix == ".safetensors" else out)
    return fit_many(named, out, _config(asked), model, by, force=asked.force)


def _together(asked: argparse.Namespace) -> Job:
    try:
        from tuning.together import fit_together
    except ModuleNotFoundError as error:
        raise without_model_libraries(error) from error
    model = events.Load(backbone=asked.backbone, device=asked.device, precision=asked.precision)
    basis = Path(asked.basis) if asked.basis else None
    named, out = [Path(p) for p in asked.sessions], Path(asked.out)
    return fit_together(named, out, _config(asked), model, basis, force=asked.force)


def _config(asked: argparse.Namespace) -> FitConfig:
    return FitConfig.from_toml(Path(asked.config)) if asked.config else FitConfig()


def _interrupt(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of signal handlers
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -P -m tuning", description=__doc__)
    programs = parser.add_subparsers(dest="program", required=True)
    programs.add_parser("engine", help="serve requests from standard input")
    fit = _program(programs, "fit", _fit, "fit one participant's persona from sessions")
    fit.add_argument("sessions", nargs="+")
    fit.add_argument("--out", required=True, help="persona to write")
    fit.add_argument("--comparison", default="", help="held-out comparison to write, JSON")
    fit.add_argument("--config", default="", help="settings, TOML")
    many = _program(programs, "fit-many", _many, "fit the personas of many participants")
    many.add_argument("sessions", nargs="+", help="session files, or folders of them")
    many.add_argument("--out", required=True, help="folder of the personas; for one participant its file")
    many.add_argument("--force", action="store_true", help="replace personas of other settings or sessions")
    many.add_argument("--config", default="", help="settings, TOML")
    _workers(many)
    together = _program(
        programs, "fit-together", _together, "fit the personas of many at once, into one file"
    )
    together.add_argument("sessions", nargs="+", help="session files, or folders of them")
    together.add_argument("--out", required=True, help="file of the personas")
    together.add_argument("--force", action="store_true", help="replace personas that would be lost")
    together.add_argument("--config", default="", help="settings, TOML, of method search")
    together.add_argument("--basis", default="", help="cohort; by default the one that ships with the model")
    compare = _program(programs, "compare", _compare, "judge a persona on screens it was not fitted on")
    compare.add_argument("persona")
    compare.add_argument("sessions", nargs="+")
    compare.add_argument("--out", required=True, help="comparison to write, JSON")
    simulate = _program(programs, "simulate", _simulate, "let a persona look at pages")
    simulate.add_argument("persona")
    simulate.add_argument("pages", nargs="+", help="files with one `page` message each")
    serve = _program(programs, "serve", _serve, "let personas look at pages over HTTP")
    serve.add_argument("personas", nargs="+", help="files of one or several personas, or FILE:PSEUDONYM")
    serve.add_argument("--host", default="127.0.0.1", help="address of this computer")
    serve.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    cohort = _program(programs, "cohort", _cohort, "fit the simulated cohort that ships with a backbone")
    cohort.add_argument("--placement", choices=("after-image", "front"), default="after-image")
    cohort.add_argument("--out", default="", help="cohort to write, by default beside the backbone's weights")
    cohort.add_argument("--config", default="", help="settings, TOML")
    study = programs.add_parser("study", help="run an experiment, or go on with it, and write its report")
    study.add_argument("file", help="study file, TOML, or the name of a shipped study")
    study.add_argument("--out", required=True, help="folder of the report")
    _workers(study)
    study.set_defaults(job=_study)
    return parser


def _workers(program: argparse.ArgumentParser) -> None:
    program.add_argument("--workers", type=int, default=None, help="how many compute at a time")
    program.add_argument("--cluster", default="", help="a Ray cluster's address, local, or slurm[:PARTITION]")
    program.add_argument("--gpus", type=float, default=0.0, help="per worker, on a cluster")


def _program(
    programs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    job: Callable[[argparse.Namespace], Job],
    text: str,
) -> argparse.ArgumentParser:
    program = programs.add_parser(name, help=text)
    program.add_argument("--backbone", default="carousel-tiny", help="name, folder or hub id")
    program.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    program.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    program.set_defaults(job=job)
    return program


if __name__ == "__main__":
    sys.exit(main())
