from __future__ import annotations

import numpy as np

from protocols.invented import invented_screen
from protocols.raster import render, with_letters
from protocols.stimulus import Viewport


def test_letters_on_a_shown_page_are_those_of_the_models_variant() -> None:
    screen = invented_screen(np.random.default_rng(3), "s", "rows")
    for scroll_px in (0.0, 300.0, 2446.0):
        viewport = Viewport(scroll_px, (1,) * 10)
        drawn = with_letters(render(screen, viewport))
        expected = render(screen, viewport, letters=True)
        assert np.array_equal(drawn.image, expected.image)
        assert drawn.digest == expected.digest
        assert not drawn.image.flags.writeable
