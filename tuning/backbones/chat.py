"""How a question is put to a model with a tokenizer and a chat template of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from protocols.errors import BackboneMissing

QUESTION = (
    "You are choosing a film on a streaming service. {profile}"
    "Each film poster on this page has a letter below it. Which one do you click?"
    " Answer with its letter only."
)


class ChatWording:
    """One user turn, an image and then the question, followed by the start of the model's turn.

    Attributes:
        tokenizer: with a chat template.

    Args:
        tokenizer: with a chat template.
        start: token text that opens an image.
        image: token text that stands for the image in the template.
        end: token text that closes an image.

    Raises:
        BackboneMissing: the template has no place for an image, or a letter is more than one token.
    """

    def __init__(self, tokenizer: Any, start: str, image: str, end: str) -> None:
        self.tokenizer, self._start, self._image, self._end = tokenizer, start, image, end
        self._letters = {letter: self._letter(letter) for letter in "ABCDEFGHIJKLMNO"}
        self._before, _ = self._parts(())

    def before_image(self) -> list[int]:
        """Tokens up to and including the one that opens the image."""
        return self._ids(self._before + self._start)

    def after_image(self) -> list[int]:
        """The token that closes the image."""
        return self._ids(self._end)

    def question(self, preferred: Sequence[str]) -> list[int]:
        """Profile and instruction, and the start of the model's turn."""
        return self._ids(self._parts(preferred)[1])

    def text(self, preferred: Sequence[str]) -> str:
        """The words of profile and instruction."""
        profile = f"Your favourite genres are {', '.join(preferred)}. " if preferred else ""
        return QUESTION.format(profile=profile)

    def letter(self, letter: str) -> int:
        """Token of one answer letter."""
        return self._letters[letter]

    @property
    def used(self) -> int:
        """Ids from here on stand for nothing."""
        return int(max(self.tokenizer.get_vocab().values())) + 1

    @property
    def digest(self) -> str:
        """SHA-256 of the text around page and genres, hexadecimal."""
        texts = [*self._parts(()), *self._parts(("genre",)), self._start, self._end]
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()

    @property
    def question_follows_image(self) -> bool:
        """Whether the template puts nothing between the end of an image and the text after it."""
        return self._parts(())[1].startswith(QUESTION.partition("{")[0])

    def _parts(self, preferred: Sequence[str]) -> tuple[str, str]:
        """Return the text before and after the image, without its opening and closing tokens."""
        content = [{"type": "image"}, {"type": "text", "text": self.text(preferred)}]
        turns = [{"role": "user", "content": content}]
        text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        before, place, after = text.partition(self._image)
        if not place:
            raise BackboneMissing(
                f"The chat template has no {self._image} where an image should be: {text[:200]!r}.",
                "The model could not be shown a page.",
                "Use the template that belongs to this model.",
            )
        return before.removesuffix(self._start), after.removeprefix(self._end)

    def _letter(self, letter: str) -> int:
        ids = self._ids(letter)
        if len(ids) != 1:
            raise BackboneMissing(
                f"The tokenizer writes the answer {letter} with {len(ids)} tokens.",
                "A click is predicted from the probability of one token per letter.",
                "Use a model whose tokenizer has capital letters as tokens.",
            )
        return ids[0]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids
