"""The engine program: JSON lines in, JSON lines out; see `tuning.events` for the language.

Standard output belongs to the protocol: whatever a library prints goes to standard error. Model libraries are
imported at the first request that needs them, so the program answers within a fraction of a second.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from collections.abc import Generator
from typing import IO, TYPE_CHECKING, cast

from protocols.errors import GazeTwinError, ProgramError, SetupError, TuningError
from protocols.wire import Cancelled, Done, Failed, Message, decode, encode
from tuning import events
from tuning.events import Event, Request
from tuning.handover import Handover

if TYPE_CHECKING:
    from tuning.jobs import Workbench

log = logging.getLogger(__name__)

Task = events.Load | events.Work | Handover | Failed


def reserved_stdout() -> IO[str]:
    """Return the real standard output as UTF-8 text, and send everything else that is printed to stderr."""
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", newline="\n")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return channel


class Engine:
    """Works off requests in order.

    Args:
        source: lines of requests.
        sink: where lines of events go.
    """

    def __init__(self, source: IO[str], sink: IO[str]) -> None:
        self._source, self._sink = source, sink
        self._requests: queue.Queue[Task | events.Shutdown] = queue.Queue()
        self._cancel = threading.Event()
        self._open = 0
        self._lock = threading.Lock()
        self._bench: Workbench | None = None

    def run(self) -> None:
        """Serve until `Shutdown`, the end of input, or until nobody listens any more."""
        threading.Thread(target=self._listen, name="requests", daemon=True).start()
        try:
            while not isinstance(request := self._requests.get(), events.Shutdown):
                self._serve(request)
        except BrokenPipeError:
            log.warning("The program that asked has gone away.")

    def _listen(self) -> None:
        for line in self._source:
            if line.strip():
                self._hear(line)
        self._requests.put(events.Shutdown())

    def _hear(self, line: str) -> None:
        """Queue one line; a line that cannot be understood is answered in its turn."""
        try:
            request = cast(Request, decode(line, Request))
        except ProgramError as error:
            self._enqueue(Failed.of(error))
            return
        if not isinstance(request, events.Cancel):
            self._enqueue(request)
            return
        with self._lock:
            if self._open:
                self._cancel.set()

    def _enqueue(self, request: Task | events.Shutdown) -> None:
        with self._lock:
            self._open += 1
        self._requests.put(request)

    def _serve(self, request: Task) -> None:
        end = request if isinstance(request, Failed) else self._worked(request)
        with self._lock:
            self._open -= 1
            self._cancel.clear()
        self._emit(end)

    def _worked(self, request: events.Load | events.Work | Handover) -> Done | Failed | Cancelled:
        try:
            return self._run(self._job(request))
        except GazeTwinError as error:
            return Failed.of(error)
        except BrokenPipeError:
            raise
        except Exception as error:
            log.exception("Request %r failed", request.kind)
            return Failed.of(_unexpected(request, error))

    def _run(self, job: Generator[Event, None, None]) -> Done | Cancelled:
        for event in job:
            self._emit(event)
            if self._cancel.is_set():
                job.close()
                return Cancelled()
        return Done()

    def _job(self, request: events.Load | events.Work | Handover) -> Generator[Event, None, None]:
        if isinstance(request, events.Load):
            return self._load(request)
        if isinstance(request, Handover):
            return handed_over(request)
        if self._bench is None:
            raise TuningError(
                f"No backbone is loaded, but {request.kind!r} was asked for.",
                "Every job needs a model.",
                "Send `load` first.",
            )
        return self._bench.job(request)

    def _load(self, request: events.Load) -> Generator[Event, None, None]:
        self._bench = open_bench(request)
        yield self._bench.ready()

    def _emit(self, event: Message) -> None:
        self._sink.write(encode(event) + "\n")
        self._sink.flush()


def open_bench(model: events.Load) -> Workbench:
    """Load the model libraries and a backbone; takes seconds the first time.

    Raises:
        SetupError: the model libraries are not installed.
    """
    try:
        from tuning.jobs import Workbench
    except ModuleNotFoundError as error:
        raise without_model_libraries(error) from error
    return Workbench(model)


def handed_over(request: Handover) -> Generator[Event, None, None]:
    """Return the events of a request about personas that leave the building.

    Raises:
        SetupError: the model libraries are not installed.
    """
    try:
        from tuning.exporting.jobs import job
    except ModuleNotFoundError as error:
        raise without_model_libraries(error) from error
    return job(request)


def without_model_libraries(error: ModuleNotFoundError) -> SetupError:
    """Return what to tell when torch or transformers are not there."""
    return SetupError(
        f"The model libraries are not installed: {error}.",
        "Recording and replay work without them; fitting and predicting twins do not.",
        "Install them: pip install 'gazetwin[tune]', or make setup in a checkout.",
    )


def _unexpected(request: events.Load | events.Work | Handover, error: Exception) -> ProgramError:
    return ProgramError(
        f"The engine could not finish {request.kind!r}: {type(error).__name__}: {error}.",
        "This is a mistake in the program or its surroundings, not in the data.",
        "See the program's log for the traceback; the recording itself is safe.",
    )
