"""A participant who does not agree to a twin gets a session without one."""

from __future__ import annotations

from contextlib import ExitStack

from acquisition.clock import SteadyClock
from protocols.participant import Participant
from protocols.study import load_study
from studio.sources import SourceChoice
from studio.visit import Visit
from studio.visit_session import VisitSession


def test_no_engine_is_started_for_somebody_who_refused_a_twin(tmp_path, monkeypatch):
    monkeypatch.setattr("studio.visit_session.running", lambda: 1 / 0)
    visit = Visit(
        study=load_study("demo"),
        participant=Participant(pseudonym="P01"),
        consent={"scopes": ["recording", "export"]},
        source=SourceChoice("mock"),
    )
    with ExitStack() as stack:
        foresight, why = VisitSession(visit, tmp_path / "session.h5", SteadyClock())._twin(stack)
    assert foresight is None
    assert "did not agree" in why
