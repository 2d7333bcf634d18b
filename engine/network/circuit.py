"""The circuit breaker around the calls of one node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.breaker import BreakerKey, BreakerKind
from engine.errors import describe
from engine.network.records import BreakerMoved
from engine.policy import is_retryable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.actor import Context
    from engine.breaker import Breakers, Move
    from engine.network.node import Node
    from engine.policy import BreakerPolicy

    Call = Callable[[Context], Awaitable[Any]]


def behind_breaker(node: Node, policy: BreakerPolicy, call: Call) -> Call:
    """``call`` behind the breaker that the policy of its node asks for."""
    key = key_of(node, policy)
    breakers = _kept(node, key)

    async def guarded(ctx: Context) -> Any:
        permit = await breakers.enter(key, policy)
        _tell(node, key, permit.moved)
        try:
            result = await call(ctx)
        except Exception as error:
            if key.kind is BreakerKind.SERVICE and not is_retryable(error):
                await breakers.dropped(key, permit)
            else:
                text = describe(error)
                _tell(node, key, await breakers.failed(key, policy, permit, text))
            raise
        trouble = node.actor.trouble_in(result)
        if trouble:
            _tell(node, key, await breakers.failed(key, policy, permit, trouble))
        else:
            _tell(node, key, await breakers.succeeded(key, policy, permit))
        return result

    return guarded


def key_of(node: Node, policy: BreakerPolicy) -> BreakerKey:
    """Which breaker: that of the name, of the service, or the node's own."""
    if policy.name:
        return BreakerKey(BreakerKind.NAME, policy.name)
    if policy.scope == "service" and (service := node.actor.service_for(node.config)):
        return BreakerKey(BreakerKind.SERVICE, service)
    return BreakerKey(BreakerKind.NODE, node.node_id)


def _kept(node: Node, key: BreakerKey) -> Breakers:
    scheduler = node.scheduler
    return scheduler.breakers if key.kind is BreakerKind.NODE else scheduler.shared_breakers


def _tell(node: Node, key: BreakerKey, move: Move | None) -> None:
    scheduler = node.scheduler
    if move is not None and scheduler.recording:
        scheduler.record(BreakerMoved(scheduler.clock.now(), node, key.name, *move))
