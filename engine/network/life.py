"""The beginning and the end of the actors of a network."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.errors import SetupError
from engine.lifecycle import ActorState
from engine.network import renewal
from engine.network.boundary import RAISED
from engine.network.completion import fail
from engine.network.outputs import Emitted, Failure, gather
from engine.network.records import Shutdown, Undelivered
from engine.network.result import undelivered_of

if TYPE_CHECKING:
    from engine.messages import Message
    from engine.network.node import Node
    from engine.network.scheduler import Scheduler

_NEVER_BEGAN = (ActorState.CREATED, ActorState.INITIALIZED, ActorState.STOPPED)


async def set_up(scheduler: Scheduler) -> bool:
    """Run every ``setup``, before any message. The first that fails ends the run with its cause."""
    for node in scheduler.nodes.values():
        node.move(ActorState.INITIALIZED)
        node.move(ActorState.RUNNING)
    for node in scheduler.nodes.values():
        if scheduler.over:
            return False
        try:
            await renewal.set_up(node)
        except SetupError as error:
            scheduler.crash(error)
            return False
    return not scheduler.over


def halt(scheduler: Scheduler) -> None:
    """Begin nothing more, and cancel what is under way; a second time does no harm."""
    for node in scheduler.nodes.values():
        if node.crew is not None:
            node.crew.cancel()  # also those that a shutdown waits for
    for setup in tuple(scheduler.setting_up):
        setup.cancel()
    if not scheduler.stopping:
        scheduler.stopping = True
        scheduler.settle()
        scheduler.give_up()


async def dismiss(scheduler: Scheduler) -> None:
    """End the tasks of async actors and of the network, and let go whoever waits for room."""
    crews = [node.crew for node in scheduler.nodes.values() if node.crew is not None]
    for crew in crews:
        if scheduler.failure is None:
            crew.close()
        else:  # nobody waits for what a broken run still does
            crew.cancel()
    scheduler.give_up()
    for crew in crews:
        await crew.closed()
    while scheduler.errands:
        await asyncio.wait(tuple(scheduler.errands))
    for collector in scheduler.collectors.values():
        collector.close()


async def tear_down(scheduler: Scheduler) -> None:
    """Run every ``teardown`` once; one that fails is logged and the others still run."""
    if scheduler.setting_up:
        await asyncio.wait(tuple(scheduler.setting_up))
    async with scheduler.renewing:
        for node in scheduler.nodes.values():
            if node.state not in _NEVER_BEGAN:
                await renewal.end(node)


async def wind_down(scheduler: Scheduler) -> None:
    """End all there is of a scheduler that is to stop."""
    await dismiss(scheduler)
    await tear_down(scheduler)
    await scheduler.shared.close()


def drain(node: Node) -> bool:
    """Let an actor that holds something back send it, as no more will come; True if it did."""
    flush = getattr(node.actor, "drain", None)
    if flush is None:
        return False
    failures: list[Failure] = []
    outputs: dict[str, list[Message]] = {}
    node.ctx.inputs = {}
    try:
        result = flush(node.ctx)
        pairs = Emitted([*node.ctx.emitted, *(result or {}).items()])
        outputs = gather(node, [pairs], failures, {})
    except RAISED as error:
        failures.append(Failure(error, {}))
    node.ctx.emitted.clear()
    node.send(outputs)
    for failure in failures:
        errors: dict[str, list[Message]] = {}
        fail(node, failure, errors)
        node.send(errors)
    if node.has_pending:
        node.wake()
    return bool(outputs or failures)


def record_end(scheduler: Scheduler) -> None:
    """Tell what was left, and that it is over."""
    if scheduler.recording:
        left = undelivered_of(scheduler)
        if left:
            scheduler.record(Undelivered(scheduler.clock.now(), left))
        scheduler.record(Shutdown(scheduler.clock.now()))
