"""Messages between programs: one JSON object a line, versioned and typed.

A line is ASCII, holds no line break, and is strict JSON: numbers that JSON does not know travel as the
strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"`` and come back as numbers wherever the message declares a
float. Every message is a `Message` with a literal field ``kind``; a program names them in a union::

    Answer = Progress | Failed | Cancelled | Done
    decode(line, Answer)
"""

from __future__ import annotations

import json
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_origin, overload

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, TypeAdapter, ValidationError

import protocols.errors as errors
from protocols.errors import GazeTwinError, ProgramError
from protocols.mistakes import listed

VERSION = 1
_SHOWN = 200

M = TypeVar("M", bound="Message")


class Message(BaseModel):
    """Base of everything sent between programs; subclasses add ``kind: Literal["..."] = "..."``."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Progress(Message):
    """How far a job is.

    Attributes:
        done: amount done, >= 0.
        total: amount in all, None when unknown.
        unit: what is counted, for example ``steps``.
        message: what is being done, for people.
    """

    kind: Literal["progress"] = "progress"
    done: float = Field(ge=0)
    total: float | None = None
    unit: str = ""
    message: str = ""


class Failed(Message):
    """A job ended with an error.

    Attributes:
        what: what happened.
        why: why it matters.
        fix: what to do.
        code: name of the error class, for example ``SessionUnsealed``.
    """

    kind: Literal["failed"] = "failed"
    what: str
    why: str = ""
    fix: str = ""
    code: str = "ProgramError"

    @classmethod
    def of(cls, error: GazeTwinError) -> Failed:
        """Return the message for an error."""
        return cls(what=error.what, why=error.why, fix=error.fix, code=type(error).__name__)

    def error(self) -> GazeTwinError:
        """Return the error as this side knows it; an unknown code becomes a ProgramError."""
        kind = getattr(errors, self.code, ProgramError)
        if not (isinstance(kind, type) and issubclass(kind, GazeTwinError)):
            kind = ProgramError
        return kind(self.what, self.why, self.fix)


class Cancelled(Message):
    """A job ended because it was asked to."""

    kind: Literal["cancelled"] = "cancelled"


class Done(Message):
    """A job ended well; ``result`` is what it has to say, JSON values only."""

    kind: Literal["done"] = "done"
    result: dict[str, JsonValue] = Field(default_factory=dict)


def encode(model: Message) -> str:
    """Return a message as one line of JSON, without the line break.

    Raises:
        ProgramError: the message holds something that JSON text cannot carry (a broken surrogate).
    """
    try:
        body = json.loads(model.model_dump_json())
    except ValueError as error:
        raise ProgramError(
            f"A {type(model).__name__} message cannot be sent: {error}",
            "Programs talk in JSON text.",
            "Send text without broken characters.",
        ) from error
    return json.dumps({"v": VERSION, **body}, allow_nan=False, separators=(",", ":"))


@overload
def decode(line: str, union: type[M]) -> M: ...
@overload
def decode(line: str, union: object) -> Any: ...
def decode(line: str, union: object) -> Any:
    """Return the message of one line.

    Args:
        line: with or without its line break.
        union: a Message class, or a union of Message classes with distinct kinds.

    Raises:
        ProgramError: not strict JSON, another version, an unknown kind, or fields that are wrong.
    """
    body = _object(line)
    version = body.pop("v", None)
    if type(version) is not int or version != VERSION:
        raise _refusal(line, f"It has version {version!r}, this program speaks version {VERSION}.")
    try:
        return _adapter(union).validate_python(body)
    except ValidationError as error:
        raise _refusal(line, listed(error)) from error


def _object(line: str) -> dict[str, Any]:
    try:
        body = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _refusal(line, f"It is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise _refusal(line, f"It holds a {type(body).__name__}, not an object.")
    return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


@lru_cache(maxsize=64)
def _adapter(union: Any) -> TypeAdapter[Any]:
    several = get_origin(union) in (Union, UnionType)
    tagged: Any = Annotated[union, Discriminator("kind")] if several else union
    return TypeAdapter(tagged)


def _refusal(line: str, problem: str) -> ProgramError:
    text = line.strip()
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return ProgramError(
        f"A line from another program cannot be understood: {shown!r}. {problem}",
        "Guessing what it meant could show or store something wrong.",
        "Use both programs from the same installation, and let nothing else write to this stream.",
    )
