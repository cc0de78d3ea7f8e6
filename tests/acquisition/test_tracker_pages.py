"""The page of each tracker agrees with the table that the program reads by."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from acquisition.profile_file import PickedProfile
from acquisition.surface import Surface
from acquisition.wire_formats import FORMATS

PAGES = Path(__file__).parents[2] / "docs" / "trackers"
NOT_TRACKERS = {"README.md", "profiles.md", "surface.md"}
KNOWN = {wire.profile: wire for wire in FORMATS}
TRACKERS = sorted(path for path in PAGES.glob("*.md") if path.name not in NOT_TRACKERS)


def profiles_of(page: Path) -> list[str]:
    """The profiles that a page is about: those in its second paragraph before its first full stop."""
    paragraph = page.read_text(encoding="utf-8").split("\n\n")[1]
    return re.findall(r"`([a-z0-9-]+)`", paragraph.split(". ")[0])


@pytest.mark.parametrize("page", TRACKERS, ids=lambda page: page.stem)
def test_a_page_names_known_profiles_and_their_streams(page: Path) -> None:
    profiles = profiles_of(page)
    assert profiles
    text = page.read_text(encoding="utf-8")
    for profile in profiles:
        if profile == "xdf-gaze":
            continue
        assert KNOWN[profile].names[0].replace("*", "") in text
        assert f"`{KNOWN[profile].type}`" in text
    assert len(text.splitlines()) <= 24


def test_every_known_profile_has_a_page_and_every_page_is_listed() -> None:
    assert {profile for page in TRACKERS for profile in profiles_of(page)} == {*KNOWN, "xdf-gaze"}
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    for path in PAGES.glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in index


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def example(page: str, start: str) -> str:
    """The indented example that begins with a line, up to the next line that is not indented."""
    lines = (PAGES / page).read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("    " + start))
    inside = []
    for line in lines[first:]:
        if line and not line.startswith("    "):
            break
        inside.append(line[4:])
    return "\n".join(inside)


def test_the_examples_of_the_file_formats_are_valid_but_for_what_they_leave_out() -> None:
    profile = tomllib.loads(example("profiles.md", "format ="))
    labels = ("gy_l", "conf_l", "pd_l", "pd_r")
    profile["channel"] += [{"label": label} for label in labels]
    assert PickedProfile.model_validate(profile).wire_format().points
    surface = tomllib.loads(example("surface.md", "format ="))
    surface["tags"]["tag"].append({**surface["tags"]["tag"][0], "id": 1})
    assert Surface.model_validate(surface).stream == "Tag corners"
