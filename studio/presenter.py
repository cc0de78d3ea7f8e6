"""Puts the pages and messages of a study on the stage, and writes down when each was there."""

from __future__ import annotations

from functools import partial

from protocols.cards import message
from protocols.markers import Code
from protocols.raster import render
from protocols.stimulus import Page
from protocols.trial_events import ShowMessage, ShowPage
from studio.journal import Journal
from studio.script import Script
from studio.snapshots import Snapshots
from studio.stage import Stage
from studio.stamps import Stamps


class Presenter:
    """Shows what the runner asks for. Belongs to the conductor's thread.

    Args:
        script: whose study is shown.
        stage: what the participant sees.
        journal: gets every page.
        stamps: writes the onsets.
        snapshots: told what is visible.

    Attributes:
        page: what is visible now, None between pages.
    """

    def __init__(
        self, script: Script, stage: Stage, journal: Journal, stamps: Stamps, snapshots: Snapshots
    ) -> None:
        self._script, self._stage, self._journal = script, stage, journal
        self._stamps, self._snapshots = stamps, snapshots
        self.page: Page | None = None

    def show_page(self, wanted: ShowPage) -> float:
        """Show a page; return since when it is visible, in s."""
        trial, images = self._script.trials[wanted.trial], self._script.study.images
        if self._shows(wanted):
            draw = partial(render, wanted.screen, wanted.viewport, hover=wanted.hover, images=images)
            self._stage.details(lambda: draw().image)
            return self._stamps.now_s()
        page = render(wanted.screen, wanted.viewport, images=images)
        t_s = max(self._stage.page(page, wanted.trial, trial.target), self._stamps.last_s)
        self.page = page
        self._journal.page(t_s, page)
        payload = {"page": page.digest, "screen": page.screen_id, "scroll_px": page.viewport.scroll_px}
        self._stamps.mark(Code.PAGE_SHOWN, t_s, wanted.trial, {**payload, **self._stage.onset()})
        self._snapshots.page(page, wanted.trial)
        return t_s

    def show_message(self, wanted: ShowMessage) -> float:
        """Show text, or nothing; return since when, in s."""
        self.page = None
        draw = partial(message, wanted.title, wanted.body, self._script.study.screen.size_px)
        t_s = max(self._stage.message(draw), self._stamps.last_s)
        self._snapshots.message(wanted)
        return t_s

    def _shows(self, wanted: ShowPage) -> bool:
        """Tell whether the posters are already where they shall be, so that only details change."""
        page = self.page
        return page is not None and (page.screen_id, page.viewport) == (wanted.screen.id, wanted.viewport)
