"""The boundary around an actor's code: whatever it raises is the failure of that firing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engine.errors import ActorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Of sync code. KeyboardInterrupt is not the actor's: somebody wants to end the process.
RAISED = (Exception, SystemExit, GeneratorExit, asyncio.CancelledError)


async def contained(code: Callable[[], Awaitable[Any]]) -> Any:
    """Await an actor's code; it can neither end the process nor seem to be cancelled.

    Raises:
        ActorError: it raised SystemExit, or CancelledError though nobody cancels this task.
        Exception: whatever else it raised.
    """
    try:
        return await code()
    except SystemExit as error:
        raise ActorError(f"SystemExit: {error}") from error
    except GeneratorExit as error:
        if not in_task():
            raise
        raise ActorError(f"GeneratorExit: {error}") from error
    except asyncio.CancelledError as error:
        if asyncio.current_task().cancelling():  # type: ignore[union-attr]
            raise
        raise ActorError(f"cancelled: {error}") from error


def in_task() -> bool:
    """False for a coroutine that is closed, which raises GeneratorExit: its loop has ended."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


def guard(call: Callable[[], Any]) -> Callable[[], Any]:
    """What cannot be raised into a future is an error like any other."""

    def guarded() -> Any:
        try:
            return call()
        except (StopIteration, GeneratorExit) as error:
            raise RuntimeError(f"{type(error).__name__} in a behaviour") from error

    return guarded
