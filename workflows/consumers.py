"""The WebSocket at ``/ws``: start, follow and cancel runs, in Reflow's messages."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError

from workflows.api.commands import (
    CancelCommand,
    PauseCommand,
    SubscribeCommand,
    cancel,
    checked,
    command_of,
    find_execution,
    pause,
    resume,
    start,
)
from workflows.api.envelope import now_ms
from workflows.api.errors import LimitReachedError, failure_of
from workflows.api.live import follow
from workflows.api.socket_access import SUBPROTOCOL, TOO_MANY, SocketRefusedError, admit
from workflows.api.throttles import allow_user

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from workflows.models import Execution

logger = logging.getLogger(__name__)

IDLE = 4408  # or it left too much unread
NOT_NOW = 4503  # the database cannot serve

open_sockets: Counter[int] = Counter()  # of each user, in this process


class Socket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One client. Bad input is answered with an error message; the socket stays open.

    A message has at most ``WS_MESSAGE_BYTES``, a ``start_workflow`` ``API_MAX_BODY_BYTES``. A
    frame over the web server's own limit (Daphne's ``--websocket-max-message-size``) closes the
    socket before it comes here.
    """

    channel_layer_alias = ""  # none here: each subscription has its own reader of nudges

    user: User

    def __init__(self) -> None:
        super().__init__()
        self.followers: dict[str, asyncio.Task[None]] = {}
        self.admitted = False
        self.idle: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        try:
            self.user = await admit(self.scope)
        except SocketRefusedError as refused:
            await self.close(refused.code)
            return
        except DatabaseError as error:
            logger.warning("a socket is refused: %s", error)
            await self.close(NOT_NOW)
            return
        if open_sockets[self.user.pk] >= settings.WS_CONNECTIONS_USER:
            await self.close(TOO_MANY)
            return
        open_sockets[self.user.pk] += 1
        self.admitted = True
        offered = SUBPROTOCOL in self.scope["subprotocols"]
        await self.accept(SUBPROTOCOL if offered else None)
        self.touch()

    def touch(self) -> None:
        """Begin to count ``WS_IDLE_SECONDS`` anew."""
        if self.idle is not None:
            self.idle.cancel()
        loop = asyncio.get_running_loop()
        self.idle = loop.call_later(settings.WS_IDLE_SECONDS, self.rest)

    def rest(self) -> None:
        """Nothing was said for long; one that follows a run may be quiet."""
        if self.followers:
            self.touch()
        else:
            self.closing = asyncio.create_task(self.close(IDLE))

    async def disconnect(self, _code: int) -> None:
        if self.idle is not None:
            self.idle.cancel()
        if self.admitted:
            open_sockets[self.user.pk] -= 1
            if not open_sockets[self.user.pk]:
                del open_sockets[self.user.pk]
        followers = list(self.followers.values())
        for follower in followers:
            follower.cancel()
        await asyncio.gather(*followers, return_exceptions=True)

    async def receive(
        self,
        text_data: str | None = None,
        bytes_data: bytes | None = None,  # noqa: ARG002 -- refused: it is no text
    ) -> None:
        self.touch()
        reply = "error"
        try:
            await database_sync_to_async(allow_user)(self.user)
            kind, body = await database_sync_to_async(command_of)(text_data)
            reply = "workflow_error" if kind == "start_workflow" else "error"
            await self.obey(kind, body)
        except Exception as error:  # noqa: BLE001 -- the border of the socket: all become answers
            await self.send_error(reply, error)

    async def obey(self, kind: str, body: dict[str, Any]) -> None:
        match kind:
            case "start_workflow":
                started = await database_sync_to_async(start)(
                    self.user, body.get("data"), source="websocket"
                )
                await self.send_frame("workflow_started", started.execution.execution_id)
            case "subscribe_workflow":
                command = checked(SubscribeCommand, body)
                await self.subscribe(command["execution_id"], command["after_seq"])
            case "cancel_workflow":
                execution_id = checked(CancelCommand, body)["execution_id"]
                await database_sync_to_async(cancel)(self.user, execution_id)
                await self.send_frame("workflow_cancelled", execution_id)
            case "pause_workflow":
                command = checked(PauseCommand, body)
                await database_sync_to_async(pause)(self.user, **command)
                await self.send_frame("workflow_paused", command["execution_id"])
            case "resume_workflow":
                command = checked(PauseCommand, body)
                await database_sync_to_async(resume)(self.user, **command)
                await self.send_frame("workflow_resumed", command["execution_id"])

    async def subscribe(self, execution_id: str, after_seq: int) -> None:
        """Follow a run; a second subscription to it takes the place of the first."""
        execution = await database_sync_to_async(find_execution)(self.user, execution_id)
        earlier = self.followers.pop(execution_id, None)
        if earlier is not None:
            earlier.cancel()
            await asyncio.gather(earlier, return_exceptions=True)
        if len(self.followers) >= settings.WS_SUBSCRIPTIONS:
            most = f"{settings.WS_SUBSCRIPTIONS} subscriptions on one socket"
            raise LimitReachedError(f"at most {most} (limit: WS_SUBSCRIPTIONS)")
        await self.send_frame("subscription_ack", execution_id)
        self.followers[execution_id] = asyncio.create_task(self.feed(execution, after_seq))

    async def feed(self, execution: Execution, after_seq: int) -> None:
        """One subscription, until the run is over; an error ends it with a message."""
        try:
            await follow(execution, after_seq, self.send_json)
        except Exception as error:  # noqa: BLE001 -- around a reader of the log
            await self.send_error("error", error, execution_id=execution.execution_id)
        self.followers.pop(execution.execution_id, None)

    async def send_frame(self, kind: str, execution_id: str) -> None:
        frame = {"type": kind, "success": True, "execution_id": execution_id}
        await self.send_json({**frame, "timestamp": now_ms()})

    async def send_error(self, kind: str, error: Exception, **about: str) -> None:
        answer = failure_of(error)
        if answer.status == 500:
            logger.error("the WebSocket failed", exc_info=error)
        await self.send_json({"type": kind, **answer.body(), **about})

    async def send_json(self, frame: dict[str, Any]) -> None:
        text = json.dumps(frame, ensure_ascii=False, allow_nan=False)
        try:  # a server that knows that its client does not read lets us wait here
            async with asyncio.timeout(settings.WS_UNREAD_SECONDS + 1):
                await self.send(text_data=text)
        except TimeoutError:
            logger.warning("a client did not read (limit: WS_UNREAD_SECONDS)")
            await self.close(IDLE)
