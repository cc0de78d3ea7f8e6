"""Sessions become material for one participant, each of them once."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.errors import NotEnoughExamples
from tuning.recordings import read_material

GOLDEN = Path(__file__).parents[1] / "data" / "golden-session-1.h5"


def test_a_session_named_twice_is_refused() -> None:
    with pytest.raises(NotEnoughExamples, match="more than once"):
        read_material([GOLDEN, GOLDEN], lambda screens: dict.fromkeys(screens, "train"))
