"""Makes what the interop tests load: exports of simulated participants, and `truth.json`.

    python tests/interop/make_exports.py FOLDER

The truth is counted here from the page views themselves, not by the code that is tested.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.viewer.policy import Viewer, attention, click_distribution
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.slots import SlotDistribution
from protocols.stimulus import Page, Viewport
from tuning.examples import Example
from tuning.exporting.contract import Personas, Subject
from tuning.exporting.export import export
from tuning.exporting.invented import invented_personas
from tuning.registry import make_target
from tuning.tables_of_use import tables_of_use

SETTINGS = {"clax": {}, "sardine": {}, "concordia": {"goal": "Find a film for tonight"}}
VIEWERS = {
    "P01": Viewer("left", 1.4, 0.8, 3.0, 0.8, ("Drama", "Comedy", "Horror")),
    "P02": Viewer("top", 1.4, 0.8, 3.0, 0.8, ("Action", "Sci-Fi", "Thriller")),
}
PAGES, VIEWS_PER_PAGE, FIXATIONS = 12, 25, 8


def main(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pages = _pages()
    views = {name: _views(name, viewer, pages) for name, viewer in VIEWERS.items()}
    personas = invented_personas(len(views))
    subjects = tuple(_with_views(s, views[s.name]) for s in personas.subjects)
    for name, settings in SETTINGS.items():
        told: Personas = replace(personas, subjects=subjects, settings=settings)
        export(make_target(name), told, folder / name)
    truth = {s.name: _counted(views[s.name], s) for s in subjects}
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")


def _pages() -> list[Page]:
    found = []
    for n in range(PAGES):
        screen = invented_screen(np.random.default_rng([29, n]), f"interop-{n:02}", "mixed")
        found.append(render(screen, Viewport(0.0, (0,) * len(screen.rows))))
    return found


def _views(name: str, viewer: Viewer, pages: Sequence[Page]) -> list[Example]:
    rng = np.random.default_rng([31, int(name[1:])])
    found = []
    for trial, page in enumerate(p for p in pages for _ in range(VIEWS_PER_PAGE)):
        dwell_ms = 250.0 * rng.multinomial(FIXATIONS, attention(viewer, page.layout, page.films))
        choice = click_distribution(viewer, page.layout, page.films)
        gaze = SlotDistribution.of(dwell_ms, "fixation")
        click = int(rng.choice(len(choice), p=choice)) if rng.random() < 0.8 else None
        found.append(Example(page, gaze, None, click, name, viewer.preferred, trial, "train"))
    return found


def _with_views(subject: Subject, views: Sequence[Example]) -> Subject:
    viewer, use = VIEWERS[subject.name], tables_of_use(views, "fixation")
    provenance = subject.provenance.model_copy(update={"preferred": viewer.preferred})
    return replace(subject, persona=replace(subject.persona, provenance=provenance, use=use))


def _counted(views: Sequence[Example], subject: Subject) -> dict[str, object]:
    slots = len(views[0].page.layout)
    genres = sorted({film.genres[0] for view in views for film in view.page.films})
    examined, clicked = [0] * slots, [0] * slots
    looks, clicks, gazed_at, gazed_clicks = (Counter[str]() for _ in range(4))
    pages = Counter[tuple[str, ...]]()
    for view in views:
        shown = tuple(film.genres[0] for film in view.page.films)
        pages[shown] += 1
        for slot, genre in enumerate(shown):
            chosen, gazed = view.click == slot, bool(view.gaze and view.gaze.weights[slot] > 0)
            examined[slot] += gazed or chosen
            clicked[slot] += chosen
            looks[genre] += gazed or chosen
            clicks[genre] += chosen
            gazed_at[genre] += gazed
            gazed_clicks[genre] += gazed and chosen
    return {
        "genres": genres,
        "shown": [len(views)] * slots,
        "examined": examined,
        "clicked": clicked,
        "genre_looks": [looks[g] for g in genres],
        "genre_clicks": [clicks[g] for g in genres],
        "gazed": [[g, gazed_at[g], gazed_clicks[g]] for g in genres],
        "pages": [[list(page), count] for page, count in pages.items()],
        "preferred": list(subject.provenance.preferred),
        "views": len(views),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
