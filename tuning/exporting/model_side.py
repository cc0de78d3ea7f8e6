"""What the targets that carry the soft prompt itself have in common.

PEFT, vLLM and a merged model act by the prompt alone: they are the row ``twin`` of a comparison, not
``twin_combined``, whose position habit no model file has a place for. What is not in their files is written
beside them, as `BESIDE`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from protocols.errors import ExportError
from tuning.backbones.vlm import VisionLanguageBackbone
from tuning.exporting.contract import Field, Personas, Subject
from tuning.tables_of_use import COUNTS, PLACE

BESIDE = "persona.json"

HABIT = Field("position habit", "omitted", "no place in a model: this is the row twin, not twin_combined")
TABLES = Field(BESIDE, "measured", "examination, dwell and click tables with counts; programs do not read it")


@dataclass(frozen=True, slots=True)
class Reserved:
    """Rows of the embedding that nobody else uses.

    Attributes:
        ids: token ids of one participant's soft prompt, in order.
        names: what a tokenizer calls them.
    """

    ids: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the prompts of several participants go in one embedding.

    Attributes:
        by_participant: reserved rows.
        first: first id that was free.
        has: rows that the embedding has.
        needs: rows that it must have; more than ``has`` when it has to be resized first.
    """

    by_participant: dict[str, Reserved]
    first: int
    has: int
    needs: int


def vision_language(personas: Personas) -> VisionLanguageBackbone:
    """Load the personas' model.

    Raises:
        PersonaMismatch: it is not the personas' model.
        ExportError: it is no model of `transformers` that other programs could load.
    """
    backbone = personas.model()
    for subject in personas.subjects:
        subject.persona.require(backbone.spec)
    if not isinstance(backbone, VisionLanguageBackbone):
        raise ExportError(
            f"{backbone.spec.id} is no vision-language model of transformers.",
            "No other program could load the prompt.",
            "Export to csv, or to a target that needs no model.",
        )
    return backbone


def reserve(subjects: Sequence[Subject], backbone: VisionLanguageBackbone) -> Rows:
    """Give each participant rows behind everything the tokenizer uses."""
    has = int(backbone.model.get_input_embeddings().weight.shape[0])
    first = at = backbone.wording.used
    found = {}
    for subject in subjects:
        count = len(subject.persona.prompt.tokens)
        names = tuple(f"<|gazetwin_{subject.name}_{n:02}|>" for n in range(count))
        found[subject.name] = Reserved(tuple(range(at, at + count)), names)
        at += count
    return Rows(found, first, has, max(has, at))


def asked(subject: Subject, backbone: VisionLanguageBackbone, soft: str | Sequence[int]) -> dict[str, object]:
    """Return the tokens of one question, so that any program can put it as it was put while fitting.

    Args:
        subject: whose preferred genres are asked with.
        backbone: whose words.
        soft: ids of the soft prompt, or what stands in their place.
    """
    wording, placement = backbone.wording, subject.provenance.config.placement
    image = {"image_token": backbone.image_token}
    shown: list[object] = [*wording.before_image(), image, *wording.after_image()]
    prompt: list[object] = [soft] if isinstance(soft, str) else list(soft)
    parts = [*prompt, *shown] if placement == "front" else [*shown, *prompt]
    return {
        "input_ids": [*parts, *wording.question(subject.provenance.preferred)],
        "image_token": "stands once here, and as often in input_ids as the image processor makes patches",
        "letters": {letter: wording.letter(letter) for letter in "ABCDEFGHIJKLMNO"},
    }


def fields(subjects: Sequence[Subject], prompt: Field, *others: Field) -> tuple[Field, ...]:
    """Return the account of a target that carries prompts, with counts."""
    found = []
    for subject in subjects:
        fitted = sum(1 for split in subject.provenance.splits.values() if split == "train")
        found.append(replace(prompt, n=fitted, participant=subject.name))
        use = subject.persona.use
        if use is None:
            lost = replace(TABLES, how="omitted", note="fitted by a version that kept no tables")
            found.append(replace(lost, participant=subject.name))
        else:
            found.append(replace(TABLES, n=use.views, participant=subject.name))
    return (*found, HABIT, *others)


def write_beside(path: Path, subject: Subject, more: Mapping[str, object]) -> None:
    """Write everything of a persona that the model's files have no place for."""
    own = subject.provenance
    told = {
        "participant": own.participant,
        "backbone": own.backbone,
        "backbone_digest": own.backbone_digest,
        "operator": own.config.operator,
        "placement": own.config.placement,
        "positions": own.positions,
        "preferred": own.preferred,
        "ratings": own.ratings,
        "heldout": own.heldout,
        "use": _tables(subject),
        **more,
    }
    text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _tables(subject: Subject) -> dict[str, object] | None:
    use = subject.persona.use
    if use is None:
        return None
    lines = use.arrays()["slots"].tolist()
    films = use.films.table().tolist()
    return {
        "signal": use.signal,
        "views": use.views,
        "views_without_attention": use.unseen,
        "slots": [dict(zip((*PLACE, *COUNTS, "dwell_ms"), line, strict=True)) for line in lines],
        "genres": {g: dict(zip(COUNTS, n, strict=True)) for g, n in zip(use.genres, films, strict=True)},
    }
