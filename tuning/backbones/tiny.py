"""`carousel-tiny`: the shipped model, a small instance of the real Qwen3-VL architecture.

It answers with one letter and knows a closed vocabulary of a few dozen words. See the model card beside its
weights for what it was trained on, and `tuning.pretraining` for the training itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import PreTrainedTokenizerFast, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from acquisition.viewer.policy import HABITS
from protocols.carousel import GENRES
from protocols.errors import BackboneMissing, TuningError
from tuning.backbones.base import BackboneSpec
from tuning.backbones.qwen3_vl import Qwen3VLBackbone

WEIGHTS = Path(__file__).parent.parent / "weights" / "carousel-tiny.safetensors"
IMAGE_PX = (384, 216)
"""What the model sees of a 1920 x 1080 page: every fifth pixel, averaged."""
LEVELS = ("weakly", "typically", "strongly")
LETTERS = tuple("ABCDEFGHIJKLMNO")
INSTRUCTIONS = ("viewer", "likes", "looks", "seeks", "choose", "find", "name")
WORDS = (
    *("<pad>", "<image>", "<vision>", "</vision>"),
    *INSTRUCTIONS,
    *LEVELS,
    *LETTERS,
    *GENRES,
    *HABITS,
)


class TinyWording:
    """The closed vocabulary of `carousel-tiny`."""

    question_follows_image = True

    def __init__(self) -> None:
        self._ids = {word: index for index, word in enumerate(WORDS)}

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The same words for other programs: texts are split at spaces, unknown words become ``<pad>``."""
        words = Tokenizer(WordLevel(dict(self._ids), unk_token=WORDS[0]))
        words.pre_tokenizer = WhitespaceSplit()
        made: Any = PreTrainedTokenizerFast  # it has no types
        return cast(
            PreTrainedTokenizerFast, made(tokenizer_object=words, pad_token=WORDS[0], unk_token=WORDS[0])
        )

    def ids(self, words: Sequence[str]) -> list[int]:
        """Return token ids of known words; an unknown word is an error."""
        return [self._ids[word] for word in words]

    def before_image(self) -> list[int]:
        """Open the image."""
        return self.ids(["<vision>"])

    def after_image(self) -> list[int]:
        """Close the image."""
        return self.ids(["</vision>"])

    def question(self, preferred: Sequence[str]) -> list[int]:
        """``viewer likes G1 G2 G3 choose``: the profile, then the instruction.

        Raises:
            TuningError: a genre that it has no word for.
        """
        if unknown := [genre for genre in preferred[:3] if genre not in GENRES]:
            raise TuningError(
                f"carousel-tiny has no word for the genre {unknown[0]!r}.",
                "What the participant likes could not be put to it.",
                f"Prefer {', '.join(GENRES)}, or use a larger model.",
            )
        return self.ids(["viewer", "likes", *preferred[:3], "choose"])

    def letter(self, letter: str) -> int:
        """Token of an answer letter."""
        return self._ids[letter]

    @property
    def used(self) -> int:
        """Ids from here on stand for nothing."""
        return len(WORDS)

    @property
    def digest(self) -> str:
        """SHA-256 of the words around page and genres, hexadecimal."""
        ids = [*self.before_image(), *self.after_image(), *self.question(GENRES[:1])]
        return hashlib.sha256(" ".join(WORDS[i] for i in ids).encode()).hexdigest()


def configuration() -> Qwen3VLConfig:
    """Return the architecture: 4 decoder layers of width 128, 2 vision layers of width 96."""
    return Qwen3VLConfig(
        text_config={
            "vocab_size": len(WORDS),
            "hidden_size": 128,
            "intermediate_size": 384,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "head_dim": 32,
            "max_position_embeddings": 1024,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [6, 5, 5],
                "mrope_interleaved": True,
            },
            "initializer_range": 0.06,
            "pad_token_id": 0,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 96,
            "intermediate_size": 192,
            "num_heads": 4,
            "patch_size": 24,
            "spatial_merge_size": 1,
            "temporal_patch_size": 1,
            "out_hidden_size": 128,
            "num_position_embeddings": 32 * 32,
            "deepstack_visual_indexes": [0],
            "initializer_range": 0.06,
        },
        image_token_id=1,
        vision_start_token_id=2,
        vision_end_token_id=3,
        tie_word_embeddings=False,
    )


def image_processor() -> Qwen2VLImageProcessorPil:
    """Return the processor that shrinks a page to 384 x 216 px and cuts it into 24 px tokens."""
    area = IMAGE_PX[0] * IMAGE_PX[1]
    return Qwen2VLImageProcessorPil(
        size={"shortest_edge": area, "longest_edge": area},
        patch_size=24,
        temporal_patch_size=1,
        merge_size=1,
        resample=4,  # box filter: an exact average of 5 x 5 px
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )


def assemble(model: Qwen3VLForConditionalGeneration, digest: str) -> Qwen3VLBackbone:
    """Put processor, wording and a model of this architecture together."""
    text: Any = model.config.text_config
    wording = TinyWording()
    spec = BackboneSpec(
        id="carousel-tiny",
        digest=digest,
        width=text.hidden_size,
        layers=text.num_hidden_layers,
        heads=text.num_attention_heads,
        positions="mrope_3d",
        embedding_rms=float(model.lm_head.weight.detach().square().mean().sqrt()),
        question=wording.digest,
    )
    return Qwen3VLBackbone(model, image_processor(), wording, spec)


def load(weights: Path = WEIGHTS) -> Qwen3VLBackbone:
    """Load the shipped weights.

    Raises:
        BackboneMissing: there is no weight file.
    """
    if not weights.is_file():
        raise BackboneMissing(
            f"There are no weights at {weights}.",
            "Without them the model answers at random.",
            "Reinstall gazetwin, or train them: python -m tuning.pretraining.",
        )
    model = Qwen3VLForConditionalGeneration(configuration())
    model.load_state_dict(load_file(weights))
    return assemble(model, hashlib.sha256(weights.read_bytes()).hexdigest())
