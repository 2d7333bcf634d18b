"""The circuit breakers of a run that it shares with the other runs of its owner.

What the database says is believed for a short time, failures and probes go there at once. While
the database is away, what this process knows decides.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, TypeVar

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.db import connection

from engine.breaker import Breaker, BreakerState, CircuitOpenError, Permit
from workflows.circuits import Circuit

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.breaker import BreakerKey, Move
    from engine.policy import BreakerPolicy
    from workflows.circuits import Change, Seen

logger = logging.getLogger(__name__)

FRESH_SECONDS = 0.5  # for so long a state that was read is believed, and a dead database left alone

T = TypeVar("T")


class SharedBreakers:
    """The breakers of one user, as one run sees them.

    Args:
        monotonic: the clock, in seconds, that says how old a state is.
    """

    def __init__(self, owner_pk: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._owner_pk = owner_pk
        self._monotonic = monotonic
        self._known: dict[BreakerKey, _Known] = {}

    async def enter(self, key: BreakerKey, policy: BreakerPolicy) -> Permit:
        known = self._of(key)
        await known.refresh()
        if known.breaker.admits(policy):
            return Permit(known.breaker.generation, known.breaker.state, local=known.away)
        old = known.breaker.state
        change = await known.ask(lambda: known.circuit.claim(policy))
        if change is None:
            return known.breaker.enter(policy)
        seen = change.seen
        if change.done:
            moved = (old, seen.state) if old is BreakerState.OPEN and seen.probes == 1 else None
            return Permit(seen.generation, seen.state, moved, local=False)
        if known.breaker.admits(policy):  # closed meanwhile
            return Permit(seen.generation, seen.state, local=False)
        raise CircuitOpenError(key.name, 0.0)

    async def succeeded(
        self, key: BreakerKey, policy: BreakerPolicy, permit: Permit
    ) -> Move | None:
        known = self._of(key)
        probed = permit.state is BreakerState.HALF_OPEN
        if not permit.local and (probed or known.breaker.failures):
            generation = permit.generation
            change = await known.ask(lambda: known.circuit.succeeded(policy, generation))
            if change is not None:
                return _move(permit, change)
        return known.breaker.succeeded(policy, permit)

    async def failed(
        self, key: BreakerKey, policy: BreakerPolicy, permit: Permit, error: str
    ) -> Move | None:
        known = self._of(key)
        if not permit.local:
            generation = permit.generation
            change = await known.ask(lambda: known.circuit.failed(policy, generation, error))
            if change is not None:
                return _move(permit, change)
        return known.breaker.failed(policy, permit)

    async def dropped(self, key: BreakerKey, permit: Permit) -> None:
        known = self._of(key)
        if not permit.local and permit.state is BreakerState.HALF_OPEN:
            await known.ask(lambda: known.circuit.dropped(permit.generation))
        else:
            known.breaker.dropped(permit)

    def _of(self, key: BreakerKey) -> _Known:
        if key not in self._known:
            self._known[key] = _Known(Circuit(self._owner_pk, key), key.name, self._monotonic)
        return self._known[key]


class _Known:
    """What this process knows of one breaker, and since when."""

    def __init__(self, circuit: Circuit, name: str, monotonic: Callable[[], float]) -> None:
        self.circuit = circuit
        self.breaker = Breaker(name, monotonic)
        self.away = False  # the database, when it was last asked
        self._monotonic = monotonic
        self._fresh_until = float("-inf")
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """Read the state if what is known is too old; of many callers one asks."""
        if self._monotonic() >= self._fresh_until:
            async with self._reading:
                if self._monotonic() >= self._fresh_until:
                    seen = await self._query(self.circuit.read)
                    if seen is not None:
                        self._learn(seen)

    async def ask(self, change: Callable[[], Change]) -> Change | None:
        """Change the row; None if the database is away."""
        if self.away and self._monotonic() < self._fresh_until:
            return None
        changed = await self._query(change)
        if changed is not None:
            self._learn(changed.seen)
        return changed

    async def _query(self, query: Callable[[], T]) -> T | None:
        try:
            found = await sync_to_async(_kept_usable)(query)
        except DatabaseError as error:
            if not self.away:
                logger.warning("breaker %r: this process decides: %s", self.breaker.name, error)
            self.away = True
            self._fresh_until = self._monotonic() + FRESH_SECONDS
            return None
        self.away = False
        return found

    def _learn(self, seen: Seen) -> None:
        now, breaker = self._monotonic(), self.breaker
        self._fresh_until = now + FRESH_SECONDS
        breaker.state, breaker.generation = seen.state, seen.generation
        breaker.failures, breaker.probes = seen.failures, seen.probes
        breaker.retry_at, breaker.probe_until = now + seen.retry_in, now + seen.lost_in


def _kept_usable(query: Callable[[], T]) -> T:
    """Ask the database; a connection that broke is given up, so that the next query has another."""
    try:
        return query()
    except DatabaseError:
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        raise


def _move(permit: Permit, change: Change) -> Move | None:
    moved = change.done and change.seen.state is not permit.state
    return (permit.state, change.seen.state) if moved else None
