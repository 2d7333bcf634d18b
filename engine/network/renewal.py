"""One actor ends and another begins in its node, whose mailboxes and connections stay."""

from __future__ import annotations

import asyncio
import inspect
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.actor import Actor
from engine.behaviour import Style, style_of
from engine.errors import SetupError, describe
from engine.lifecycle import ActorState
from engine.network.boundary import contained
from engine.network.doubts import guard_of
from engine.network.node import LONG_TURN, TURN
from engine.network.steps import STEPS
from engine.network.workers import Crew

if TYPE_CHECKING:
    from engine.network.node import Node

logger = logging.getLogger(__name__)


async def call(function: Any) -> None:
    """Call a ``setup`` or ``teardown``, sync or async."""
    result = function()
    if inspect.isawaitable(result):
        await result


async def end(node: Node) -> None:
    """Stop a node's actor: its firing finishes, its ``teardown`` runs once, failing or not."""
    if node.crew is not None:
        node.crew.close()
        await node.crew.closed()
    if node.state is ActorState.PROCESSING:  # cancelled in the middle of a firing
        node.move(ActorState.ERROR)
    node.move(ActorState.STOPPING)
    generator, node.generator = node.generator, None
    close = getattr(generator, "close", None)
    for last in (close, node.actor.teardown):
        try:
            if last is not None:
                await contained(partial(call, last))
        except Exception:
            logger.exception("the end of node %s failed", node.node_id)
    node.move(ActorState.STOPPED)


async def begin(node: Node, actor: Actor) -> None:
    """Put a new actor into a node and set it up.

    Raises:
        SetupError: its ``setup`` failed.
    """
    equip(node, actor)
    node.link_up()
    node.state = ActorState.CREATED
    node.move(ActorState.INITIALIZED)
    node.move(ActorState.RUNNING)
    await set_up(node)


def equip(node: Node, actor: Actor) -> None:
    """Give a node its actor, and the way in which that fires."""
    node.actor, node.config, node.component = actor, actor.config, actor.component
    node.ctx.config = actor.config
    node.style = style = style_of(type(actor))
    guard = guard_of(node)
    asynchronous = style in (Style.ASYNC, Style.ASYNC_GENERATOR)
    if node.policy or guard or actor.blocking or asynchronous:
        node.crew, node.step = Crew(node, node.policy, guard), None
    else:
        node.crew, node.step = None, STEPS[style]
    node.longest = TURN if style is Style.PROCESS else LONG_TURN


async def set_up(node: Node) -> None:
    """Run the ``setup`` of a node's actor, as its first work.

    Raises:
        SetupError: it failed.
    """
    if type(node.actor).setup is Actor.setup:
        return
    node.move(ActorState.PROCESSING)
    scheduler = node.scheduler
    try:
        result = node.actor.setup()
        if inspect.isawaitable(result):
            waiting = asyncio.ensure_future(contained(lambda: result))
            scheduler.setting_up.add(waiting)
            waiting.add_done_callback(scheduler.setting_up.discard)
            await asyncio.wait([waiting])  # an end may cancel it, not this
            if inspect.iscoroutine(result):
                result.close()  # it may have been cancelled before it began
            if not (waiting.cancelled() and scheduler.stopping):
                waiting.result()
    except (Exception, SystemExit) as error:
        node.move(ActorState.ERROR)
        raise SetupError(f"{node.node_id}: setup failed: {describe(error)}") from error
    node.move(ActorState.RUNNING)
