"""Something about a source that the operator should be told and that a recording keeps as a marker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocols.markers import Code, Marker


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """One thing that was noticed.

    Attributes:
        code: what kind of thing.
        t_s: session time in s.
        words: one sentence for a person, with values and units.
        facts: the same for a program; JSON-able, units in the names.
    """

    code: Code
    t_s: float
    words: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def marker(self) -> Marker:
        """Return it as a recording keeps it."""
        return Marker(self.t_s, self.code, payload={**self.facts, "words": self.words})
