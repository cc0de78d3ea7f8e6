"""Loading liblsl must not fill a lab assistant's terminal with its diary."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from acquisition.liblsl import load_pylsl, lsl_failure_in_words, lsl_failures

CREATE = (
    "from acquisition.liblsl import load_pylsl; load_pylsl().StreamInfo('a', 'b'); load_pylsl().local_clock()"
)


def said(folder: Path, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name != "LSLAPICFG"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", CREATE],
        env={**clean, "HOME": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stderr


def test_liblsl_is_quiet_without_a_configuration(tmp_path: Path) -> None:
    assert said(tmp_path) == ""


def test_the_users_own_configuration_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own.cfg"
    own.write_text("[log]\nlevel = 0\n")
    assert "own.cfg" in said(tmp_path, LSLAPICFG=str(own))


def test_failures_are_told_in_words() -> None:
    util = load_pylsl().util
    assert set(lsl_failures()) == {util.LostError, util.TimeoutError}
    assert lsl_failure_in_words(util.LostError("the stream has been lost.")) == (
        "the program that published it is gone"
    )
    assert "did not answer in time" in lsl_failure_in_words(util.TimeoutError("the operation failed"))
