"""Which view was shown when."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from sessions.exporters.table import Column
from sessions.views import PageView

VIEW = Column("view", "", "Number of the view, as in views.csv; empty outside views.")


def view_at(views: Sequence[PageView], t_s: float) -> int | None:
    """Return the number of the view shown at a moment, or that ended at it; None between views.

    Args:
        views: in order of time.
        t_s: session time.
    """
    number = bisect.bisect_left([view.t_on_s for view in views], t_s) - 1
    if number + 1 < len(views) and views[number + 1].t_on_s == t_s:
        number += 1
    if number < 0:
        return None
    return number if any(on_s <= t_s <= off_s for on_s, off_s in views[number].showings) else None
