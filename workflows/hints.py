"""Telling a worker that a run waits: a message that may be lost, because the table is the queue."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from kombu.exceptions import KombuError
from kombu.pools import producers

from workflows.models import Execution, Status
from workflows.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from kombu import Connection

logger = logging.getLogger(__name__)
_refused = Repeats(logger)

TASK = "workflows.run_execution"
PRUNE_TASK = "workflows.prune"
DELIVERY_TASK = "workflows.deliver_webhooks"
UNHINTED: dict[str, Any] = {"hinted_at": None, "hint_count": 0}  # no worker was told of the run


def hint_later(pk: UUID) -> None:
    """Hint once the open transaction has committed, which stays so whatever becomes of it."""
    transaction.on_commit(lambda: hint(pk), robust=True)


def hint(pk: UUID) -> bool:
    """Publish a wake-up for this run and note it.

    Returns:
        False if the broker did not take it; the keeper will hint again.
    """
    if not wake(pk):
        return False
    hinted([pk])
    return True


def hinted(pks: Iterable[UUID]) -> None:
    """Note that workers were told of these runs."""
    rows = Execution.objects.filter(pk__in=pks, status=Status.QUEUED)
    rows.update(hinted_at=Now(), hint_count=F("hint_count") + 1)


def wake(pk: UUID, *, passed_on: bool = False) -> bool:
    """Publish a wake-up for this run, at most ``HINT_TIMEOUT_SECONDS``, once.

    ``passed_on`` by a worker that leaves the run to others; the next one keeps it.

    Returns:
        False if the broker did not take it.
    """
    return _publish(TASK, (str(pk), *([True] if passed_on else [])), f"execution {pk}")


def unhinted(pks: Iterable[UUID]) -> None:
    """The broker did not take the hints that these rows tell of: the keeper will hint at once."""
    rows = Execution.objects.filter(pk__in=pks, status=Status.QUEUED)
    rows.update(**UNHINTED)


def hint_deliveries() -> bool:
    """Publish a wake-up for whoever sends webhooks, in the same way."""
    return _publish(DELIVERY_TASK, (), "webhooks")


def hint_prune() -> bool:
    """Ask a worker for a pass of retention, by hand."""
    return _publish(PRUNE_TASK, ("admin",), "retention")


def _publish(task: str, arguments: tuple[Any, ...], about: str) -> bool:
    connection = connection_for_hints()
    timeout = settings.HINT_TIMEOUT_SECONDS
    refusals: tuple[type[BaseException], ...] = (
        KombuError,
        *connection.connection_errors,
        *connection.channel_errors,
    )
    try:
        with producers[connection].acquire(block=True, timeout=timeout) as producer:
            current_app.send_task(
                task, arguments, producer=producer, retry=False, confirm_timeout=timeout
            )
    except refusals as error:
        _refused.wrong("%s: the broker took no hint: %s", about, error)
        return False
    _refused.right("the broker takes hints again")
    return True


@cache
def connection_for_hints() -> Connection:
    """A connection of its own: a short timeout would hurt the worker's, which waits for work."""
    timeout = settings.HINT_TIMEOUT_SECONDS
    return current_app.connection_for_write(
        connect_timeout=timeout,
        transport_options={
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "max_retries": 0,
            "interval_start": 0,
        },
    )
