"""Mistakes in words: unknown names with near ones, and no whole files."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from protocols.mistakes import listed
from protocols.words import or_near


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: int = 1


def told(text: str, known: tuple[str, ...] = ()) -> str:
    with pytest.raises(ValidationError) as refused:
        Asked.model_validate_json(text)
    return listed(refused.value, known)


def test_an_unknown_setting_is_told_with_the_nearest() -> None:
    assert told('{"stepz": 1}', ("steps",)) == "there is no setting 'stepz'; did you mean steps?"
    assert or_near("colour", ("steps", "seed")) == "there are steps, seed"


def test_a_broken_file_is_not_told_as_a_whole() -> None:
    said = told('{"steps": 1, ' + '"a": 1,' * 1000)
    assert len(said) < 400
    assert "..." in said
