"""The Celery tasks: wake-ups for a worker, which then takes what may start or is to be sent."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from asgiref.sync import async_to_sync, sync_to_async
from billiard.compat import mem_rss
from celery import shared_task
from django.conf import settings

from workflows.deliveries import deliver_due
from workflows.hints import DELIVERY_TASK, PRUNE_TASK, TASK, hint, wake
from workflows.lifecycle import claim_next, leaves_to_others
from workflows.pruning import PruneBusyError, prune
from workflows.runner import run

if TYPE_CHECKING:
    from celery import Task

    from workflows.lifecycle import Claim

logger = logging.getLogger(__name__)

RUNS_A_LOOP = 50  # a thread that hangs stays with its loop


@shared_task(name=TASK, bind=True, ignore_result=True)  # a lost hint costs one poll of the keeper
def run_execution(
    self: Task[[str, bool], None], execution_id: str, passed_on: bool = False
) -> None:
    """Run what may start now, the best first, until there is nothing more.

    ``execution_id`` is only a hint: another worker may have taken that run already, and a message
    that names no run of ours does nothing worse. A child over ``WORKER_CHILD_BYTES`` stops taking
    runs, so that Celery can replace it. A worker that leaves a run to the others, because it has
    just lost it, passes the hint on, once.
    """
    worker = self.request.hostname or socket.gethostname()
    hinted = _uuid(execution_id)
    given_back: set[UUID] = set()
    took = False
    # Not asyncio.run: with async_to_sync the ORM calls inside come back to this thread.
    while last := async_to_sync(_some_runs)(worker, hinted, given_back):
        took = True
        if _too_large():
            logger.info("this child has grown too large: a fresh one goes on")
            hint(last.pk)  # whatever a message says, its reader takes what may start
            return
    if hinted is not None and not took and not passed_on and leaves_to_others(worker, hinted):
        wake(hinted, passed_on=True)


async def _some_runs(worker: str, hinted: UUID | None, given_back: set[UUID]) -> Claim | None:
    """Run what may start, on one event loop and its connection to the channel layer.

    A run that left something behind, or did not go well, is the last one on its loop.

    Returns:
        The last of ``RUNS_A_LOOP`` runs, or None if there is nothing more to start.
    """
    for _ in range(RUNS_A_LOOP):
        take = sync_to_async(claim_next)
        claim = await take(worker, os.getpid(), hinted=hinted, avoid=given_back)
        if claim is None:
            return None
        logger.info("execution %s starts", claim.execution_id)
        went_well = await run(claim)
        if not went_well:
            given_back.add(claim.pk)
        if not went_well or _too_large() or len(asyncio.all_tasks()) > 1:
            break
    return claim


def _too_large() -> bool:
    return bool(mem_rss() * 1024 > settings.WORKER_CHILD_BYTES)


@shared_task(name=DELIVERY_TASK, ignore_result=True)  # a lost one costs one poll of the keeper
def deliver_webhooks() -> None:
    """Send the webhooks that are due."""
    deliver_due()


@shared_task(name=PRUNE_TASK, ignore_result=True)  # a lost one costs one interval of beat
def prune_what_is_due(source: str = "beat") -> None:
    """One pass of retention; none if another one is under way.

    ``source`` is ``beat`` or ``admin``: anybody who can write to the broker could say more.
    """
    with suppress(PruneBusyError):
        prune(source="admin" if source == "admin" else "beat")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError):
        return None
