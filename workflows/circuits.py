"""The rows of shared circuit breakers: each move is one conditional update of one generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from engine.breaker import BreakerState, probe_seconds
from workflows.event_rows import clean
from workflows.models import CircuitBreaker, CircuitState
from workflows.workers import from_now

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from engine.breaker import BreakerKey
    from engine.policy import BreakerPolicy

MAX_ERROR = 1_000  # characters kept
MAX_NAME = 300


@dataclass(frozen=True, slots=True)
class Seen:
    """A breaker as it was read; times are seconds from then."""

    state: BreakerState = BreakerState.CLOSED
    generation: int = 0
    failures: int = 0
    probes: int = 0
    retry_in: float = 0.0
    lost_in: float = 0.0  # until its probes count as lost


@dataclass(frozen=True, slots=True)
class Change:
    """What an update found afterwards, and whether it was the one that counted."""

    seen: Seen
    done: bool


class Circuit:
    """One breaker of one user, in the database. Every method is one transaction."""

    def __init__(self, owner_pk: int, key: BreakerKey) -> None:
        self._key = {
            "owner_id": owner_pk,
            "kind": key.kind.value,
            "name": clean(key.name)[:MAX_NAME],
        }
        self._rows: QuerySet[CircuitBreaker] = CircuitBreaker.objects.filter(**self._key)

    def read(self) -> Seen:
        """How it stands; one that has never failed has no row, and is closed."""
        return _seen(self._rows.annotate(now=Now()).order_by().first())

    def claim(self, policy: BreakerPolicy) -> Change:
        """Ask for leave to make a probe: of all workers, so many get it as there may be probes."""
        due = Q(state=CircuitState.OPEN, retry_at__lte=Now())
        lost = Q(state=CircuitState.HALF_OPEN, probes__gte=policy.probes, probe_until__lte=Now())
        free = Q(state=CircuitState.HALF_OPEN, probes__lt=policy.probes)
        anew = due | lost  # a generation of its own: what older calls answer is late
        return self._change(
            self._rows.filter(anew | free),
            state=CircuitState.HALF_OPEN,
            since=_if(due, "since", Now()),
            generation=_if(anew, "generation", F("generation") + 1),
            probes=_if(anew, "probes", Value(1), F("probes") + 1),
            successes=_if(anew, "successes", Value(0)),
            probe_until=_if(anew, "probe_until", from_now(probe_seconds(policy))),
        )

    def succeeded(self, policy: BreakerPolicy, generation: int) -> Change:
        """A call of this generation was answered."""
        closes = Q(state=CircuitState.HALF_OPEN, successes__gte=policy.probes - 1)
        return self._change(
            self._rows.filter(generation=generation),
            state=_if(closes, "state", Value(CircuitState.CLOSED)),
            since=_if(closes, "since", Now()),
            generation=_if(closes, "generation", F("generation") + 1),
            successes=_if(closes, "successes", Value(0), F("successes") + 1),
            failures=0,
        )

    def failed(self, policy: BreakerPolicy, generation: int, error: str) -> Change:
        """A call of this generation failed. The first failure of all makes the row."""
        CircuitBreaker.objects.get_or_create(**self._key, defaults={"since": Now()})
        closed = Q(state=CircuitState.CLOSED)
        opens = ~closed | Q(failures__gte=policy.failures - 1)
        return self._change(
            self._rows.filter(generation=generation),
            state=_if(opens, "state", Value(CircuitState.OPEN)),
            since=_if(opens, "since", Now()),
            generation=_if(opens, "generation", F("generation") + 1),
            failures=_if(opens, "failures", Value(0), F("failures") + 1),
            retry_at=_if(opens, "retry_at", from_now(policy.reset_ms / 1000)),
            opened_total=_if(opens, "opened_total", F("opened_total") + 1),
            failures_total=F("failures_total") + 1,
            last_error=clean(error)[:MAX_ERROR],
            last_error_at=Now(),
        )

    def dropped(self, generation: int) -> Change:
        """A probe of this generation has said nothing: another may be made."""
        return self._change(
            self._rows.filter(generation=generation, probes__gt=0), probes=F("probes") - 1
        )

    def _change(self, rows: QuerySet[CircuitBreaker], **columns: Any) -> Change:
        with transaction.atomic():  # so that what is read is what this update has left
            done = bool(rows.update(**columns))
            return Change(self.read(), done)


def reset(breaker: CircuitBreaker) -> bool:
    """Let calls through again, whatever came of those before; False if it was closed and clean."""
    dirty = ~Q(state=CircuitState.CLOSED) | Q(failures__gt=0)
    rows = CircuitBreaker.objects.filter(dirty, pk=breaker.pk)
    return bool(
        rows.update(
            state=CircuitState.CLOSED,
            since=Now(),
            generation=F("generation") + 1,
            failures=0,
            probes=0,
            successes=0,
        )
    )


def _if(condition: Q, column: str, then: Any, otherwise: Any = None) -> Case:
    """A value for a column; without ``otherwise`` it keeps the one it has."""
    default = F(column) if otherwise is None else otherwise
    kind: Any = CircuitBreaker._meta.get_field(column)  # noqa: SLF001 -- documented
    return Case(When(condition, then=then), default=default, output_field=kind)


def _seen(row: Any) -> Seen:
    if row is None:
        return Seen()
    return Seen(
        state=BreakerState(row.state),
        generation=row.generation,
        failures=row.failures,
        probes=row.probes,
        retry_in=_seconds(row.now, row.retry_at),
        lost_in=_seconds(row.now, row.probe_until),
    )


def _seconds(now: datetime, then: datetime | None) -> float:
    return 0.0 if then is None else (then - now).total_seconds()
