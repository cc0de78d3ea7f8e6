"""The journey needs two monitors: `make journey`, or scripts/two_screens.sh pytest tests/journey."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("QT_QPA_PLATFORM") == "xcb" else ["test_*.py"]
