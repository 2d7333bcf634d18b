"""The circuit breaker: one table of states, and who keeps the breakers that a run goes through.

closed: calls go through, failures in a row are counted. open: none goes through until the reset
time has passed. half-open: so many probes go through; if they succeed it closes, else it opens.
Each move begins a generation, and an answer counts only in that in which its call began.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.policy import BreakerPolicy

PROBE_SECONDS = 60.0  # a probe without an answer for so long, and for the reset time, is lost


class CircuitOpenError(EngineError):
    """The breaker is open: the call was not made."""

    code = "circuit_open"
    retryable = True

    def __init__(self, name: str, seconds: float) -> None:
        self.name = name
        self.retry_after = seconds
        why = f"is open for another {seconds:.1f} s" if seconds > 0 else "waits for its probe"
        super().__init__(f"the circuit breaker {name!r} {why}")


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


ALLOWED: dict[BreakerState, frozenset[BreakerState]] = {
    BreakerState.CLOSED: frozenset({BreakerState.OPEN}),
    BreakerState.OPEN: frozenset({BreakerState.HALF_OPEN}),
    BreakerState.HALF_OPEN: frozenset({BreakerState.CLOSED, BreakerState.OPEN}),
}

Move: TypeAlias = tuple[BreakerState, BreakerState]  # from, to


class BreakerKind(StrEnum):
    """What a breaker stands for, and so who shares it."""

    NODE = "node"  # one node of one run
    NAME = "name"  # what its policy names
    SERVICE = "service"  # host:port


@dataclass(frozen=True, slots=True)
class BreakerKey:
    kind: BreakerKind
    name: str


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call; ``moved`` is what the breaker did to give it."""

    generation: int
    state: BreakerState  # closed, or half-open: the call is a probe
    moved: Move | None = None
    local: bool = True  # given by this process alone


class Breakers(Protocol):
    """Where breakers are kept: the memory of one run, or what several processes share.

    Each permit of ``enter`` is answered by one of the others.
    """

    async def enter(self, key: BreakerKey, policy: BreakerPolicy) -> Permit:
        """Ask to make a call.

        Raises:
            CircuitOpenError: not now.
        """

    async def succeeded(
        self, key: BreakerKey, policy: BreakerPolicy, permit: Permit
    ) -> Move | None:
        """The call was answered."""

    async def failed(
        self, key: BreakerKey, policy: BreakerPolicy, permit: Permit, error: str
    ) -> Move | None:
        """The call failed."""

    async def dropped(self, key: BreakerKey, permit: Permit) -> None:
        """The call says nothing of what it was made to."""


class Breaker:
    """One breaker in memory.

    Args:
        monotonic: the clock, in seconds.
    """

    __slots__ = (
        "_monotonic",
        "failures",
        "generation",
        "name",
        "probe_until",
        "probes",
        "retry_at",
        "state",
        "successes",
    )

    def __init__(self, name: str, monotonic: Callable[[], float]) -> None:
        self.name = name
        self.state = BreakerState.CLOSED
        self.generation = 0
        self.failures = 0  # in a row
        self.retry_at = 0.0  # monotonic: open until then
        self.probes = 0  # let through, half-open
        self.probe_until = 0.0  # monotonic: then they are lost, and others may be let through
        self.successes = 0  # of them
        self._monotonic = monotonic

    def admits(self, policy: BreakerPolicy) -> bool:
        """Whether a call needs no probe's leave.

        Raises:
            CircuitOpenError: it may not be made, not even as a probe.
        """
        if self.state is BreakerState.CLOSED:
            return True
        now = self._monotonic()
        if self.state is BreakerState.OPEN and self.retry_at > now:
            raise CircuitOpenError(self.name, self.retry_at - now)
        taken = self.state is BreakerState.HALF_OPEN and self.probes >= policy.probes
        if taken and self.probe_until > now:
            raise CircuitOpenError(self.name, 0.0)
        return False

    def enter(self, policy: BreakerPolicy) -> Permit:
        """Ask to make a call.

        Raises:
            CircuitOpenError: not now.
        """
        moved = None
        if not self.admits(policy):
            if self.state is BreakerState.OPEN:
                moved = self._move(BreakerState.HALF_OPEN)
            if self.probes >= policy.probes:  # lost
                self.generation += 1
                self.probes = self.successes = 0
            if not self.probes:
                self.probe_until = self._monotonic() + probe_seconds(policy)
            self.probes += 1
        return Permit(self.generation, self.state, moved)

    def succeeded(self, policy: BreakerPolicy, permit: Permit) -> Move | None:
        if permit.generation != self.generation:
            return None
        self.failures = 0
        if self.state is BreakerState.HALF_OPEN:
            self.successes += 1
            if self.successes >= policy.probes:
                return self._move(BreakerState.CLOSED)
        return None

    def failed(self, policy: BreakerPolicy, permit: Permit) -> Move | None:
        if permit.generation != self.generation:
            return None
        self.failures += 1
        if self.state is BreakerState.CLOSED and self.failures < policy.failures:
            return None
        self.retry_at = self._monotonic() + policy.reset_ms / 1000
        return self._move(BreakerState.OPEN)

    def dropped(self, permit: Permit) -> None:
        if permit.generation == self.generation and self.probes:
            self.probes -= 1

    def _move(self, to: BreakerState) -> Move:
        old = self.state
        assert to in ALLOWED[old]  # noqa: S101 -- the table holds for the code above
        self.state = to
        self.generation += 1
        self.failures = self.probes = self.successes = 0
        return old, to


class MemoryBreakers:
    """The breakers of one run."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._breakers: dict[BreakerKey, Breaker] = {}

    async def enter(self, key: BreakerKey, policy: BreakerPolicy) -> Permit:
        if key not in self._breakers:
            self._breakers[key] = Breaker(key.name, self._monotonic)
        return self._breakers[key].enter(policy)

    async def succeeded(
        self, key: BreakerKey, policy: BreakerPolicy, permit: Permit
    ) -> Move | None:
        return self._breakers[key].succeeded(policy, permit)

    async def failed(
        self,
        key: BreakerKey,
        policy: BreakerPolicy,
        permit: Permit,
        error: str,  # noqa: ARG002 -- nobody looks at it here
    ) -> Move | None:
        return self._breakers[key].failed(policy, permit)

    async def dropped(self, key: BreakerKey, permit: Permit) -> None:
        self._breakers[key].dropped(permit)


def probe_seconds(policy: BreakerPolicy) -> float:
    """How long probes may go without an answer until others are let through."""
    return max(policy.reset_ms / 1000, PROBE_SECONDS)
