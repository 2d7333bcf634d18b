"""What needs a person, for the first page: counts, each with the list behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from workflows.models import CircuitState, LetterStatus, Status
from workflows.selectors import breakers_of, dead_letters_of, executions_of
from workflows.workers import quarantined_workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import AnonymousUser, User


def attention(user: User | AnonymousUser) -> list[dict[str, Any]]:
    """Each kind of which there is any, with one query each; only what the user may see."""
    return [
        {"text": f"{count} {one if count == 1 else many}", "help": text, "url": url}
        for count, one, many, text, url in _counted(user)
        if count
    ]


def _counted(user: User | AnonymousUser) -> Iterator[tuple[int, str, str, str, str]]:
    if user.has_perm("workflows.view_execution"):
        waiting = executions_of(user).filter(status=Status.WAITING).count()
        text = "a worker was lost in the middle of something: say on each page what becomes of it"
        url = _list("execution", f"status__exact={Status.WAITING}")
        yield waiting, "run waits for a decision", "runs wait for a decision", text, url
    if user.has_perm("workflows.view_deadletter"):
        letters = dead_letters_of(user).filter(status=LetterStatus.OPEN).count()
        text = "what failed for good: requeue it or discard it"
        url = _list("deadletter", f"status__exact={LetterStatus.OPEN}")
        yield letters, "open dead letter", "open dead letters", text, url
    if user.has_perm("workflows.view_circuitbreaker"):
        breakers = breakers_of(user).filter(state=CircuitState.OPEN).count()
        text = "calls fail at once until it is tried again, or you close it"
        url = _list("circuitbreaker", f"state__exact={CircuitState.OPEN}")
        yield breakers, "open circuit breaker", "open circuit breakers", text, url
    if user.is_superuser:
        sick = quarantined_workers().count()
        text = "lost three runs in a row, and takes none for a minute: see the server's log"
        yield sick, "worker in quarantine", "workers in quarantine", text, "/health?detail=1"


def _list(model: str, query: str) -> str:
    return f"{reverse(f'admin:workflows_{model}_changelist')}?{query}"
