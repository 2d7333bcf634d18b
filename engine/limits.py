"""What one network may use at most. The engine sets no size limit by default; a server does."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.http.limits import HttpLimits


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one network; None is no bound.

    Args:
        message_buffer_size: messages an inport holds before its senders wait.
        thread_pool_size: threads that ``blocking`` actors share.
        max_nodes: nodes in a graph; ``max_connections`` its connections and initial packets.
        max_messages: messages that may cross the connections of one run.
        max_message_bytes: the size of one of them, as written on the wire.
        max_emit: messages that one firing may emit without waiting for room.
        result_messages: messages that ``result.outputs`` keeps of one outport.
        result_bytes: their size, as written on the wire.
        reader_buffer_size: messages that wait for a reader of ``results()``.
        cycle_growth: how many times its bound a full port of a cycle may grow to.
        cycle_bytes: the size of what it may hold then.
        node_seconds: what one firing of an async or blocking actor may take, or one message of
            a generator; what it sleeps by ``ctx.sleep`` or waits for room does not count.
        http: those of the requests of actors; None for the client's own.
    """

    message_buffer_size: int = 1_000
    thread_pool_size: int = 8
    max_nodes: int | None = None
    max_connections: int | None = None
    max_messages: int | None = None
    max_message_bytes: int | None = None
    max_emit: int = 10_000
    result_messages: int = 10_000
    result_bytes: int = 16 * 1024 * 1024
    reader_buffer_size: int = 1_000
    cycle_growth: int = 64
    cycle_bytes: int = 64 * 1024 * 1024
    http: HttpLimits | None = None

    node_seconds: float | None = None  # of one firing of an async or blocking actor

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, int) and value < 1:
                raise ValueError(f"{item.name} must be at least 1, not {value}")


DEFAULT = Limits()
