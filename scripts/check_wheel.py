"""Build the wheel and check what is in it: our five packages with their data, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGES = ("studio", "tuning", "sessions", "acquisition", "protocols")
OUT = Path("build/wheel")
DATA = {
    "fonts": "protocols/fonts/*.ttf",
    "font licence": "protocols/fonts/*.txt",
    "study 'demo'": "protocols/studies/demo.toml",
    "study 'free-gaze'": "protocols/studies/free-gaze.toml",
    "study 'recgaze'": "protocols/studies/recgaze.toml",
    "weights": "tuning/**/*.safetensors",
    "model card": "tuning/**/*.md",
}


def build() -> Path:
    """Build the wheel into an empty folder and return its path."""
    shutil.rmtree(OUT, ignore_errors=True)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(OUT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(OUT.glob("*.whl"))


def differences(shipped: set[str], root: Path) -> list[str]:
    """Return one sentence per file that is shipped and should not be, or the other way round."""
    ours = {name for name in shipped if ".dist-info/" not in name}
    wanted = {
        path.relative_to(root).as_posix()
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    extra = [
        f"{name} is in the wheel and is not a file of the five packages." for name in sorted(ours - wanted)
    ]
    absent = [f"{name} is not in the wheel." for name in sorted(wanted - ours)]
    return extra + absent


def missing_data(root: Path) -> list[str]:
    """Return one sentence per kind of package data that is not there."""
    return [f"No {what} ({pattern})." for what, pattern in DATA.items() if not list(root.glob(pattern))]


def main() -> int:
    """Print what is wrong with the wheel; return 1 when anything is."""
    wheel = build()
    # Reads its list of top-level names from pyproject.toml.
    contents = subprocess.run([sys.executable, "-m", "check_wheel_contents", str(wheel)], check=False)
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if not name.endswith("/")}
    problems = differences(shipped, Path()) + missing_data(Path())
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    size_mib = wheel.stat().st_size / 2**20
    sys.stdout.write(f"{wheel.name}: {len(shipped)} files, {size_mib:.1f} MiB\n")
    return 1 if problems or contents.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
