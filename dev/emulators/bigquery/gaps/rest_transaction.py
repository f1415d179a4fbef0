"""Each REST request is one transaction (gap g), and none runs while another has the database.

Rule: a request that is answered with success has had its effect, one that failed has had none. The answer leaves only
after the commit, so a killed process may have done what it never answered, but never answers what it has not done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from gaps.one_writer import OneWriter

_READS = {"GET", "HEAD", "OPTIONS"}


class RestTransaction:
    """ASGI middleware: waits for the whole request, takes the connection, runs it, commits, then answers."""

    def __init__(self, app: ASGIApp, writer: OneWriter, before_each: Callable[[], None]) -> None:
        self._app = app
        self._writer = writer
        self._before_each = before_each

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = await _whole(receive)
        answer: list[Message] = []

        async def replay() -> Message:
            return request.pop(0) if request else {"type": "http.disconnect"}

        async def hold(message: Message) -> None:
            answer.append(message)

        await self._writer.acquire()
        try:
            self._before_each()
            if scope["method"] in _READS:
                await self._app(scope, replay, hold)
            else:
                await self._run_change(scope, replay, hold, answer)
        finally:
            self._writer.release()
        for message in answer:
            await send(message)

    async def _run_change(self, scope: Scope, receive: Receive, send: Send, answer: list[Message]) -> None:
        self._writer.begin()
        try:
            await self._app(scope, receive, send)
        except BaseException:
            self._writer.roll_back()
            raise
        failed = any(m["type"] == "http.response.start" and m["status"] >= 400 for m in answer)
        if failed and not self._writer.current.keep_despite_error:
            self._writer.roll_back()
        else:
            self._writer.commit()


async def _whole(receive: Receive) -> list[Message]:
    # A slow client must not hold the database, so its body is complete before the connection is taken.
    parts: list[Message] = []
    while True:
        message = await receive()
        parts.append(message)
        if message["type"] != "http.request" or not message.get("more_body", False):
            return parts
