"""The beginning and the end of the actors of a network."""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any

from engine.actor import Actor
from engine.errors import SetupError
from engine.lifecycle import ActorState
from engine.network.node import Emitted, Failure, describe

if TYPE_CHECKING:
    from engine.messages import Message
    from engine.network.node import Node
    from engine.network.scheduler import Scheduler

logger = logging.getLogger(__name__)


async def set_up(scheduler: Scheduler) -> bool:
    """Run every ``setup``, before any message. The first that fails ends the run with its cause."""
    for node in scheduler.nodes.values():
        node.move(ActorState.INITIALIZED)
        node.move(ActorState.RUNNING)
    for node in scheduler.nodes.values():
        if type(node.actor).setup is Actor.setup:
            continue
        node.move(ActorState.PROCESSING)
        try:
            await _call(node.actor.setup)
        except Exception as error:  # noqa: BLE001 -- the boundary around a behaviour
            node.move(ActorState.ERROR)
            text = f"{node.node_id}: setup failed: {describe(error)}"
            failure = SetupError(text)
            failure.__cause__ = error
            scheduler.crash(failure)
            return False
        node.move(ActorState.RUNNING)
    return True


async def tear_down(scheduler: Scheduler) -> None:
    """Run every ``teardown`` once; one that fails is logged and the others still run."""
    for node in scheduler.nodes.values():
        if node.state is ActorState.PROCESSING:  # cancelled in the middle of a firing
            node.move(ActorState.ERROR)
        if node.state in (ActorState.CREATED, ActorState.INITIALIZED):
            continue  # it never began
        node.move(ActorState.STOPPING)
        if node.generator is not None:
            _close_generator(node)
        try:
            await _call(node.actor.teardown)
        except Exception:
            logger.exception("teardown of node %s failed", node.node_id)
        node.move(ActorState.STOPPED)


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
        outputs = node.gather([pairs], failures)
    except Exception as error:  # noqa: BLE001 -- the boundary around a behaviour
        failures.append(Failure(error, {}))
    node.ctx.emitted.clear()
    node.send(outputs)
    for failure in failures:
        errors: dict[str, list[Message]] = {}
        node.fail(failure, errors)
        node.send(errors)
    if node.has_pending:
        node.wake()
    return bool(outputs or failures)


def _close_generator(node: Node) -> None:
    close = getattr(node.generator, "close", None)
    try:
        if close is not None:
            close()
    except Exception:
        logger.exception("the generator of node %s failed to close", node.node_id)


async def _call(function: Any) -> None:
    result = function()
    if inspect.isawaitable(result):
        await result
