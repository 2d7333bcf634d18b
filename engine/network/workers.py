"""The tasks of an async or blocking actor: started when there is work, one a concurrent firing.

``scheduler.in_flight`` counts the tasks that are at work. Whoever wakes a task raises it, and the
task lowers it before it rests: so that no moment looks idle while a wake-up is under way.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Any

from engine.actor import Actor, Context
from engine.behaviour import Style
from engine.messages import freeze
from engine.network.attempts import under_policy
from engine.network.boundary import contained
from engine.network.completion import Ended, finish
from engine.network.doubts import settled
from engine.network.firings import Firings
from engine.network.node import TURN
from engine.network.outputs import Failure, gather_pairs
from engine.network.patience import Patience
from engine.network.records import TurnStarted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.messages import Message
    from engine.network.doubts import Guard
    from engine.network.node import Node
    from engine.policy import NodePolicy

WINDOW = 2  # finished firings that may wait for an older one, as a multiple of the concurrency


class Crew:
    """The worker tasks of one node."""

    __slots__ = (
        "_batch",
        "_closed",
        "_done",
        "_released",
        "_resting",
        "_size",
        "_taken",
        "_waiting",
        "fire",
        "guard",
        "node",
        "patient",
        "tasks",
    )

    def __init__(
        self, node: Node, policy: NodePolicy | None = None, guard: Guard | None = None
    ) -> None:
        self.node = node
        self.guard = guard  # of an unsafe effect
        self.tasks: list[asyncio.Task[None]] = []
        self._size = node.actor.concurrency
        self._resting: list[asyncio.Future[None]] = []
        self._waiting: set[asyncio.Future[None]] = set()  # for room
        self._taken = 0  # firings begun
        self._released = 0  # firings whose results have left, in order
        self._done: dict[int, Ended] = {}
        self._closed = False
        self._batch: Firings | None = None  # under way, if firings do not overlap
        # With a policy each try has its own time.
        self.patient = policy is None and node.scheduler.limits.node_seconds is not None
        fire = _fire_function(node)
        self.fire = fire if policy is None else under_policy(node, policy, fire)

    def wake(self) -> None:
        """There may be work: raise one task, or start one if there may be more."""
        if self._closed or not (self._may_fire or self.node.has_pending):
            if not self.node.scheduler.may_run and self.node.ready_count:
                self.node.scheduler.stir()  # it is held up, not idle
            return
        if self._resting:
            _raise(self.node, self._resting.pop())
        elif len(self.tasks) < self._size:
            self.node.scheduler.busy()
            name = f"reflow {self.node.node_id}"
            self.tasks.append(asyncio.create_task(self._work(), name=name))

    @property
    def _may_fire(self) -> bool:
        return (
            self.node.ready_count > 0
            and self._taken - self._released < WINDOW * self._size
            and self.node.scheduler.may_run
            and not self.node.suspended
        )

    def close(self) -> None:
        """Begin nothing more; firings under way finish."""
        self._closed = True
        for future in self._resting:
            future.cancel()
        for future in tuple(self._waiting):  # room may never come: what is pending stays so
            _raise(self.node, future)

    async def closed(self) -> None:
        """Wait for the tasks to end."""
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def cancel(self) -> None:
        self._closed = True
        for task in self.tasks:
            task.cancel()

    async def send_now(self, port: str, message: Message) -> None:
        if self._batch is not None:
            self._batch.leave()  # what earlier firings gave goes first
        failures: list[Failure] = []
        outputs = gather_pairs(self.node, [(port, freeze(message))], failures, {})
        for failure in failures:
            raise failure.error
        self.node.send(outputs)
        await self._room(pending_only=True)
        await self._turn_over()

    async def _turn_over(self) -> None:
        """A firing goes on: it waits while the network is paused, or a reader is behind."""
        scheduler = self.node.scheduler
        if scheduler.recording:
            scheduler.throttle()
        if not (scheduler.may_run or self._closed):
            await scheduler.may_go_on()

    # One task.

    async def _work(self) -> None:
        try:
            while not self._closed:
                if self.node.has_pending:  # of an older firing: it leaves before anything else
                    await self._room(pending_only=True)
                if not self._may_fire:
                    await self._rest()
                    continue
                await self._room()
                if self._may_fire:
                    await self._fire_some()
                    if self.node.scheduler.recording:
                        self.node.scheduler.throttle()
                    if self._may_fire:
                        await asyncio.sleep(0)  # one that never waits leaves room for the others
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 -- the engine's own: the run must end with it
            self.node.scheduler.crash(error)
        finally:
            self.node.scheduler.rest()

    async def _rest(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._resting.append(future)
        self.node.scheduler.rest()
        try:
            await future
        except asyncio.CancelledError:
            self.node.scheduler.busy()  # _work lowers it once more
            raise

    async def _room(self, *, pending_only: bool = False) -> None:
        """Wait until what is pending has left and there is room for a firing."""
        node = self.node
        while not self._closed and (not node.flush() or (not pending_only and node.credit() <= 0)):
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            node.scheduler.rest()
            node.park(lambda waiting=future: _raise(node, waiting))  # type: ignore[misc]
            self._waiting.add(future)
            try:
                await future
            except asyncio.CancelledError:
                node.scheduler.busy()
                raise
            finally:
                self._waiting.discard(future)

    async def _fire_some(self) -> None:
        node = self.node
        if node.style in (Style.ASYNC_GENERATOR, Style.GENERATOR):
            await self._pull(Context(node, node.ctx.state), node.take(1)[0])
            return
        # With a journal the state is committed with each firing: a second one would be in it.
        alone = self._size > 1 or node.scheduler.committer is not None
        most = 1 if alone else node.credit()
        inputs = node.take(min(most, TURN))
        if self._size > 1 and node.ready_count:
            self.wake()  # a colleague, for the rest
        firings = Firings(self, inputs)
        self._batch = firings if self._size == 1 else None
        if self.guard is None:
            await firings.run()
        else:
            await self._run_guarded(self.guard, firings)
        self._batch = None

    async def _run_guarded(self, guard: Guard, firings: Firings) -> None:
        """The one firing, once the journal has that it begins; or what was decided on it."""
        firings.ctx.inputs = firings.inputs[0]
        decision = await guard.before(firings.ctx)
        if decision is not None:
            firings.settle(decision)
        elif self.node.scheduler.stopping:
            self.node.abandoned += 1
        else:  # even if it is paused by now: the journal says that it has begun
            await firings.run()

    async def _pull(self, ctx: Context, inputs: dict[str, Message]) -> None:
        """Run one generator to its end, message by message, as there is room."""
        node, clock = self.node, self.node.scheduler.clock
        ports, started = node.turn_ports, clock.monotonic()
        ctx.inputs = inputs
        decision = None if self.guard is None else await self.guard.before(ctx)
        key = "" if self.guard is None else ctx.idempotency_key
        if decision is not None:
            outputs, skipped = settled(decision, inputs)
            finish(node, Ended(started, 1, outputs, skipped, ports=ports, key=key))
            return
        node.scheduler.record(TurnStarted(clock.now(), node, 1))
        failures: list[Failure] = []
        try:
            pull = self._pull_async if node.style is Style.ASYNC_GENERATOR else self._pull_sync
            await contained(lambda: self._in_time(ctx, pull, failures))
        except Exception as error:  # noqa: BLE001 -- the boundary around a behaviour
            failures.append(Failure(error, inputs))
        rest = gather_pairs(node, ctx.emitted, failures, inputs)
        finish(node, Ended(started, 1, rest, failures, announced=True, ports=ports, key=key))

    async def _in_time(
        self,
        ctx: Context,
        pull: Callable[[Context, list[Failure]], Awaitable[None]],
        failures: list[Failure],
    ) -> None:
        """Pull a generator, each of whose messages may take so long."""
        task = asyncio.current_task()
        if not self.patient or task is None:
            await pull(ctx, failures)
            return
        patience = ctx.patience = Patience(self.node, task)
        try:
            await pull(ctx, failures)
        except asyncio.CancelledError as error:
            if patience.ended_it():
                ctx.close()
                raise patience.error() from error
            raise
        finally:
            ctx.patience = None
            patience.ended_it()

    async def _pull_async(self, ctx: Context, failures: list[Failure]) -> None:
        count = 0
        async with aclosing(self.node.actor.process(ctx)) as pairs:  # type: ignore[attr-defined]
            async for pair in pairs:
                await self._send_pair(ctx, pair, failures)
                count += 1
                if count % TURN == 0:
                    await asyncio.sleep(0)  # one that never waits leaves room for the others
                if self._closed:
                    return

    async def _pull_sync(self, ctx: Context, failures: list[Failure]) -> None:
        in_thread = self.node.scheduler.shared.in_thread if self.node.actor.blocking else _here
        pairs = self.node.actor.process(ctx)  # type: ignore[attr-defined]
        while not self._closed:
            pulled = await in_thread(lambda: list(islice(pairs, 1)))
            if not pulled:
                return
            await self._send_pair(ctx, pulled[0], failures)

    async def _send_pair(self, ctx: Context, pair: Any, failures: list[Failure]) -> None:
        if ctx.patience is not None:
            ctx.patience.moved = True
        pairs = [*ctx.emitted, pair]
        ctx.emitted.clear()
        self.node.send(gather_pairs(self.node, pairs, failures, ctx.inputs))
        if self.node.has_pending or self.node.committing or not self.node.scheduler.may_run:
            ctx.leave_off()
            if self.node.has_pending or self.node.committing:
                await self._room(pending_only=True)
            await self._turn_over()
            ctx.go_on()
        else:
            await self._turn_over()

    def finished(self, order: int, ended: Ended) -> None:
        """Let the results of a firing leave: at once, or when all older ones have left."""
        if not self.node.actor.ordered:
            self._released += 1
            finish(self.node, ended)
        else:
            self._done[order] = ended
            while self._released in self._done:
                finish(self.node, self._done.pop(self._released))
                self._released += 1
        if self._size > 1:
            self.wake()

    def begin(self) -> int:
        self._taken += 1
        return self._taken - 1


def _raise(node: Node, waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        node.scheduler.busy()
        waiting.set_result(None)


def _fire_function(node: Node) -> Callable[[Context], Any]:
    """How one firing is awaited: the async behaviour itself, or a sync one in a thread."""
    actor: Actor = node.actor
    if node.style is Style.ASYNC:
        return actor.process  # type: ignore[attr-defined, no-any-return]
    in_thread = node.scheduler.shared.in_thread if actor.blocking else _here
    if node.style is Style.PROCESS:
        return lambda ctx: in_thread(lambda: actor.process(ctx))  # type: ignore[attr-defined]
    if node.style is Style.VALUE:
        return lambda ctx: in_thread(lambda: {node.only_outport: actor.process_value(_only(ctx))})  # type: ignore[attr-defined]
    return lambda ctx: in_thread(lambda: {node.only_outport: actor.process_batch([_only(ctx)])[0]})  # type: ignore[attr-defined]


async def _here(call: Callable[[], Any]) -> Any:
    """A sync behaviour that runs under a policy, inline."""
    return call()


def _only(ctx: Context) -> Message:
    return next(iter(ctx.inputs.values()))
