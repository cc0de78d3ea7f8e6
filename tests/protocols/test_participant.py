from __future__ import annotations

import pytest
from pydantic import ValidationError

from protocols.errors import StudyInvalid
from protocols.participant import Participant


def test_preferred_genres_have_the_top_genre_first_and_none_twice() -> None:
    participant = Participant(
        pseudonym="P01", top_genre="Horror", preferred_genres=("Drama", "Horror", "Crime")
    )
    assert participant.preferred == ("Horror", "Drama", "Crime")


def test_nothing_asked_means_nothing_preferred() -> None:
    assert Participant(pseudonym="P01").preferred == ()


@pytest.mark.parametrize("pseudonym", ["", "Jane Doe", "../x", "-x", "a/b", "P1\n", "é", "x" * 65])
def test_pseudonyms_that_could_not_name_a_file_are_refused(pseudonym: str) -> None:
    with pytest.raises(StudyInvalid, match="pseudonym"):
        Participant(pseudonym=pseudonym)


def test_a_pseudonym_is_refused_in_words() -> None:
    with pytest.raises(StudyInvalid, match="only A-Z a-z 0-9"):
        Participant(pseudonym="Jane Doe/../x")


def test_all_mistakes_are_named_together() -> None:
    with pytest.raises(StudyInvalid) as refused:
        Participant(pseudonym="P 1", ratings={"Drama": 9})
    assert "pseudonym:" in refused.value.what
    assert "ratings.Drama:" in refused.value.what


def test_participants_survive_json() -> None:
    participant = Participant(
        pseudonym="P-1.b", top_genre="Drama", ratings={"Drama": 5}, answers={"glasses": False, "age": 30}
    )
    assert Participant.model_validate_json(participant.model_dump_json()) == participant


def test_participants_do_not_change() -> None:
    participant = Participant(pseudonym="P01")
    with pytest.raises(ValidationError):
        participant.pseudonym = "P02"  # type: ignore[misc]  # that it is refused is the point
