"""Programs that go with an export: they load its files into the other program and need nothing of ours."""

from __future__ import annotations

from pathlib import Path

LOADERS = Path(__file__).parent
