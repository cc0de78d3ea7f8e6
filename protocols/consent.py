"""What a participant is asked to agree to, and what was agreed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

Scope = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]

RECORDING: Scope = "recording"
TWIN: Scope = "twin"
EXPORT: Scope = "export"
"""Scopes that GazeTwin itself heeds; a study may offer others."""


class ConsentForm(BaseModel):
    """What a study asks its participants to agree to.

    Attributes:
        text: read before anything is recorded; empty when the study asks for nothing.
        version: of the text, chosen by its author; needed when there is a text.
        scopes: what may be agreed to beside being recorded, each with the words that are shown:
            ``twin`` to fit a model of the participant, ``export`` to hand the recording or the model over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = ""
    version: str = ""
    scopes: Mapping[Scope, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Self:
        if self.text and not self.version and info.context:  # earlier recordings must stay readable
            raise ValueError("a text needs a version, so that a recording can say which one was agreed to")
        if self.scopes and not self.text:
            raise ValueError("scopes need a text that explains them")
        if RECORDING in self.scopes:
            raise ValueError(f"{RECORDING!r} is what every participant agrees to; it needs no scope")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of version, text and scopes with their words, as canonical JSON; hexadecimal."""
        text = json.dumps(
            self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()


class Consent(BaseModel):
    """What one participant agreed to; a session file keeps it as its consent record.

    Attributes:
        version: of the consent form.
        digest: of the consent form, see ``ConsentForm.digest``.
        given_unix_s: when, in s since 1970.
        scopes: what was agreed to, ``recording`` first; what the form offered and is not here was refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    digest: str
    given_unix_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    scopes: tuple[Scope, ...]

    @classmethod
    def to(cls, form: ConsentForm, agreed: tuple[Scope, ...], given_unix_s: float) -> Self:
        """Return the agreement to be recorded, and to those of the form's scopes that are in ``agreed``."""
        scopes = (RECORDING, *(scope for scope in form.scopes if scope in agreed))
        return cls(version=form.version, digest=form.digest, given_unix_s=given_unix_s, scopes=scopes)


def refused(scope: Scope, form: ConsentForm, consent: Mapping[str, object]) -> bool:
    """Tell whether a participant was offered something and did not agree to it.

    Args:
        scope: what is to be done.
        form: what was offered.
        consent: the consent record of a session; without scopes in it nothing was refused.
    """
    agreed = consent.get("scopes")
    return scope in form.scopes and isinstance(agreed, list | tuple) and scope not in agreed
