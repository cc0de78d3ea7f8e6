"""Everything the room shows about one twin, read from its files at once. Run it beside the main thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from protocols.geometry import FloatArray
from protocols.stimulus import CarouselScreen, Viewport
from protocols.wire import decode
from sessions.reader import Recording
from sessions.views import PageView
from studio.recorded_predictions import prediction_scores
from studio.report import Results
from studio.rooms.twin.fold import FitView, folded
from studio.rooms.twin.log_file import comparison_of, log_of, read_log
from studio.rooms.twin.offers import Offered, Twin
from studio.state import Score
from tuning.events import Comparison, Judged, PageSpec, View
from tuning.metrics import click_scores, kl

SplitName = Literal["train", "val", "test", ""]


@dataclass(frozen=True, slots=True, eq=False)
class PageRow:
    """One page view with what really happened on it and what was predicted.

    Attributes:
        session: the file it was recorded in.
        trial: number from 0 in order of presentation.
        screen: what was shown.
        viewport: which part of it.
        digest: of the page.
        films: title per slot.
        split: what the page was used for; empty when the twin does not say.
        dwell_ms: time per slot by the signal that is judged, shape (n,).
        click: clicked slot, None for none.
        views: per row, what was predicted; only the twins on pages that were not judged.
        scores: per row, metric by name.
    """

    session: Path
    trial: int
    screen: CarouselScreen
    viewport: Viewport
    digest: str
    films: tuple[str, ...]
    split: SplitName
    dwell_ms: FloatArray
    click: int | None
    views: dict[str, View]
    scores: dict[str, dict[str, float]]

    @property
    def real(self) -> FloatArray | None:
        """Share of attention per slot, None when no poster was looked at."""
        return shares_of(self.dwell_ms)

    @property
    def twin(self) -> FloatArray | None:
        """The twin's share per slot, None when it was not asked."""
        return np.asarray(self.views["twin"].attention) if "twin" in self.views else None

    @property
    def kl(self) -> float | None:
        """KL of the twin in nats, None when it cannot be told."""
        return self.scores.get("twin", {}).get("kl")


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """Predict-then-observe scores of one session."""

    session: Offered
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TwinResults:
    """One twin as the room shows it.

    Attributes:
        twin: which.
        fit: what its log comes to.
        comparison: on held-out screens, None when it has not been judged.
        report: the same as reports take it.
        pages: every page view with posters, in order of sessions, then of time.
        foretold: per session.
        lost: UUIDs of sessions that are not here any more.
    """

    twin: Twin | None = None
    fit: FitView = field(default_factory=FitView)
    comparison: Comparison | None = None
    report: Results = field(default_factory=Results)
    pages: tuple[PageRow, ...] = ()
    foretold: tuple[Foretold, ...] = ()
    lost: tuple[str, ...] = ()


def read_results(twin: Twin, sessions: Sequence[Offered]) -> TwinResults:
    """Read everything about a twin.

    Args:
        twin: which.
        sessions: every session that is known.

    Raises:
        GazeTwinError: a file cannot be used.
    """
    fit = folded(read_log(log_of(twin.path)))
    comparison = _comparison(comparison_of(twin.path))
    known = {s.session_id: s for s in sessions}
    own = [known[name] for name in twin.sessions if name in known]
    return TwinResults(
        twin=twin,
        fit=fit,
        comparison=comparison,
        report=Results() if comparison is None else Results.of_comparison(comparison),
        pages=tuple(_pages(twin, own, comparison, fit)),
        foretold=foretold(own),
        lost=tuple(name for name in twin.sessions if name not in known),
    )


def foretold(sessions: Sequence[Offered]) -> tuple[Foretold, ...]:
    """Return how the predictions made during sessions did."""
    found = []
    for session in sessions:
        with Recording.open(session.path) as recording:
            found.append(Foretold(session, prediction_scores(recording)))
    return tuple(found)


def pages_to_look_at(sessions: Sequence[Path]) -> tuple[PageSpec, ...]:
    """Return every page of the sessions that shows a poster, once."""
    found: dict[tuple[str, Viewport], PageSpec] = {}
    for path in sessions:
        with Recording.open(path) as recording:
            images = str(recording.study.images or "")
            for view in recording.views():
                if len(view.layout):
                    spec = PageSpec(screen=view.screen, viewport=view.viewport, images=images)
                    found.setdefault((view.screen.id, view.viewport), spec)
    return tuple(found.values())


def _comparison(path: Path) -> Comparison | None:
    return decode(path.read_text(encoding="utf-8"), Comparison) if path.is_file() else None


def _pages(
    twin: Twin, sessions: Sequence[Offered], comparison: Comparison | None, fit: FitView
) -> Iterator[PageRow]:
    judged = _Judged(comparison)
    looked = _looked(fit)
    by_cursor = comparison is not None and comparison.signal == "cursor"
    for session in sessions:
        with Recording.open(session.path) as recording:
            views = [view for view in recording.views() if len(view.layout)]
        for view in views:
            dwell_ms = view.cursor_ms if by_cursor else view.fixation_ms
            real = shares_of(dwell_ms)
            found = judged.take(view, real)
            simulated = looked.get((view.screen.id, view.viewport), {})
            yield PageRow(
                session=session.path,
                trial=view.trial,
                screen=view.screen,
                viewport=view.viewport,
                digest=view.digest,
                films=tuple(slot.film for slot in view.layout.slots),
                split=_split(twin, view),
                dwell_ms=dwell_ms,
                click=view.click,
                views=simulated if found is None else found.views,
                scores=_scores(real, view.click, simulated) if found is None else found.scores,
            )


class _Judged:
    """The views of a comparison, to be taken one after the other."""

    def __init__(self, comparison: Comparison | None) -> None:
        self._left = [] if comparison is None else list(comparison.judged)

    def take(self, view: PageView, real: FloatArray | None) -> Judged | None:
        """Return what was said about a view, None when it was not judged."""
        for place, one in enumerate(self._left):
            same = (one.trial, one.shown, one.click) == (view.trial, view.digest, view.click)
            if same and _alike(one.human, real):
                return self._left.pop(place)
        return None


def _alike(one: Sequence[float] | None, other: FloatArray | None) -> bool:
    if one is None or other is None:
        return one is None and other is None
    return len(one) == len(other) and bool(np.allclose(one, other, atol=1e-6))


def _looked(fit: FitView) -> dict[tuple[str, Viewport], dict[str, View]]:
    specs = () if fit.pages is None else fit.pages.pages
    return {
        (specs[s.index].screen.id, specs[s.index].viewport): {"twin": s.view, "twin_combined": s.combined}
        for s in fit.simulated
        if s.index < len(specs)
    }


def shares_of(dwell_ms: FloatArray) -> FloatArray | None:
    """Return time per slot as shares, None when there is none."""
    total_ms = float(dwell_ms.sum())
    return dwell_ms / total_ms if total_ms > 0 else None


def _split(twin: Twin, view: PageView) -> SplitName:
    return "" if twin.provenance is None else twin.provenance.splits.get(view.screen.id, "")


def _scores(
    real: FloatArray | None, click: int | None, views: dict[str, View]
) -> dict[str, dict[str, float]]:
    """Score the twins on a page that was not judged: for the eye, never for the headline."""
    if real is None:
        return {}
    found: dict[str, dict[str, float]] = {}
    for row, view in views.items():
        attention = np.asarray(view.attention)
        if len(attention) == len(real):
            found[row] = {"kl": kl(real, attention)}
            if click is not None:
                found[row] |= click_scores(attention, np.asarray(view.choice), click)
    return found
