"""No body over ``API_MAX_BODY_BYTES``, on any address: refused before it is kept anywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.conf import settings

from workflows.api.errors import BodyTooLargeError, failure_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Event = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Event]]
    Send = Callable[[Event], Awaitable[None]]
    Application = Callable[[Event, Receive, Send], Awaitable[None]]


class _OverError(Exception):
    """More came than may."""


class BodyLimit:
    """An ASGI application before another one: it answers 413 by the length, or once too much came.

    Django asks for its limit only after it has written the whole body to a temporary file.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        limit = settings.API_MAX_BODY_BYTES
        if declared_length(scope["headers"]) > limit:
            await refuse(send)
            return
        try:
            await self._application(scope, counted(receive, limit), send)
        except _OverError:  # Django reads the whole body before it answers anything
            await refuse(send)


def counted(receive: Receive, limit: int) -> Receive:
    """``receive``, until more than ``limit`` bytes have come through it."""
    came = 0

    async def counting() -> Event:
        nonlocal came
        event = await receive()
        came += len(event.get("body", b""))
        if came > limit:
            raise _OverError
        return event

    return counting


def declared_length(headers: list[tuple[bytes, bytes]]) -> int:
    """What ``Content-Length`` says; 0 if it says no number."""
    length = dict(headers).get(b"content-length", b"")
    return int(length[:20]) if length.isdigit() else 0


def refusal() -> tuple[int, bytes]:
    """Status and body of the answer."""
    failure = failure_of(BodyTooLargeError(settings.API_MAX_BODY_BYTES))
    return failure.status, json.dumps(failure.body()).encode()


async def refuse(send: Send) -> None:
    status, body = refusal()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
