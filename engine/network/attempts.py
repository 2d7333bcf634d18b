"""One firing under a policy: tried, timed, short-circuited, and at last replaced."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from engine.errors import FiringTimeoutError, describe
from engine.network.boundary import contained
from engine.network.circuit import behind_breaker
from engine.network.patience import Patience
from engine.network.records import FiringFailed, Retried

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.actor import Context
    from engine.network.node import Node
    from engine.policy import NodePolicy


def under_policy(
    node: Node, policy: NodePolicy, fire: Callable[[Context], Awaitable[Any]]
) -> Callable[[Context], Awaitable[Any]]:
    """``fire`` with the policy of its node around it."""
    retry, scheduler = policy.retry, node.scheduler

    async def once(ctx: Context) -> Any:
        if not node.actor.blocking:
            return await _timed(node, ctx, fire, retry.timeout_ms)
        own = ctx.for_one_try()  # its thread may outlive the try
        try:
            return await _timed(node, own, fire, retry.timeout_ms)
        except FiringTimeoutError:
            own.close()
            raise
        finally:
            ctx.take_from(own)

    attempt = once if policy.breaker is None else behind_breaker(node, policy.breaker, once)

    async def fire_with_policy(ctx: Context) -> Any:
        for number in count(1):
            try:
                return await attempt(ctx)
            except Exception as error:
                ctx.emitted.clear()
                if retry.again(number, error):
                    wait = retry.delay_s(number, scheduler.random)
                    _tell_retry(node, number, wait, error)
                    await scheduler.clock.sleep(wait)
                elif policy.fallback is None:
                    with suppress(AttributeError):  # a class of errors may refuse it
                        error.reflow_attempts = number  # type: ignore[attr-defined]
                    raise
                else:
                    _tell_fallback(node, error)
                    return {policy.fallback.port: policy.fallback.value}
        raise AssertionError("count() has no end")

    return fire_with_policy


async def _timed(
    node: Node, ctx: Context, fire: Callable[[Context], Awaitable[Any]], timeout_ms: float | None
) -> Any:
    """Await a firing, at most so long: all of its time, if its own policy says how long."""
    firing = contained(lambda: fire(ctx))
    if timeout_ms is None:
        return await (
            firing if node.scheduler.limits.node_seconds is None else _patient(node, ctx, firing)
        )
    task = asyncio.ensure_future(firing)
    alarm = asyncio.ensure_future(node.scheduler.clock.sleep(timeout_ms / 1000))
    try:
        await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise FiringTimeoutError(node.node_id, timeout_ms / 1000, "retry.timeoutMs")
    finally:
        for waiting in (task, alarm):
            waiting.cancel()
        await asyncio.gather(task, alarm, return_exceptions=True)


async def _patient(node: Node, ctx: Context, firing: Awaitable[Any]) -> Any:
    """Await a firing, at most as long as every firing may take."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 -- firings are awaited by tasks
    patience = ctx.patience = Patience(node, task, ctx.away)
    try:
        return await firing
    except asyncio.CancelledError as error:
        if patience.ended_it():
            raise patience.error() from error
        raise
    finally:
        ctx.patience = None
        patience.ended_it()


def _tell_retry(node: Node, attempt: int, wait: float, error: Exception) -> None:
    scheduler = node.scheduler
    if scheduler.recording:
        scheduler.record(Retried(scheduler.clock.now(), node, attempt, wait, describe(error)))


def _tell_fallback(node: Node, error: Exception) -> None:
    """The failure is real, and its end is the fallback."""
    node.failed += 1
    scheduler = node.scheduler
    if scheduler.recording:
        now, code = scheduler.clock.now(), getattr(error, "code", type(error).__name__)
        scheduler.record(FiringFailed(now, node, describe(error), code, handled_by="fallback"))
