"""Questions about a page, and their answers: choose, find, name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.viewer.policy import HABITS, affinity
from protocols.carousel import GENRES
from protocols.geometry import FloatArray
from tuning.backbones.tiny import LETTERS, LEVELS, WORDS, TinyWording
from tuning.pretraining.pages import SLOTS, DrawnPage, genre_index
from tuning.pretraining.targets import Manner, expected

WORDING = TinyWording()


@dataclass(frozen=True, eq=False)
class Question:
    """One question about one page.

    Attributes:
        ids: token ids, the last one being the answer position.
        answer: distribution over the vocabulary, (words,).
        gaze: where to look, distribution over 15 slots, (15,).
    """

    ids: list[int]
    answer: FloatArray
    gaze: FloatArray


def random_manner(rng: np.random.Generator) -> Manner:
    """Draw a written habit: uniform over habits and thirds."""
    return Manner(str(rng.choice(np.asarray(HABITS))), int(rng.integers(3)), int(rng.integers(3)))


def phrase(manner: Manner) -> list[int]:
    """Return the five tokens that describe a manner: ``looks LEVEL HABIT seeks LEVEL``."""
    return WORDING.ids(["looks", LEVELS[manner.strength], manner.habit, "seeks", LEVELS[manner.pull]])


def choose(
    page: DrawnPage, rng: np.random.Generator, manner: Manner | None, *, written: bool = True
) -> Question:
    """Ask what a viewer with three random preferences would click.

    Args:
        page: the page.
        rng: draws the preferences, and whether the manner is written before or after the profile.
        manner: a viewing habit, None for anyone.
        written: False when the manner is already said elsewhere, before the image.
    """
    preferred = [GENRES[i] for i in rng.permutation(len(GENRES))[:3]]
    truth = expected(page.habits, affinity(page.films, preferred), manner)
    said = phrase(manner) if manner and written else []
    profile = WORDING.ids(["viewer", "likes", *preferred])
    ids = [*said, *profile] if rng.random() < 0.5 else [*profile, *said]
    answer = np.zeros(len(WORDS))
    answer[WORDING.ids(LETTERS[: len(page.films)])] = truth.click
    return Question([*ids, *WORDING.ids(["choose"])], answer, _padded(truth.gaze))


def find(page: DrawnPage, rng: np.random.Generator) -> Question:
    """Ask which posters show a genre that is on the page: any of them is right."""
    genres = np.array([genre_index(film) for film in page.films])
    asked = int(rng.choice(np.unique(genres)))
    share = (genres == asked) / (genres == asked).sum()
    answer = np.zeros(len(WORDS))
    answer[WORDING.ids(LETTERS[: len(genres)])] = share
    return Question(WORDING.ids(["find", GENRES[asked]]), answer, _padded(share))


def name(page: DrawnPage, rng: np.random.Generator) -> Question:
    """Ask for the genre of the poster at a letter."""
    slot = int(rng.integers(len(page.films)))
    answer = np.zeros(len(WORDS))
    answer[WORDING.ids([page.films[slot].genres[0]])] = 1.0
    gaze = np.zeros(SLOTS)
    gaze[slot] = 1.0
    return Question(WORDING.ids(["name", LETTERS[slot]]), answer, gaze)


def _padded(weights: FloatArray) -> FloatArray:
    return np.pad(weights, (0, SLOTS - len(weights)))
