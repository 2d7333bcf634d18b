"""Circuit breakers that all workers share."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class CircuitState(models.TextChoices):
    """Whether calls go through; ``engine.breaker`` says how it may move."""

    CLOSED = "closed", "Closed"
    OPEN = "open", "Open"
    HALF_OPEN = "half_open", "Half-open"


class CircuitKind(models.TextChoices):
    """What a breaker stands for."""

    NAME = "name", "Name"  # the one that policies give it
    SERVICE = "service", "Service"  # host:port


class CircuitBreaker(models.Model):
    """One breaker of one user, from its first failure on. All times are the database's."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=CircuitKind.choices)
    name = models.CharField(max_length=300)
    state = models.CharField(
        max_length=10, choices=CircuitState.choices, default=CircuitState.CLOSED
    )
    since = models.DateTimeField()  # in this state
    generation = models.BigIntegerField(default=0)  # of its moves; an older call's answer is late
    failures = models.PositiveIntegerField(default=0)  # in a row, closed
    retry_at = models.DateTimeField(null=True, blank=True)  # open until then
    probes = models.PositiveIntegerField(default=0)  # let through, half-open
    probe_until = models.DateTimeField(null=True, blank=True)  # then they count as lost
    successes = models.PositiveIntegerField(default=0)  # of them
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    failures_total = models.PositiveBigIntegerField(default=0)
    opened_total = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-since", "-pk")
        constraints = (
            models.UniqueConstraint("owner", "kind", "name", name="breaker_once"),
            models.CheckConstraint(
                condition=Q(state__in=CircuitState.values), name="breaker_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=CircuitState.OPEN) | Q(retry_at__isnull=False),
                name="breaker_opens_for_a_time",
            ),
        )
        indexes = (models.Index(fields=("owner", "-since"), name="breaker_of_owner"),)

    def __str__(self) -> str:
        return self.name
