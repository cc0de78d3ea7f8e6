from __future__ import annotations

import json
import re
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


def test_a_search_is_refused_what_it_cannot_do_and_steps_keep_their_names(tmp_path: Path) -> None:
    path = tmp_path / "fit.toml"
    path.write_text('method = "search"\n')
    with pytest.raises(TuningError, match="personal_prompt = false"):
        FitConfig.from_toml(path)
    search = FitConfig(method="search", personal_prompt=False)
    path.write_text(search.to_toml())
    assert FitConfig.from_toml(path) == search
    assert search.decisive()["method"] == "search"
    assert "method" not in FitConfig().decisive()  # results of earlier versions are named without it


def test_what_the_studio_imports_loads_no_model_library() -> None:
    code = (
        "import sys, tuning.events, tuning.config, tuning.metrics, tuning.engine\n"
        "assert not {'torch', 'transformers', 'safetensors'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)


def test_the_documents_list_every_setting_with_its_default() -> None:
    text = Path(__file__).parents[2].joinpath("docs", "experiments.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text, flags=re.MULTILINE)
    known = {
        n: "unset" if f.default is None else json.dumps(f.default) for n, f in FitConfig.model_fields.items()
    }
    assert dict(rows) == known


def test_all_mistakes_are_listed_with_what_may_have_been_meant(tmp_path: Path) -> None:
    path = tmp_path / "fit.toml"
    path.write_text("attention_wieght = 1\nsteps = 0\n")
    with pytest.raises(TuningError) as refused:
        FitConfig.from_toml(path)
    assert "steps: " in refused.value.what
    assert "there is no setting 'attention_wieght'; did you mean attention_weight" in refused.value.what
