"""The place where engine and database meet: one claimed run, from its graph to its end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError

from engine.codec import parse_json
from engine.errors import ConfigError, GraphError, InputError
from engine.execution import execute
from engine.graph import Graph
from engine.network import Network
from workflows import surroundings
from workflows.beat import Beat, Orders, StopReason, kill_this_process
from workflows.endings import End, end_of, give_back, write_end
from workflows.event_log import EventWriter, FencedError
from workflows.inputs import Distribution, distribute
from workflows.models import Execution, Status

if TYPE_CHECKING:
    from engine.network import Result
    from workflows.lifecycle import Claim

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What a claimed run needs from the database before it starts."""

    graph: str
    input: str


async def run(claim: Claim) -> bool:
    """Run to the end and write it down; False if the run was given back or is another's.

    Whatever the workflow does ends here as a status. An error of ours gives the row back at once.
    """
    try:
        await sync_to_async(write_end)(claim, await _end_of_attempt(claim))
    except FencedError:
        logger.warning("execution %s is another worker's now", claim.execution_id)
        return False
    except Exception as error:  # the boundary around a whole run
        logger.exception("execution %s: the engine failed", claim.execution_id)
        await sync_to_async(give_back)(claim, f"{type(error).__name__}: {error}")
        return False
    return True


async def _end_of_attempt(claim: Claim) -> End:
    job = await sync_to_async(_load)(claim)
    try:
        return await _attempt(claim, job)
    except (GraphError, ConfigError, InputError) as error:  # the actors changed since it was queued
        return End(Status.FAILED, error=str(error), code=error.code)


def _load(claim: Claim) -> Job:
    rows = Execution.objects.filter(pk=claim.pk)
    graph, given = rows.values_list("version__graph", "input").get()
    return Job(graph, given)


async def _attempt(claim: Claim, job: Job) -> End:
    """Run the graph once.

    Raises:
        GraphError, ConfigError, InputError: it cannot run.
        FencedError: the run was lost on the way.
    """
    network, given = _build(job)
    loop = asyncio.get_running_loop()

    def stop(_reason: StopReason) -> None:
        loop.call_soon_threadsafe(network.cancel)

    orders = Orders(
        stop=stop,
        give_up=lambda reason: _give_up(claim, reason),
        kill=kill_this_process,
    )
    writer = EventWriter(claim)
    beat = Beat(claim, orders)
    with beat:
        result = await execute(network, given.inputs, write=writer.write, trigger=given.trigger)
    if result.status == "cancelled":
        return _stopped(beat.reason, result)
    return end_of(result, writer.problems)


def _build(job: Job) -> tuple[Network, Distribution]:
    registry = surroundings.registry()
    graph = Graph.from_json(job.graph)
    network = Network.from_graph(
        graph,
        registry=registry,
        permissions=surroundings.permissions(),
        limits=surroundings.limits(),
    )
    return network, distribute(graph, registry, parse_json(job.input))


def _stopped(reason: StopReason | None, result: Result | None = None) -> End:
    """The end of a run that was asked to stop."""
    duration_ms = result.duration_ms if result else None
    executed = result.nodes_executed if result else 0
    if reason is StopReason.DEADLINE:
        error = f"it took longer than {settings.RUN_SECONDS:g} s (limit: RUN_SECONDS)"
        return End(Status.FAILED, error, "deadline_exceeded", duration_ms, executed)
    if reason is StopReason.CANCEL:
        return End(Status.CANCELLED, duration_ms=duration_ms, nodes_executed=executed)
    raise FencedError("the lease ran out")


def _give_up(claim: Claim, reason: StopReason) -> None:
    """Write the end of a run that does not react, from the beat's thread, before the kill."""
    try:
        write_end(claim, _stopped(reason))
    except (FencedError, DatabaseError) as error:
        logger.warning("execution %s ends unwritten: %s", claim.execution_id, error)
