"""The life of an actor: one table, and nothing moves outside it.

Source: architecture overview, "Actor Lifecycle".
"""

from __future__ import annotations

from enum import StrEnum

from engine.errors import LifecycleError


class ActorState(StrEnum):
    CREATED = "created"
    INITIALIZED = "initialized"  # configured, ports connected
    RUNNING = "running"  # ready for messages
    PROCESSING = "processing"  # in setup() or in its behaviour
    ERROR = "error"
    STOPPING = "stopping"
    STOPPED = "stopped"  # teardown() has run


ALLOWED: dict[ActorState, frozenset[ActorState]] = {
    ActorState.CREATED: frozenset({ActorState.INITIALIZED}),
    ActorState.INITIALIZED: frozenset({ActorState.RUNNING}),
    ActorState.RUNNING: frozenset({ActorState.PROCESSING, ActorState.STOPPING}),
    ActorState.PROCESSING: frozenset({ActorState.RUNNING, ActorState.ERROR}),
    ActorState.ERROR: frozenset({ActorState.RUNNING, ActorState.STOPPING}),
    ActorState.STOPPING: frozenset({ActorState.STOPPED}),
    ActorState.STOPPED: frozenset(),
}


def check_move(current: ActorState, to: ActorState) -> ActorState:
    """The new state, if the table allows it.

    Raises:
        LifecycleError: it does not.
    """
    if to not in ALLOWED[current]:
        raise LifecycleError(f"an actor cannot go from {current} to {to}")
    return to
