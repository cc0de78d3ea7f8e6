"""Where every number comes from: digests, versions, seeds, settings, durations."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from studio.report.evidence import Evidence
from studio.report.markup import Html, joined, tag
from studio.report.results import Results


def provenance(evidence: Evidence, results: Results) -> Html:
    """Return the footer."""
    name, digest = evidence.study
    recording = {
        "session": evidence.session_id,
        "started": evidence.created_utc,
        "ended": evidence.ended,
        "recorded with": evidence.software,
        "reported with": f"gazetwin {version('gazetwin')}",
        "study": f"{name}, SHA-256 {digest}",
        "participant": evidence.participant.pseudonym,
        "preferred genres": ", ".join(evidence.participant.preferred) or "not asked",
        "fixation settings": evidence.slots.parameters.ivt.digest,
        "slots": evidence.slots.digest,
    }
    parts = [tag("h2", "Provenance"), _facts(recording)]
    for title, told in (
        ("Model", results.backbone),
        ("Persona", results.persona),
        ("Settings of the fit", results.config),
        ("Durations [s]", {name: f"{value:.2f}" for name, value in results.seconds.items()}),
    ):
        if told:
            parts += [tag("h3", title), _facts(told)]
    return tag("footer", joined(parts))


def _facts(told: Mapping[str, object]) -> Html:
    pairs = [part for key, value in told.items() for part in (tag("dt", key), tag("dd", _said(value)))]
    return tag("dl", *pairs)


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_said(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_said(item) for item in value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return "–" if value is None or value == "" else str(value)
