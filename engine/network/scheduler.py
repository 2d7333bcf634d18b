"""The scheduler: run-to-completion turns on the event loop, counted idle, Parks' rule.

A turn runs one node on up to ``TURN`` messages, never more than every receiver has room for. A
tick runs turns for one slice, then lets the event loop breathe. Nothing here is timed to find an
end: the network is idle when no node is ready, no task is in flight and nobody waits for room.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from random import Random
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from engine.breaker import MemoryBreakers
from engine.errors import SkippedError
from engine.lifecycle import ActorState
from engine.network.dead_letter import MAX_DEAD_LETTERS, DeadLetter
from engine.network.full_cycles import grow
from engine.network.meter import meter_of
from engine.network.records import FiringFailed, Idle
from engine.network.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from engine.breaker import Breakers
    from engine.clock import Clock
    from engine.journal import JournalRecord
    from engine.limits import Limits
    from engine.messages import Message
    from engine.network.collector import Collector
    from engine.network.commits import Committer
    from engine.network.mailbox import Inport
    from engine.network.node import Node
    from engine.network.records import Record
    from engine.network.subscription import Subscription
    from engine.network.supervisor import Supervisor
    from engine.permissions import Permissions

SEEDED_TURNS = 16  # with a seed a slice is counted, so that time changes nothing
SLICE = 250e-6  # seconds of turns before timers and sockets get their chance


class Scheduler:
    """Who runs next, what is in flight, and when all is quiet."""

    __slots__ = (
        "_loop",
        "_scheduled",
        "_thread",
        "_unpaused",
        "breakers",
        "clock",
        "collectors",
        "committer",
        "dead_letters",
        "errands",
        "failed_firings",
        "failure",
        "held_up",
        "idle",
        "in_flight",
        "limits",
        "may_run",
        "meter",
        "nodes",
        "overseer",
        "parked",
        "paused",
        "permissions",
        "quiet",
        "random",
        "ready",
        "recording",
        "renewing",
        "resume",
        "run_id",
        "setting_up",
        "shared",
        "shared_breakers",
        "shuffled",
        "start_at",
        "stopping",
        "subscriptions",
        "supervisor",
    )

    def __init__(
        self, clock: Clock, limits: Limits, permissions: Permissions, seed: int | None = None
    ) -> None:
        self.random = Random(seed)  # noqa: S311 -- for jitter and turn order, not for secrets
        self.shuffled = seed is not None
        self.breakers: Breakers = MemoryBreakers(clock.monotonic)
        self.shared_breakers: Breakers = self.breakers  # those with a name
        self.supervisor: Supervisor | None = None
        self.committer: Committer | None = None
        self.resume: Sequence[JournalRecord] = ()  # of earlier attempts of this run
        self.run_id = str(uuid4())
        self.clock = clock
        self.limits = limits
        self.meter = meter_of(limits, self.crash)
        self.shared = Shared(limits, permissions)
        self.permissions = permissions
        self.nodes: dict[str, Node] = {}
        self.collectors: dict[str, Collector] = {}
        self.start_at: Mapping[str, Mapping[str, Message]] | None = None  # in place of all else
        self.ready: deque[Node] = deque()
        self.parked: dict[Inport, None] = {}  # full inports that somebody waits for, in order
        self.in_flight = 0
        self.held_up = 0  # of those, tasks that wait in the middle of a firing while it is paused
        # Of a part of a network: told when the part is at rest, in place of deciding what it means.
        self.overseer: Callable[[], None] | None = None
        self.setting_up: set[asyncio.Future[Any]] = set()  # each ``setup`` that is under way
        self.errands: set[asyncio.Task[None]] = set()  # of control, supervision and the journal
        self.renewing = asyncio.Lock()  # held while a node's actor ends or is replaced
        self.subscriptions: list[Subscription[Any]] = []
        self.recording = False
        self.dead_letters: list[DeadLetter] = []
        self.failed_firings = 0  # those that no error port took
        self.failure: BaseException | None = None  # what ended the run from inside
        self.paused = False
        self.stopping = False
        self.may_run = False
        self.idle = False
        self.quiet = asyncio.Event()  # idle, failed, or stuck behind an unread results()
        self._unpaused = asyncio.Event()
        self._scheduled = False
        self._thread = get_ident()  # the loop's
        self._loop: asyncio.AbstractEventLoop | None = None

    def dead_letter(
        self, node: Node, inputs: Mapping[str, Message], error: str, code: str, attempts: int = 1
    ) -> None:
        """A firing failed, and no error port took it."""
        self.failed_firings += 1
        if len(self.dead_letters) < MAX_DEAD_LETTERS:
            letter = DeadLetter(node.node_id, dict(inputs), error, code, attempts)
            self.dead_letters.append(letter)
        if self.recording and code != SkippedError.code:  # that one has its own event
            now = self.clock.now()
            self.record(FiringFailed(now, node, error, code, handled_by=""))

    # Events.

    def record(self, record: Record) -> None:
        for subscription in self.subscriptions:
            subscription.put(record)

    def record_soon(self, record: Record) -> None:
        """The same, from any thread."""
        if self._loop is None or get_ident() == self._thread:
            self.record(record)
        else:
            with suppress(RuntimeError):  # the run is over, and its loop is closed
                self._loop.call_soon_threadsafe(self.record, record)

    def settle(self) -> None:
        """Work out again whether turns may run; to be called when a reason for it changed."""
        full = any(item.full for item in self.subscriptions if item.lossless)
        self.may_run = not (self.paused or self.stopping or full or self.failure)
        if self.may_run or self.stopping:
            self._unpaused.set()
            self.kick()
            for node in self.nodes.values():
                if node.has_work:
                    node.wake()
        else:
            self.hold()

    def settle_if_held(self) -> None:
        """A subscriber has room again."""
        if not self.may_run and not self.stopping:
            self.settle()

    async def settled(self) -> None:
        """Wait for idle or the end; a reader of ``results()`` that is behind may take its time."""
        await self.quiet.wait()
        while not (self.idle or self.over):
            self.quiet.clear()
            await self.quiet.wait()

    async def may_go_on(self) -> bool:
        """Wait while the network is paused; False if it is to stop."""
        while not self.may_run and not self.stopping:
            self.held_up += 1
            try:
                await self._unpaused.wait()
            finally:
                self.held_up -= 1
        return not self.stopping

    # The ready queue.

    def start(self) -> None:
        self._loop, self._thread = asyncio.get_running_loop(), get_ident()
        self.settle()

    def make_ready(self, node: Node) -> None:
        self.ready.append(node)
        self.stir()
        self.kick()

    def kick(self) -> None:
        """See to a tick."""
        if not self._scheduled and self._loop is not None:
            self._scheduled = True
            self._loop.call_soon(self._tick)

    def busy(self) -> None:
        """A task of an async actor goes to work."""
        self.in_flight += 1
        self.stir()

    def stir(self) -> None:
        """It is quiet no more; what has ended stays ended."""
        if not self.over:
            self.idle = False
            self.quiet.clear()

    @property
    def over(self) -> bool:
        """Nothing may begin any more."""
        return self.stopping or self.failure is not None

    def errand(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run something that the network is not idle without, and does not end without.

        Whoever gives it sees to its errors, and calls ``rest`` when it is over.
        """
        self.busy()
        task = asyncio.create_task(work, name=name)
        self.errands.add(task)
        task.add_done_callback(self.errands.discard)
        return task

    def rest(self) -> None:
        """A task of an async actor has nothing to do, or waits for room."""
        self.in_flight -= 1
        if not self.in_flight:
            self.kick()

    def crash(self, error: BaseException) -> None:
        """The run ends with this error."""
        if self.failure is None:
            self.failure = error
        self.hold()
        self.give_up()

    def hold(self) -> None:
        """No turn and no firing may begin."""
        self.may_run = False
        if not self.stopping:
            self._unpaused.clear()

    def give_up(self) -> None:
        """Nobody need wait any longer: not for idle, and not for room."""
        self.quiet.set()
        for inport in tuple(self.parked):
            inport.release_writers()

    def _tick(self) -> None:
        self._scheduled = False
        try:
            before = perf_counter()
            end, turns = before + SLICE, 0
            while self.ready and self.may_run:
                if self.shuffled:
                    self.ready.rotate(self.random.randrange(len(self.ready)))
                node = self.ready.popleft()
                self._turn(node)
                if self.recording:
                    self.throttle()
                now = perf_counter()
                took = now - before
                if node.adapts and (took > SLICE or node.most < node.longest):
                    _adapt(node, took)
                before = now
                turns += 1
                if turns >= SEEDED_TURNS if self.shuffled else now >= end:
                    break
            if not self.may_run:
                return
            if self.ready:
                self.kick()
            else:
                self._rested()
        except Exception as error:  # noqa: BLE001 -- the engine's own: the run must end with it
            self.crash(error)

    def throttle(self) -> None:
        """Stop while a reader that must not lose anything is behind."""
        if any(item.lossless and item.full for item in self.subscriptions):
            self.hold()

    def _turn(self, node: Node) -> None:
        node.queued = False
        if node.suspended:
            return
        if not node.flush() or (credit := node.credit()) <= 0:
            node.blocked = True
            node.park(node.resume)
            return
        if node.generator is None and not node.ready_count:
            return
        step = node.step
        assert step is not None  # noqa: S101 -- only sync actors are in the ready queue
        node.state = ActorState.PROCESSING  # from RUNNING: the turn's record stands for both moves
        step(node, credit)
        node.state = ActorState.RUNNING
        if node.generator is not None or node.ready_count or node.has_pending:
            node.wake()

    # Quiet.

    def _rested(self) -> None:
        """Nothing is ready. Idle, stuck, or just waiting for a task in flight?"""
        if self.in_flight or self.idle:
            return
        if self.overseer is not None:
            self.idle = True
            self.overseer()
        elif any(collector.waited_for for collector in self.collectors.values()):
            self.quiet.set()  # a reader is to come; outside the deadlock rule
        elif any(node.holds and node.has_work for node in self.nodes.values()):
            return  # somebody holds a connection; outside the deadlock rule too
        elif self.parked:
            grow(self, min(self.parked, key=lambda item: item.bound))
        else:
            self.idle = True
            if self.recording:
                self.record(Idle(self.clock.now()))
            self.quiet.set()


def _adapt(node: Node, took: float) -> None:
    """Make the turns of a slow actor shorter than a slice, and those of a fast one longer."""
    if took > SLICE:
        node.most = max(node.most // 2, 1)
    elif took < SLICE / 4:
        node.most = min(node.most * 2, node.longest)
