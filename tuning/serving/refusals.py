"""What the server answers when it does not answer: a status, and what, why, and what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from protocols.errors import EmptyDistribution, GazeTwinError, PersonaMismatch, StudyError, TuningError
from protocols.mistakes import listed_details

log = logging.getLogger(__name__)

_LONGEST = 2000
_OF_THE_PAGE = (StudyError, PersonaMismatch, EmptyDistribution)
"""What a page in a request can be wrong about, beside `TuningError` itself; any other error is ours."""


class Refusal(BaseModel):
    """Why a request was not answered, and what to do."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(description="Name of the error, for programs.", examples=["StudyInvalid"])
    what: str = Field(description="What happened, with the values.")
    why: str = Field(description="Why it matters here.")
    fix: str = Field(description="What to do about it.")


class Refused(GazeTwinError):
    """A request that is not answered, for a reason that HTTP has a status for.

    Args:
        status: of the answer.
        code: for programs.
        what: happened.
        why: it matters.
        fix: what to do.
        headers: of the answer.
    """

    def __init__(
        self, status: int, code: str, what: str, why: str, fix: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(what, why, fix)
        self.status, self.code, self.headers = status, code, dict(headers or {})


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the errors of an operation as its OpenAPI document tells them."""
    return {status: {"model": Refusal, **_TOLD[status]} for status in statuses}


def response(error: GazeTwinError) -> JSONResponse:
    """Return the answer for an error."""
    if isinstance(error, Refused):
        status, code, headers = error.status, error.code, error.headers
    else:
        status, code, headers = _status(error), type(error).__name__, {}
    parts = {name: _sent(getattr(error, name)) for name in ("what", "why", "fix")}
    return JSONResponse({"code": code, **parts}, status, headers)


def answer_errors(app: FastAPI) -> None:
    """Have an application answer every error with a `Refusal`, and never with a traceback."""
    app.add_exception_handler(GazeTwinError, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_form)
    app.add_exception_handler(HTTPException, _refuse_route)
    app.add_exception_handler(Exception, _confess)


def _status(error: GazeTwinError) -> int:
    return 422 if isinstance(error, _OF_THE_PAGE) or type(error) is TuningError else 500


async def _refuse(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - signature of handlers
    assert isinstance(error, GazeTwinError)
    answer = response(error)
    if answer.status_code == 500:
        log.error("A request could not be answered: %s", error)
    return answer


async def _refuse_form(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - see above
    assert isinstance(error, RequestValidationError)
    details: Sequence[Any] = error.errors()
    broken = any(detail["type"] == "json_invalid" for detail in details)
    return response(
        Refused(
            400 if broken else 422,
            "NotJson" if broken else "RequestInvalid",
            f"The request is not what is asked for: {listed_details(details)}",
            "Nothing is guessed or left out, so that no answer is about another page than was meant.",
            "Send what /openapi.json describes.",
        )
    )


async def _refuse_route(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return response(
        Refused(
            error.status_code,
            "RequestInvalid",
            f"{request.method} {request.url.path}: {error.detail}.",
            "The server answers only what its document lists.",
            "See /openapi.json.",
            error.headers,
        )
    )


async def _confess(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return response(
        Refused(
            500,
            "Unexpected",
            "The server could not finish the request.",
            "This is a mistake in the server, not in the request.",
            "See the server's log for the traceback.",
        )
    )


def _sent(text: str) -> str:
    """Return text that JSON can carry, not longer than anybody reads."""
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
    return shown.encode("utf-8", "backslashreplace").decode()


_SECONDS = {"schema": {"type": "integer", "minimum": 1}, "required": True}
_TOLD: dict[int, dict[str, Any]] = {
    400: {"description": "The body is not JSON, or the Host header names another machine."},
    404: {"description": "There is no twin of this pseudonym here."},
    408: {"description": "The request did not arrive in time."},
    413: {"description": "The body, or its picture, is larger than the server takes."},
    422: {"description": "The page cannot be shown to this twin; nothing was guessed."},
    503: {
        "description": "Too many requests wait already.",
        "headers": {"Retry-After": {"description": "When to ask again, in s.", **_SECONDS}},
    },
    504: {"description": "There was no answer in time."},
}
