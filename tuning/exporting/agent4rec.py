"""`agent4rec`: participants as avatars of the recommender simulator Agent4Rec."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from protocols.geometry import FloatArray
from protocols.participant import is_pseudonym
from tuning.exporting.checking import require, table_of, verified
from tuning.exporting.contract import Field, Personas, Setting, Subject, Verification
from tuning.exporting.story import Taste, story
from tuning.exporting.written import write_csv
from tuning.tables_of_use import TablesOfUse

PERSONAS, STATISTIC, AVATARS = "all_personas_like_modify.csv", "user_statistic.csv", "avatars.csv"
PERSONA_COLUMNS = ("taste", "reason", "high_rating", "low_rating")
STATISTIC_COLUMNS = ("user_id", "activity", "diversity", "conformity")
AVATAR_COLUMNS = ("user_id", "participant")
BETWEEN = "| "
LOW, MIDDLE, HIGH = 1, 2, 3
ACTIVITY_PERCENTILES, DIVERSITY_PERCENTILES = (60, 90), (33, 66)
FEWEST_TO_COMPARE = 3


class Agent4Rec:
    """See the module."""

    name = "agent4rec"
    summary = "Recommender simulator Agent4Rec: avatars with the tastes watch pages of recommended films."
    package = "LehengTHU/Agent4Rec (repository)"
    version = "2024-04"
    settings: tuple[Setting, ...] = ()
    fields = (
        Field("taste", "measured", "answers about genres, and what was looked at and clicked, in sentences"),
        Field("reason", "omitted", "nobody was asked; Agent4Rec does not read it"),
        Field("high_rating", "measured", "genres of 4 stars or more, or preferred ones"),
        Field("low_rating", "measured", "genres of 2 stars or less"),
        Field(
            "activity", "proxy", "by pages that ended with a click, in the cohort; 2 when nobody stands out"
        ),
        Field(
            "diversity", "proxy", "by spread of clicks over genres, in the cohort; 2 when nobody stands out"
        ),
        Field("conformity", "proxy", "always 2: needs ratings of films against the average, not measured"),
        Field("avatar id", "constant", "row number; Agent4Rec gives it the history of that MovieLens user"),
        Field("soft prompt", "omitted", "only a model with the same weights can read it"),
    )

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write Agent4Rec's two tables of users, and who is which avatar."""
        subjects = personas.subjects
        write_csv(folder / PERSONAS, PERSONA_COLUMNS, [_persona(subject) for subject in subjects])
        activity = _levels([_clicking_rate(s.use) for s in subjects], ACTIVITY_PERCENTILES)
        diversity = _levels([_spread(s.use) for s in subjects], DIVERSITY_PERCENTILES)
        levels = zip(activity, diversity, strict=True)
        write_csv(
            folder / STATISTIC, STATISTIC_COLUMNS, [(i, a, d, MIDDLE) for i, (a, d) in enumerate(levels)]
        )
        write_csv(folder / AVATARS, AVATAR_COLUMNS, [(i, s.name) for i, s in enumerate(subjects)])
        return self._filled(subjects)

    def verify(self, folder: Path) -> Verification:
        """Check the tables against what Agent4Rec's arena and avatars read."""
        return verified(
            "schema",
            self.package,
            self.version,
            [
                (f"{PERSONAS} has a taste for every avatar", lambda: _refuse_no_taste(folder)),
                (f"{STATISTIC} has levels 1 to 3 for every avatar", lambda: _refuse_other_levels(folder)),
                (f"{AVATARS} names every avatar", lambda: _refuse_other_avatars(folder)),
            ],
        )

    def _filled(self, subjects: Sequence[Subject]) -> tuple[Field, ...]:
        looks = sum(int(s.use.films.examined.sum()) for s in subjects)
        views, clicks = sum(s.use.views for s in subjects), sum(s.use.clicks for s in subjects)
        answers = sum(len(s.provenance.ratings) or len(s.provenance.preferred) for s in subjects)
        n = {
            "taste": looks,
            "high_rating": answers,
            "low_rating": answers,
            "activity": views,
            "diversity": clicks,
        }
        return tuple(Field(f.name, f.how, f.note, n.get(f.name)) for f in self.fields)


def _persona(subject: Subject) -> tuple[str, str, str, str]:
    taste = Taste.of(subject)
    likes = [f"I like {genre} films" for genre in taste.liked]
    dislikes = [f"I do not like {genre} films" for genre in taste.disliked]
    watched = [s.text for s in story(subject) if s.topic in ("looking", "clicking")]
    high = f"You are giving high ratings to films of {', '.join(taste.liked)}" if taste.liked else ""
    low = f"You are giving low ratings to films of {', '.join(taste.disliked)}" if taste.disliked else ""
    return BETWEEN.join([*likes, *dislikes, *watched]), "", high, low


def _clicking_rate(use: TablesOfUse) -> float:
    return use.clicks / use.views


def _spread(use: TablesOfUse) -> float:
    """Return the entropy of clicks over genres in nats."""
    clicks = use.films.clicked[use.films.clicked > 0]
    shares: FloatArray = clicks / max(clicks.sum(), 1)
    return float(-(shares * np.log(shares)).sum())


def _levels(values: Sequence[float], percentiles: tuple[int, int]) -> list[int]:
    """Return 1 to 3 by percentiles of the cohort, as Agent4Rec does; the middle when that says nothing."""
    if len(values) < FEWEST_TO_COMPARE or min(values) == max(values):
        return [MIDDLE] * len(values)
    low, high = np.percentile(values, percentiles)
    return [HIGH if value > high else MIDDLE if value > low else LOW for value in values]


def _refuse_no_taste(folder: Path) -> None:
    rows = table_of(folder / PERSONAS, PERSONA_COLUMNS)
    require(len(rows) > 0, "nobody is in it")
    require(all(row[0].split(BETWEEN)[0].strip() for row in rows), "somebody has none")


def _refuse_other_levels(folder: Path) -> None:
    rows = table_of(folder / STATISTIC, STATISTIC_COLUMNS)
    require([row[0] for row in rows] == _ids(folder), "avatars are not numbered from 0 as in the other table")
    allowed = {str(level) for level in (LOW, MIDDLE, HIGH)}
    require(all(set(row[1:]) <= allowed for row in rows), "another level is a KeyError for an avatar")


def _refuse_other_avatars(folder: Path) -> None:
    rows = table_of(folder / AVATARS, AVATAR_COLUMNS)
    require([row[0] for row in rows] == _ids(folder), "avatars are not numbered from 0 as in the other table")
    require(all(is_pseudonym(row[1]) for row in rows), "somebody has no pseudonym")


def _ids(folder: Path) -> list[str]:
    return [str(i) for i in range(len(table_of(folder / PERSONAS, PERSONA_COLUMNS)))]
