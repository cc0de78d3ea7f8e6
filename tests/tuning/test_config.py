from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from protocols.errors import TuningError
from tuning.config import FitConfig


def test_settings_survive_a_toml_file(tmp_path: Path) -> None:
    path = tmp_path / "fit.toml"
    for config in (FitConfig(), FitConfig.paper(), FitConfig(seed=3, personal_prompt=False, steps=7)):
        path.write_text(config.to_toml())
        assert FitConfig.from_toml(path) == config


def test_what_a_file_does_not_name_keeps_its_default(tmp_path: Path) -> None:
    path = tmp_path / "fit.toml"
    path.write_text('placement = "front"\n')
    assert FitConfig.from_toml(path) == FitConfig(placement="front")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("stepz = 3", "stepz"),
        ("steps = 0", "steps"),
        ("click_weight = nan", "click_weight"),
        ("steps =", "fit"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "fit.toml"
    path.write_text(text)
    with pytest.raises(TuningError, match=named):
        FitConfig.from_toml(path)
    with pytest.raises(TuningError, match="gone"):
        FitConfig.from_toml(tmp_path / "gone.toml")


def test_what_the_studio_imports_loads_no_model_library() -> None:
    code = (
        "import sys, tuning.events, tuning.config, tuning.metrics, tuning.engine\n"
        "assert not {'torch', 'transformers', 'safetensors'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
