"""What a study may ask, and what of it is kept."""

from __future__ import annotations

import pytest

from protocols.consent import EXPORT, TWIN, Consent, ConsentForm, refused
from protocols.errors import StudyInvalid
from protocols.study import StudyProtocol, load_study, shipped_studies

FORM = ConsentForm(text="You may stop.", version="2", scopes={TWIN: "A twin.", EXPORT: "Shared."})


def test_an_agreement_names_the_text_and_only_what_was_offered_and_agreed_to():
    given = Consent.to(FORM, (EXPORT, "film-rights"), 1.7e9)
    assert given.scopes == ("recording", "export")
    assert (given.version, given.digest) == ("2", FORM.digest)
    assert Consent.model_validate_json(given.model_dump_json()) == given


def test_only_what_was_offered_can_be_refused():
    given = Consent.to(FORM, (EXPORT,), 1.7e9).model_dump(mode="json")
    assert refused(TWIN, FORM, given)
    assert not refused(EXPORT, FORM, given)
    assert not refused(TWIN, ConsentForm(), given)
    assert not refused(TWIN, FORM, {})
    assert not refused(TWIN, FORM, {"given_utc": "2026-01-01T00:00:00+00:00"})


def test_another_word_is_another_digest():
    changed = FORM.model_copy(update={"scopes": {TWIN: "A twin!", EXPORT: "Shared."}})
    assert changed.digest != FORM.digest


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_ask_for_consent(name):
    study = load_study(name)
    assert study.consent.text
    assert study.consent.version
    assert EXPORT in study.consent.scopes


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\ntitle = "Mine"\nversion = "1"\nkind = "free-gaze"\n' + text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[consent]\ntext = "Yes"', "needs a version"),
        ('[consent.scopes]\ntwin = "A twin"', "need a text"),
        ('[consent]\ntext = "Yes"\nversion = "1"\n[consent.scopes]\nrecording = "All"', "needs no scope"),
        ('[[questionnaire.questions]]\nkey = "a"\ntext = "A?"\nkind = "choice"', "needs choices"),
        ('[[questionnaire.questions]]\nkey = "a"\ntext = "A?"\nleast = 1', "are for numbers"),
        (
            '[[questionnaire.questions]]\nkey = "a"\ntext = "A?"\nkind = "number"\nleast = 2\nmost = 1',
            "exceed",
        ),
        ('[[questionnaire.questions]]\nkey = "a"\ntext = "A?"\n' * 2, "several questions"),
    ],
)
def test_a_study_file_with_half_a_question_is_refused(tmp_path, text, told):
    with pytest.raises(StudyInvalid, match=told):
        load_study(write(tmp_path, text))


def test_a_recorded_study_of_before_stays_readable():
    old = (
        '{"name":"old","title":"Old","version":"1","kind":"free-gaze","consent":{"text":"Yes","version":""}}'
    )
    assert StudyProtocol.from_snapshot(old).consent.text == "Yes"
