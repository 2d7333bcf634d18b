"""One run: a network in, engine events out, a result at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from engine.events import EngineEvent
    from engine.messages import Message
    from engine.network import Network, Result
    from engine.network.start_at import StartAt


async def execute(
    network: Network,
    inputs: Mapping[str, Any] | None = None,
    *,
    write: Callable[[list[EngineEvent]], Awaitable[None]],
    linger: float = 0.0,
    trigger: Message = None,
    start_at: StartAt | None = None,
) -> Result:
    """Run a network to its end and hand every event to ``write``, in order and in batches.

    The network waits while ``write`` is far behind. Whatever is left when it is ``over`` comes in
    one last batch. The terminal event (Completed, Failed, Cancelled) is the caller's, who knows how
    the run ended for its owner.

    Args:
        linger: seconds from one batch to the next, as for ``Network.run``.
        trigger: what trigger actors are given.
        start_at: where to begin instead, as for ``Network.run``.

    Raises:
        GraphError, InputError: it cannot run; nothing was started.
        Exception: whatever ``write`` raised; the network has been shut down.
    """
    return await network.run(inputs, write=write, linger=linger, trigger=trigger, start_at=start_at)
