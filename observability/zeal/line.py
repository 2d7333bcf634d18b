"""One live connection: what was sent by it and waits for its answer."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import describe
from observability.zeal.dialing import SocketError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from observability.zeal.connection import Connection

logger = logging.getLogger(__name__)

AUTH_CODES = ("AUTH_ERROR", "WORKFLOW_NOT_FOUND")
UNKNOWN_SECONDS = 60.0  # until Zeal is asked again for a workflow that it did not have
MAX_TEXT = 300  # characters of an error of Zeal's


class SilentError(SocketError):
    """Zeal does not answer a question for a workflow."""


class UnknownWorkflowError(Exception):
    """Zeal will not have this workflow on its live socket."""


@dataclass(slots=True)
class Tally:
    """Counts of events since the process started; ``dropped`` is of ours, by type."""

    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    last_error: str = ""


@dataclass(slots=True, eq=False)
class Batch:
    """Frames that are sent together. Answers come in the order in which they were sent."""

    size: int
    done: asyncio.Future[None]  # with an error once the connection is over
    written: int = 0
    accepted: int = 0
    refused: int = 0

    @property
    def answered(self) -> int:
        return self.accepted + self.refused

    def answer(self, *, accepted: bool) -> None:
        self.accepted += accepted
        self.refused += not accepted
        if self.answered == self.size and not self.done.done():
            self.done.set_result(None)


class Line:
    """A connection in use. ``over`` is done, with the reason, once it is of no more use.

    Args:
        heard: is given what Zeal says of its own accord.
        patience: seconds without any answer to what was sent until the connection is over.
    """

    def __init__(
        self,
        connection: Connection,
        heard: Callable[[str, Any], Awaitable[None]],
        tally: Tally,
        *,
        patience: float,
    ) -> None:
        self.over: asyncio.Future[SocketError] = asyncio.get_running_loop().create_future()
        self.profile = connection.profile
        self.max_bytes = connection.max_bytes
        self.frame = connection.frame
        self.chosen: set[str] = set()
        self._unknown: dict[str, tuple[float, str]] = {}
        self._connection = connection
        self._heard = heard
        self._tally = tally
        self._patience = patience
        self._pending: deque[Batch] = deque()  # one entry a frame
        self._answered_at = 0.0
        self._writing = asyncio.Lock()
        self._choosing = asyncio.Lock()
        self._asked: tuple[str, asyncio.Future[None]] | None = None

    # --- what Zeal says ---

    async def listen(self) -> None:
        """Read until the connection is over."""
        try:
            while not self.over.done():
                name, payload = await self._connection.receive()
                await self._take(name, payload)
        except SocketError as error:
            self.fail(error)

    async def _take(self, name: str, payload: Any) -> None:
        said = payload if isinstance(payload, dict) else {}
        if name == "event.acknowledged":
            self._answer(accepted=True)
        elif name == "auth.success":
            if self._asked is not None and said.get("workflowId") == self._asked[0]:
                _settle(self._asked[1])
        elif name == "error":
            self._refused(said)
        else:
            await self._heard(name, payload)

    def _refused(self, said: dict[str, Any]) -> None:
        code = str(said.get("code", ""))
        text = f"{code}: {said.get('message', '')}{_details(said)}"[:MAX_TEXT]
        if code in AUTH_CODES and self._asked is not None:
            _settle(self._asked[1], UnknownWorkflowError(text))
            return
        self._tally.last_error = text
        self._answer(accepted=False)

    def _answer(self, *, accepted: bool) -> None:
        self._answered_at = asyncio.get_running_loop().time()
        if not self._pending:  # an answer to nothing of ours
            return
        self._tally.acknowledged += accepted
        self._tally.refused += not accepted
        self._pending.popleft().answer(accepted=accepted)

    # --- what Zeal is told ---

    async def choose(self, workflow_id: str, seconds: float) -> None:
        """Ask for a workflow, once.

        Raises:
            UnknownWorkflowError: Zeal does not have it.
            SocketError: the connection is over; SilentError: there was no answer in time.
        """
        async with self._choosing:
            self._check()
            if workflow_id in self.chosen:
                return
            self._refuse_again(workflow_id)
            answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._asked = (workflow_id, answer)
            try:
                await self._ask(workflow_id, answer, seconds)
            except UnknownWorkflowError as error:
                now = asyncio.get_running_loop().time()
                self._unknown[workflow_id] = (now + UNKNOWN_SECONDS, str(error))
                raise
            finally:
                self._asked = None
            self.chosen.add(workflow_id)

    async def _ask(self, workflow_id: str, answer: asyncio.Future[None], seconds: float) -> None:
        await self._connection.ask(workflow_id)
        if not self._connection.acknowledges:
            return
        await asyncio.wait((answer, self.over), timeout=seconds, return_when="FIRST_COMPLETED")
        self._check()
        if not answer.done():
            raise SilentError(f"no answer to auth for {workflow_id} in {seconds:g} s")
        answer.result()

    def _refuse_again(self, workflow_id: str) -> None:
        until, told = self._unknown.get(workflow_id, (0.0, ""))
        if until > asyncio.get_running_loop().time():
            raise UnknownWorkflowError(told)
        self._unknown.pop(workflow_id, None)

    async def deliver(self, frames: Sequence[str]) -> Batch:
        """Send frames and wait for their answers; the batch says how far that went.

        Cut off in the middle of a write, the connection is over: nobody knows what is on its way.
        """
        batch = Batch(len(frames), asyncio.get_running_loop().create_future())
        try:
            async with self._writing:
                self._check()
                await self._write(batch, frames)
            await self._wait(batch)
        except SocketError as error:
            self.fail(error)
        return batch

    async def _write(self, batch: Batch, frames: Sequence[str]) -> None:
        if not self._pending:
            self._answered_at = asyncio.get_running_loop().time()
        self._pending.extend([batch] * len(frames))
        batch.written += len(frames)
        self._tally.sent += len(frames)
        try:
            await self._connection.send(frames)
        except asyncio.CancelledError:
            self.fail(SocketError("a write was cut off"))
            raise
        if not self._connection.acknowledges:
            for _ in frames:
                self._answer(accepted=True)

    async def _wait(self, batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        while batch.answered < batch.size:
            ended = (batch.done, self.over)
            await asyncio.wait(ended, timeout=self._patience, return_when="FIRST_COMPLETED")
            self._check(batch)
            if not batch.done.done() and loop.time() - self._answered_at >= self._patience:
                raise SocketError(f"no acknowledgement in {self._patience:g} s")

    def _check(self, batch: Batch | None = None) -> None:
        complete = batch is not None and batch.done.done()
        if self.over.done() and not complete:
            raise self.over.result()

    # --- the end ---

    def fail(self, error: SocketError) -> None:
        """The connection is of no more use; the first reason counts."""
        if not self.over.done():
            self.over.set_result(error)

    def lost(self, task: asyncio.Task[None]) -> None:
        """One of its tasks has ended; if by an error of ours, so has the connection."""
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("the live socket's task failed", exc_info=error)
            self.fail(SocketError(describe(error)))

    async def flush(self, seconds: float) -> None:
        """Wait for the answers that are still to come, at most so many seconds."""
        waiting = {batch.done for batch in self._pending}
        if waiting and not self.over.done():
            await asyncio.wait(waiting, timeout=seconds)

    async def close(self) -> None:
        self.fail(SocketError("closed"))
        await self._connection.close()


def _settle(future: asyncio.Future[None], error: Exception | None = None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def _details(said: dict[str, Any]) -> str:
    details = said.get("details")
    return f" ({details})" if details else ""
