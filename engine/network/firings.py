"""A batch of firings of an async behaviour: run one after the other, sent on when one waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engine.actor import Context
from engine.errors import ActorError
from engine.network.boundary import in_task
from engine.network.completion import Ended
from engine.network.doubts import settled
from engine.network.outputs import Failure, gather
from engine.network.patience import Patience
from engine.network.records import TurnStarted
from engine.network.steps import with_emitted

if TYPE_CHECKING:
    from engine.journal import Decision
    from engine.messages import Message
    from engine.network.workers import Crew


class Firings:
    """One batch of firings of an async behaviour, sent on whenever it really waits."""

    __slots__ = (
        "_announced",
        "_crew",
        "_failures",
        "_left",
        "_order",
        "_patience",
        "_ports",
        "_results",
        "_since",
        "_task",
        "_waited",
        "ctx",
        "inputs",
        "node",
        "over",
    )

    def __init__(self, crew: Crew, inputs: list[dict[str, Message]]) -> None:
        self._crew = crew
        self.node = crew.node
        self.inputs = inputs
        self.ctx = Context(self.node, self.node.ctx.state)
        self._results: list[Any] = []
        self._failures: list[Failure] = []
        self._waited = False
        self._announced = False
        self._task: asyncio.Task[Any] | None = None
        self._patience: Patience | None = None  # with the firing that waits
        self.over = False
        self._left = 0  # firings whose results have left
        self._ports = self.node.turn_ports
        self._order = crew.begin()
        self._since = self.node.scheduler.clock.monotonic()

    async def run(self) -> None:
        ctx, fire = self.ctx, self._crew.fire
        emitted, append, loop = ctx.emitted, self._results.append, asyncio.get_running_loop()
        handle = loop.call_soon(self._waits)
        self._task = asyncio.current_task()
        pending = iter(self.inputs)
        for ctx.inputs in pending:
            try:
                result = await fire(ctx)
                append(with_emitted(ctx, result) if emitted else result)
            except asyncio.CancelledError as error:
                if self._took_too_long():
                    self._failed(self._patience.error())  # type: ignore[union-attr]
                    ctx = self._other_context()
                    emitted = ctx.emitted
                elif asyncio.current_task().cancelling():  # type: ignore[union-attr]
                    self.node.abandoned += sum(1 for _ in pending)
                    raise
                else:
                    self._failed(ActorError(f"cancelled: {error}"))
            except (Exception, SystemExit) as error:  # noqa: BLE001 -- the boundary around a behaviour
                self._failed(error)
            except GeneratorExit as error:
                if not in_task():
                    raise
                self._failed(ActorError(f"GeneratorExit: {error}"))
            if self._waited:  # the loop has run: others may want to pause or stop the network
                self._waited = False
                self._be_patient_no_more()
                self.leave()
                handle = loop.call_soon(self._waits)
                if not await self.node.scheduler.may_go_on():
                    self.node.abandoned += sum(1 for _ in pending)
        self.over = True
        handle.cancel()  # it would keep the batch in memory until the loop comes round
        self.leave()

    def _took_too_long(self) -> bool:
        return self._patience is not None and self._patience.ended_it()

    def _be_patient_no_more(self) -> None:
        if self._patience is not None:
            self._patience.ended_it()
            self._patience = self.ctx.patience = None

    def _other_context(self) -> Context:
        """What timed out may go on in a thread: its context is closed, the next has its own."""
        closed = self.ctx
        self.ctx = closed.for_one_try()
        closed.close()
        return self.ctx

    def _failed(self, error: BaseException) -> None:
        self.ctx.emitted.clear()
        self._failures.append(Failure(error, self.ctx.inputs))

    def _waits(self) -> None:
        """The loop runs, so the behaviour waits for something: what is done must not."""
        scheduler = self.node.scheduler
        if self.over:
            return
        try:
            self.leave()
            self._waited = True
            if self._patience is None and self._crew.patient:
                assert self._task is not None  # noqa: S101 -- run() is under way
                self._patience = Patience(self.node, self._task, self.ctx.away)
                self.ctx.patience = self._patience
            if scheduler.recording and not self._announced:
                self._announced = True
                scheduler.record(TurnStarted(scheduler.clock.now(), self.node, 1))
        except Exception as error:  # noqa: BLE001 -- the engine's own: the run must end with it
            scheduler.crash(error)

    def leave(self) -> None:
        """Send on what is done; the rest of the batch is a turn of its own."""
        fired = len(self._results) + len(self._failures)
        if not (fired or self.over):
            return
        failures, self._failures = self._failures, []
        outputs = gather(self.node, self._results, failures, self.inputs[self._left :])
        self._left += fired
        self._results.clear()
        self._finished(fired, outputs, failures)
        self._since, self._announced = self.node.scheduler.clock.monotonic(), False
        if not self.over:
            self._order = self._crew.begin()

    def settle(self, decision: Decision) -> None:
        """End the only firing without firing it, as was decided."""
        outputs, failures = settled(decision, self.ctx.inputs)
        self.over = True
        self._finished(1, outputs, failures)

    def _finished(
        self, fired: int, outputs: dict[str, list[Message]], failures: list[Failure]
    ) -> None:
        key = "" if self._crew.guard is None else self.ctx.idempotency_key
        ended = Ended(self._since, fired, outputs, failures, self._announced, self._ports, key)
        self._crew.finished(self._order, ended)
