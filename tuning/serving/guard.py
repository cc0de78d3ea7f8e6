"""What is refused before anybody reads a request: foreign hosts, large and slow bodies, too many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tuning.serving.batching import busy
from tuning.serving.limits import Limits
from tuning.serving.refusals import Refused, response

_POLITE = 4
"""A body up to so many times too large is read to its end and forgotten, so that its sender hears why."""


class Guard:
    """Stands before an application.

    Args:
        app: it.
        limits: of a request.
        hosts: names that the Host header may have, without port; empty for any. On a computer's own address
            this keeps web pages of others from reaching the server under a name of theirs.
    """

    def __init__(self, app: ASGIApp, limits: Limits, hosts: Sequence[str]) -> None:
        self._app, self._limits, self._hosts = app, limits, frozenset(hosts)
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._refuse_foreign(scope)
            if scope["method"] in ("GET", "HEAD"):
                await self._app(scope, receive, send)
            else:
                await self._counted(scope, receive, send)
        except Refused as refused:
            await response(refused)(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._open >= self._limits.requests:
            raise busy(f"{self._open} requests are being answered already.")
        self._open += 1
        try:
            body = await self._body(receive)
            await self._app(scope, _replayed(body, receive), send)
        finally:
            self._open -= 1

    async def _body(self, receive: Receive) -> bytes:
        try:
            async with asyncio.timeout(self._limits.body_s):
                return await self._read(receive)
        except TimeoutError:
            raise Refused(
                408,
                "Slow",
                f"The request did not arrive within {self._limits.body_s:g} s.",
                "Slow senders would keep others from being answered.",
                "Send it again over a faster connection.",
                {"Connection": "close"},
            ) from None

    async def _read(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        while more and size <= _POLITE * self._limits.body_bytes:
            message = await receive()
            part = message.get("body", b"")
            size, more = size + len(part), message.get("more_body", False)
            if size <= self._limits.body_bytes:
                parts.append(part)
        if size > self._limits.body_bytes:
            raise Refused(
                413,
                "BodyTooLarge",
                f"The body has more than {self._limits.body_bytes} bytes.",
                "Requests are kept in memory.",
                "Send one page at a time, and pictures as small PNG files.",
                {"Connection": "close"},
            )
        return b"".join(parts)

    def _refuse_foreign(self, scope: Scope) -> None:
        named = Headers(scope=scope).get("host", "")
        host = named.rpartition(":")[0] if named.rpartition(":")[2].isdecimal() else named
        if self._hosts and host.lower() not in self._hosts:
            raise Refused(
                400,
                "ForeignHost",
                f"The request is for the host {host[:200]!r}.",
                "A web page of somebody else could ask under a name of its own.",
                f"Ask under {' or '.join(sorted(self._hosts))}, or serve with --host.",
            )


def _replayed(body: bytes, receive: Receive) -> Receive:
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
