"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
SessionPath = Annotated[Path, typer.Argument(metavar="SESSION", help="A recorded session (.h5).")]
