"""`yulan`: participants as users of the recommender simulator YuLan-Rec (RecAgent)."""

from __future__ import annotations

from pathlib import Path

from protocols.errors import ExportError
from protocols.participant import is_pseudonym
from tuning.exporting.checking import require, table_of, verified
from tuning.exporting.contract import Field, Personas, Setting, Subject, Verification
from tuning.exporting.story import Taste
from tuning.exporting.written import write_csv

USERS, RELATIONS = "user.csv", "relationship.csv"
USER_COLUMNS = ("id", "name", "gender", "age", "traits", "status", "interest", "feature")
RELATION_COLUMNS = ("user_1", "user_2", "relationship", "closeness")
GENDERS = ("male", "female")
OLDEST = 120


class YuLan:
    """See the module."""

    name = "yulan"
    summary = "Recommender simulator YuLan-Rec: users with the tastes browse, chat and post."
    package = "RUC-GSAI/YuLan-Rec (repository)"
    version = "2025-04"
    settings = (
        Setting("age", "placeholder in years that stands for everybody's unknown age", required=True),
        Setting(
            "gender", "placeholder that stands for everybody's unknown gender, male or female", required=True
        ),
    )
    fields = (
        Field("name", "derived", "the pseudonym"),
        Field("interest", "measured", "genres of 4 stars or more, or preferred ones, as answered"),
        Field("age", "proxy", "not known; the placeholder that was given"),
        Field("gender", "proxy", "not known; the placeholder that was given; it chooses a picture"),
        Field("traits, status, feature", "omitted", "character, occupation and activity were not measured"),
        Field("relationships", "omitted", "nobody's relations are known; the table is empty"),
        Field("id", "constant", "row number"),
        Field("looking and clicking", "omitted", "YuLan-Rec's users have no place for it"),
        Field("soft prompt", "omitted", "only a model with the same weights can read it"),
    )

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write ``user.csv`` and an empty ``relationship.csv``."""
        gender, age = _gender(personas.settings["gender"]), _age(personas.settings["age"])
        rows = [
            (i, subject.name, gender, age, "", "", _interest(subject), "")
            for i, subject in enumerate(personas.subjects)
        ]
        write_csv(folder / USERS, USER_COLUMNS, rows)
        write_csv(folder / RELATIONS, RELATION_COLUMNS, [])
        answers = sum(len(s.provenance.ratings) or len(s.provenance.preferred) for s in personas.subjects)
        name, interest, *rest = self.fields
        return (name, Field(interest.name, interest.how, interest.note, answers), *rest)

    def verify(self, folder: Path) -> Verification:
        """Check the tables against what YuLan-Rec reads."""
        return verified(
            "schema",
            self.package,
            self.version,
            [
                (f"{USERS} holds users", lambda: _refuse_other_users(folder)),
                (f"{RELATIONS} holds relations", lambda: table_of(folder / RELATIONS, RELATION_COLUMNS)),
            ],
        )


def _interest(subject: Subject) -> str:
    liked = Taste.of(subject).liked
    if not liked:
        raise ExportError(
            f"{subject.name} named no genre they like.",
            "Interests are all that YuLan-Rec takes from a persona; without them it would be anybody.",
            "Leave this persona out, or ask for genres in the study.",
        )
    return ", ".join(f"{genre} movies" for genre in liked)


def _gender(given: str) -> str:
    if given not in GENDERS:
        raise _unusable("gender", given, " or ".join(GENDERS))
    return given


def _age(given: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) <= 3 and int(given) <= OLDEST):
        raise _unusable("age", given, f"a whole number of years up to {OLDEST}")
    return int(given)


def _unusable(name: str, given: str, wanted: str) -> ExportError:
    return ExportError(
        f"The {name} {given[:40]!r} cannot be written.",
        f"YuLan-Rec reads {wanted} there and has no value for unknown.",
        f"Give --set {name}=..., {wanted}.",
    )


def _refuse_other_users(folder: Path) -> None:
    rows = table_of(folder / USERS, USER_COLUMNS)
    require(len(rows) > 0, "nobody is in it")
    require([row[0] for row in rows] == [str(i) for i in range(len(rows))], "users are not numbered from 0")
    for _, name, gender, age, _, _, interest, _ in rows:
        require(is_pseudonym(name), f"{name!r} is no pseudonym")
        require(gender in GENDERS, f"the gender of {name} is {gender!r}")
        require(age.isascii() and age.isdigit(), f"the age of {name} is {age!r}")
        require(bool(interest), f"{name} has no interest")
