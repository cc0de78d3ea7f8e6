from __future__ import annotations

import json
import math
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import ProgramError, SessionUnsealed
from protocols.wire import Cancelled, Done, Failed, Message, Progress, decode, encode


class Numbers(Message):
    kind: Literal["numbers"] = "numbers"
    values: tuple[float, ...]


Answer = Progress | Failed | Cancelled | Done | Numbers

# Lone surrogates are no text; everything else is.
texts = st.text(st.characters(exclude_categories=("Cs",)))
floats = st.floats(allow_nan=False)
messages = st.one_of(
    st.builds(Progress, done=st.floats(0, 1e12), total=st.none() | floats, unit=texts, message=texts),
    st.builds(Failed, what=texts, why=texts, fix=texts, code=texts),
    st.just(Cancelled()),
    st.builds(Done, result=st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts)),
    st.builds(Numbers, values=st.lists(floats).map(tuple)),
)


@settings(max_examples=150, deadline=None)
@given(messages)
def test_messages_come_back_as_they_were_sent(message: Message) -> None:
    line = encode(message)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert decode(line, Answer) == message
    assert decode(line + "\r\n", Answer) == message


def test_numbers_that_json_does_not_know_come_back() -> None:
    line = encode(Numbers(values=(math.nan, math.inf, -math.inf, 1.5)))
    back = decode(line, Answer).values
    assert math.isnan(back[0])
    assert back[1:] == (math.inf, -math.inf, 1.5)
    assert "NaN" in json.loads(line)["values"]


def test_lines_name_their_version_and_kind() -> None:
    assert json.loads(encode(Cancelled())) == {"v": 1, "kind": "cancelled"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ('{"v":1,"kind":"progress","done":NaN}', "NaN is not a JSON number"),
        ("[1]", "holds a list"),
        ("[" * 100_000, "not JSON"),
        ('{"kind":"cancelled"}', "version None"),
        ('{"v":2,"kind":"cancelled"}', "version 2"),
        ('{"v":true,"kind":"cancelled"}', "version True"),
        ('{"v":1}', "kind"),
        ('{"v":1,"kind":"dance"}', "dance"),
        ('{"v":1,"kind":"cancelled","why":"x"}', "why"),
        ('{"v":1,"kind":"progress"}', "done"),
        ('{"v":1,"kind":"progress","done":-1}', "done"),
        ('{"v":1,"kind":"cancelled"}{"v":1}', "not JSON"),
    ],
)
def test_lines_that_cannot_be_understood_say_why(line: str, problem: str) -> None:
    with pytest.raises(ProgramError) as refused:
        decode(line, Answer)
    assert problem in refused.value.what
    assert len(refused.value.what) < 1000


@settings(max_examples=100, deadline=None)
@given(st.text() | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(json.dumps))
def test_no_line_breaks_the_reader(line: str) -> None:
    with pytest.raises(ProgramError):
        decode(line, Answer)


def test_one_kind_can_be_expected() -> None:
    assert decode(encode(Done()), Done) == Done()
    with pytest.raises(ProgramError):
        decode(encode(Cancelled()), Done)


def test_broken_text_is_not_sent() -> None:
    with pytest.raises(ProgramError, match="cannot be sent"):
        encode(Progress(done=0, message="\ud800"))


def test_errors_cross_between_programs() -> None:
    error = SessionUnsealed("A.", "B.", "C.")
    back = decode(encode(Failed.of(error)), Answer).error()
    assert type(back) is SessionUnsealed
    assert back.args == error.args


@pytest.mark.parametrize("code", ["Exception", "annotations", "__doc__", ""])
def test_unknown_error_codes_become_program_errors(code: str) -> None:
    assert type(Failed(what="A.", code=code).error()) is ProgramError
