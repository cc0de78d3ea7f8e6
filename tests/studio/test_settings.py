"""Settings survive restarts, upgrades and broken files."""

from __future__ import annotations

import json

import pytest

from studio.settings import VERSION, Settings, SettingsFile


@pytest.fixture
def file(tmp_path):
    return SettingsFile(tmp_path / "config" / "settings.json")


def test_without_a_file_there_are_defaults(file):
    assert file.load().settings == Settings()
    assert not file.load().problem


def test_what_is_saved_comes_back(file, tmp_path):
    settings = Settings(theme="light", font_scale=1.3, data_folder=tmp_path, window=(1, 2, 1300, 900))
    file.save(settings)
    assert file.load().settings == settings
    assert [p.name for p in file.path.parent.iterdir()] == ["settings.json"]


def test_settings_of_an_older_version_are_brought_up(file):
    file.path.parent.mkdir()
    file.path.write_text('{"version": 1, "theme": "light", "font_scale": 1.2, "data_folder": "/d"}')
    loaded = file.load()
    assert not loaded.problem
    assert (loaded.settings.version, loaded.settings.theme) == (VERSION, "light")


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 99}',
        '{"version": "two"}',
        "{",
        "[]",
        '{"version": 2, "theme": "purple"}',
        '{"version": 2, "font_scale": 9}',
        "\udcff",
    ],
)
def test_a_file_that_cannot_be_used_is_kept_aside_and_said_so(file, text):
    file.path.parent.mkdir()
    file.path.write_bytes(text.encode("utf-8", "surrogateescape"))
    loaded = file.load()
    assert loaded.settings == Settings()
    (aside,) = file.path.parent.iterdir()
    assert aside.read_bytes() == text.encode("utf-8", "surrogateescape")
    assert str(aside) in loaded.problem


def test_a_disk_that_refuses_leaves_the_settings_as_they_were(file, monkeypatch):
    file.save(Settings(theme="light"))
    monkeypatch.setattr(
        "pathlib.Path.write_text", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(OSError, match="full"):
        file.save(Settings(theme="dark"))
    assert json.loads(file.path.read_bytes())["theme"] == "light"


def test_letters_grow_and_shrink_within_bounds():
    settings = Settings()
    assert settings.scaled(1).font_scale == 1.1
    assert settings.scaled(-1).scaled(1) == settings
    for _ in range(30):
        settings = settings.scaled(1)
    assert settings.font_scale == 2.0
    assert settings.scaled(0).font_scale == 1.0
