"""The circuit breaker: one table of states, counted on a clock that its owner gives it.

closed: calls go through, failures in a row are counted. open: none goes through until the reset
time has passed. half-open: so many probes go through; if they succeed it closes, else it opens.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.policy import BreakerPolicy


class CircuitOpenError(EngineError):
    """The breaker is open: the call was not made."""

    code = "circuit_open"
    retryable = True

    def __init__(self, name: str, seconds: float) -> None:
        self.name = name
        self.retry_after = seconds
        super().__init__(f"the circuit breaker {name!r} is open for another {seconds:.1f} s")


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


ALLOWED: dict[BreakerState, frozenset[BreakerState]] = {
    BreakerState.CLOSED: frozenset({BreakerState.OPEN}),
    BreakerState.OPEN: frozenset({BreakerState.HALF_OPEN}),
    BreakerState.HALF_OPEN: frozenset({BreakerState.CLOSED, BreakerState.OPEN}),
}


class Breaker:
    """One breaker, shared by whoever names it.

    Args:
        monotonic: the clock, in seconds.
        on_move: called with the old and the new state.
    """

    __slots__ = (
        "_failures",
        "_monotonic",
        "_on_move",
        "_opened_at",
        "_policy",
        "_probes",
        "_successes",
        "name",
        "state",
    )

    def __init__(
        self,
        name: str,
        policy: BreakerPolicy,
        monotonic: Callable[[], float],
        on_move: Callable[[BreakerState, BreakerState], None] = lambda _old, _new: None,
    ) -> None:
        self.name = name
        self.state = BreakerState.CLOSED
        self._policy = policy
        self._monotonic = monotonic
        self._on_move = on_move
        self._failures = 0  # in a row
        self._opened_at = 0.0
        self._probes = 0  # under way, half-open
        self._successes = 0  # of them

    def enter(self) -> None:
        """Ask to make a call; each is answered by ``success`` or ``failure``.

        Raises:
            CircuitOpenError: not now.
        """
        if self.state is BreakerState.OPEN:
            left = self._opened_at + self._policy.reset_ms / 1000 - self._monotonic()
            if left > 0:
                raise CircuitOpenError(self.name, left)
            self._move(BreakerState.HALF_OPEN)
        if self.state is BreakerState.HALF_OPEN:
            if self._probes >= self._policy.probes:
                raise CircuitOpenError(self.name, 0.0)
            self._probes += 1

    def success(self) -> None:
        self._failures = 0
        if self.state is BreakerState.HALF_OPEN:
            self._successes += 1
            if self._successes >= self._policy.probes:
                self._move(BreakerState.CLOSED)

    def failure(self) -> None:
        self._failures += 1
        if self.state is BreakerState.HALF_OPEN or (
            self.state is BreakerState.CLOSED and self._failures >= self._policy.failures
        ):
            self._opened_at = self._monotonic()
            self._move(BreakerState.OPEN)

    def _move(self, to: BreakerState) -> None:
        old = self.state
        assert to in ALLOWED[old]  # noqa: S101 -- the table holds for the code above
        self.state = to
        self._failures = self._probes = self._successes = 0
        self._on_move(old, to)
