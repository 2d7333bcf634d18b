"""What a run gave, and the counters of a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError, InDoubtError, SkippedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.journal import Intent
    from engine.network.dead_letter import DeadLetter
    from engine.network.scheduler import Scheduler


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a run.

    Args:
        outputs: every message of each graph outport, in order, as plain values; without declared
            outports, of the outports of the last nodes, as ``node.port``.
        status: ``completed``, ``failed``, ``cancelled`` or, while somebody has to decide on the
            firings ``in_doubt``, ``waiting``.
        errors: what failed and was handled nowhere; ``failed_firings`` counts all of them.
        undelivered: messages left at ports that could not fire any more, as ``node.port``.
        truncated: an output was longer than the limit and lost its end.
    """

    outputs: Mapping[str, list[Any]]
    status: str
    nodes_executed: int
    nodes_failed: int
    duration_ms: float
    errors: tuple[DeadLetter, ...] = ()
    failed_firings: int = 0
    undelivered: Mapping[str, int] = field(default_factory=dict)
    truncated: bool = False
    error: str = ""
    code: str = ""
    in_doubt: tuple[Intent, ...] = ()


def result_of(
    scheduler: Scheduler, properties: Mapping[str, Any], *, cancelled: bool, duration_ms: float
) -> Result:
    """Sum up a run.

    Args:
        properties: of the graph; ``onError: "ignore"`` and ``onUndelivered: "fail"`` change
            what counts as failed.
    """
    nodes = scheduler.nodes.values()
    asked = isinstance(scheduler.failure, InDoubtError) and not cancelled
    left = undelivered_of(scheduler)
    error, code = ("", "") if cancelled else _failure(scheduler, properties, left)
    return Result(
        outputs={name: item.plain() for name, item in scheduler.collectors.items()},
        status="waiting" if asked else _status(code, cancelled=cancelled),
        nodes_executed=sum(1 for node in nodes if node.fired),
        nodes_failed=sum(1 for node in nodes if node.failed),
        duration_ms=duration_ms,
        errors=tuple(scheduler.dead_letters),
        failed_firings=scheduler.failed_firings,
        undelivered=left,
        truncated=any(item.truncated for item in scheduler.collectors.values()),
        error=error,
        code=code,
        in_doubt=scheduler.failure.intents if isinstance(scheduler.failure, InDoubtError) else (),
    )


def _status(code: str, *, cancelled: bool) -> str:
    return "cancelled" if cancelled else "failed" if code else "completed"


def _failure(
    scheduler: Scheduler, properties: Mapping[str, Any], left: Mapping[str, int]
) -> tuple[str, str]:
    """Why the run counts as failed, and the stable code of that; empty if it does not."""
    failure = scheduler.failure
    if failure is not None:
        code = failure.code if isinstance(failure, EngineError) else "engine_error"
        return str(failure) or type(failure).__name__, code
    failed = [item for item in scheduler.dead_letters if item.code != SkippedError.code]
    if failed and properties.get("onError") != "ignore":
        first, skipped = failed[0], len(scheduler.dead_letters) - len(failed)
        more = scheduler.failed_firings - skipped - 1
        return f"{first.node}: {first.error}{f' (and {more} more)' if more else ''}", "actor_failed"
    if left and properties.get("onUndelivered") == "fail":
        ports = ", ".join(f"{port} ({count})" for port, count in left.items())
        return f"messages were left at {ports}", "undelivered"
    return "", ""


@dataclass(frozen=True, slots=True)
class ConnectionStatistics:
    """One connection: what crossed it.

    Args:
        bytes: estimated from one message of each batch.
        rate: messages a second, since the network started.
    """

    connection: str
    from_node: str
    from_port: str
    to_node: str
    to_port: str
    messages: int
    bytes: int
    rate: float
    held: bool


@dataclass(frozen=True, slots=True)
class InportStatistics:
    """One mailbox: messages waiting now and at most, its bound, seconds somebody waited for it.

    Args:
        oldest_s: seconds that its oldest message has waited, at most; 0 when it is empty.
    """

    node: str
    port: str
    depth: int
    high_water: int
    bound: int
    blocked_s: float
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Statistics:
    connections: tuple[ConnectionStatistics, ...]
    inports: tuple[InportStatistics, ...]


def statistics_of(scheduler: Scheduler, started_at: float | None) -> Statistics:
    """The counters of a network that began at ``started_at`` (monotonic)."""
    now = scheduler.clock.monotonic()
    lived = now - started_at if started_at is not None else 0.0
    return Statistics(
        connections=tuple(
            ConnectionStatistics(
                link.connection_id,
                link.from_node,
                link.from_port,
                link.inport.node.node_id,
                link.inport.name,
                link.messages,
                link.bytes,
                link.messages / lived if lived > 0 else 0.0,
                link.held,
            )
            for node in scheduler.nodes.values()
            for outport in node.outports.values()
            for link in outport.links
        ),
        inports=tuple(
            InportStatistics(
                node.node_id,
                inport.name,
                len(inport.queue),
                inport.high_water,
                inport.bound,
                inport.blocked_s
                + (now - inport.blocked_since if inport.blocked_since is not None else 0.0),
                now - inport.filled_at if inport.queue else 0.0,
            )
            for node in scheduler.nodes.values()
            for inport in node.inports.values()
        ),
    )


def undelivered_of(scheduler: Scheduler) -> dict[str, int]:
    """Messages that wait at ports, as ``node.port``; ``node`` for those taken and not fired."""
    left = {
        inport.where: len(inport.queue)
        for node in scheduler.nodes.values()
        for inport in node.inports.values()
        if inport.queue
    }
    left |= {
        f"{node.node_id}.{outport.name}": len(outport.pending)
        for node in scheduler.nodes.values()
        for outport in node.outports.values()
        if outport.pending
    }
    left |= {node.node_id: node.abandoned for node in scheduler.nodes.values() if node.abandoned}
    return left
