from __future__ import annotations

import numpy as np
import pytest

from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Page, Viewport


@pytest.fixture(scope="session")
def page() -> Page:
    screen = invented_screen(np.random.default_rng(3), "screen-3", "rows")
    return render(screen, Viewport.top_of(screen))
