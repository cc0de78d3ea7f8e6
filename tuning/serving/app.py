"""The HTTP interface: which paths there are, and what they answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

from fastapi import FastAPI, Path
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from protocols.stimulus import Page
from tuning.pagespec import PageSpec
from tuning.persona import Persona
from tuning.predictions import Prediction
from tuning.serving.batching import Batching, busy
from tuning.serving.guard import Guard
from tuning.serving.limits import Limits
from tuning.serving.people import People, Question
from tuning.serving.pictures import page_of
from tuning.serving.refusals import answer_errors, responses
from tuning.serving.schemas import (
    Alive,
    Looked,
    PageForm,
    PeopleTold,
    PersonTold,
    PictureForm,
    Pseudonym,
    Ready,
    Shares,
    SlotTold,
)
from tuning.simulate import Seen

Named = Annotated[Pseudonym, Path(description="Pseudonym of a participant.", examples=["P01"])]
Desk = Batching[Question, Seen]


def application(people: People, desk: Desk, limits: Limits, hosts: Sequence[str] = ()) -> ASGIApp:
    """Return the server's application.

    Args:
        people: who is served.
        desk: answers questions; started and stopped by the caller.
        limits: of requests.
        hosts: names under which the server may be asked; empty for any.
    """
    app = FastAPI(
        title="GazeTwin",
        version=version("gazetwin"),
        summary="Twins of participants look at pages.",
        description=(
            "Send a page; the answer is where the participant's twin looks and what it clicks, by the prompt"
            " alone and combined with the participant's position habit. No file, folder or address in a"
            " request is ever opened. Errors say what happened, why it matters and what to do."
        ),
        docs_url=None,  # both load their programs from the internet
        redoc_url=None,
    )
    answer_errors(app)
    _tell_about(app, people, desk)
    _look(app, people, desk)
    return Guard(app, limits, hosts)


def _tell_about(app: FastAPI, people: People, desk: Desk) -> None:
    @app.get("/health", summary="Does the program run?", responses=responses(400))
    async def health() -> Alive:
        """Answer as long as the program runs."""
        return Alive()

    @app.get("/ready", summary="Does the model answer?", responses=responses(400, 503))
    async def ready() -> Ready:
        """Answer as long as questions are answered; 503 while the server ends."""
        if not desk.alive:
            raise busy("The server is ending.")
        spec = people.backbone.spec
        return Ready(backbone=spec.id, personas=len(people.personas), waiting=desk.waiting)

    @app.get("/personas", summary="Who is served?", responses=responses(400))
    async def personas() -> PeopleTold:
        """List the twins."""
        spec, everybody = people.backbone.spec, people.personas.values()
        told = tuple(_told(persona) for persona in everybody)
        return PeopleTold(backbone=spec.id, backbone_digest=spec.digest, personas=told)

    @app.get("/personas/{pseudonym}", summary="Who is this?", responses=responses(400, 404, 422))
    async def persona(pseudonym: Named) -> PersonTold:
        """Tell about one twin."""
        return _told(people.persona(pseudonym))


def _look(app: FastAPI, people: People, desk: Desk) -> None:
    refused = responses(400, 404, 408, 413, 422, 503, 504)

    @app.post("/personas/{pseudonym}/looks", summary="Look at a drawn page.", responses=refused)
    async def looks(pseudonym: Named, page: PageForm) -> Looked:
        """Draw a carousel page and let the twin look at it."""
        started = time.perf_counter()
        people.persona(pseudonym)
        return await seen_on(pseudonym, page.spec(), page.preferred, started)

    @app.post("/personas/{pseudonym}/picture-looks", summary="Look at a picture.", responses=refused)
    async def picture_looks(pseudonym: Named, picture: PictureForm) -> Looked:
        """Let the twin look at a picture of a page, for example with real posters.

        The answer letters that the model chooses by are drawn below the posters, as they were while fitting:
        send the page without them.
        """
        started = time.perf_counter()
        people.persona(pseudonym)
        page = await run_in_threadpool(page_of, picture)
        return await seen_on(pseudonym, page, picture.preferred, started)

    async def seen_on(
        pseudonym: str, page: Page | PageSpec, preferred: tuple[str, ...] | None, started: float
    ) -> Looked:
        seen = await desk.answer(Question(pseudonym, page, preferred))
        return _looked(pseudonym, seen, time.perf_counter() - started)


def _told(persona: Persona) -> PersonTold:
    own = persona.provenance
    return PersonTold(
        participant=own.participant,
        placement=own.config.placement,
        operator=own.config.operator,
        preferred=own.preferred,
        sessions=len(own.sessions),
        heldout=own.heldout,
    )


def _looked(pseudonym: str, seen: Seen, seconds: float) -> Looked:
    slots = tuple(
        SlotTold(
            position=n,
            row=s.row,
            item=s.item,
            film=s.film,
            box_px=(s.box.left, s.box.top, s.box.right, s.box.bottom),
        )
        for n, s in enumerate(seen.page.layout.slots)
    )
    return Looked(
        participant=pseudonym,
        screen=seen.page.screen_id,
        slots=slots,
        films=tuple(slot.film for slot in slots),
        twin=_shares(seen.twin),
        twin_combined=_shares(seen.combined),
        seconds=seconds,
    )


def _shares(found: Prediction) -> Shares:
    return Shares(attention=tuple(found.attention.tolist()), click=tuple(found.choice.tolist()))
