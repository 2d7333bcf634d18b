"""The place where engine and database meet: one claimed run, from its graph to its end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from engine.codec import OWN_TEXT, parse_json
from engine.errors import ConfigError, GraphError, InputError
from engine.execution import execute
from engine.graph import Graph
from engine.graph.resume import ResumeLevel, resume_level
from engine.network import Network
from workflows import surroundings
from workflows.beat import Beat, Orders, StopReason, kill_children, kill_this_process
from workflows.breakers import SharedBreakers
from workflows.doubts import decisions_of
from workflows.endings import End, end_of, give_back, write_end
from workflows.errors import PayloadMissingError
from workflows.event_log import EventWriter, FencedError
from workflows.inputs import Distribution, distribute
from workflows.journal import RunJournal, load
from workflows.letters import letters_of
from workflows.models import Execution, Status
from workflows.pausing import hand_back
from workflows.payloads import read
from workflows.repeats import Repeats
from workflows.trouble import trouble_of

if TYPE_CHECKING:
    from engine.journal import Decision, JournalRecord
    from engine.network import Result
    from workflows.lifecycle import Claim

logger = logging.getLogger(__name__)
_unwritable = Repeats(logger)

ENDS = (StopReason.CANCEL, StopReason.DEADLINE)

PATIENCE_SECONDS = 3600.0
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """What a claimed run needs from the database before it starts."""

    graph: str
    input: str
    entries: list[JournalRecord]  # of earlier attempts
    decisions: dict[str, Decision]  # about firings that were in doubt
    start_node: str  # it alone gets the input; empty: the graph
    owner_pk: int


async def run(claim: Claim) -> bool:
    """Run to the end and write it down; False if the run was broken by us or is another's.

    Whatever the workflow does ends here as a status. An error of ours gives the row back at once;
    one of the database as soon as that can be written, and does not count as a lost attempt.
    """
    try:
        await _run(claim)
    except FencedError:
        await _put_back(claim, "its lease could not be renewed in time")
        return False
    except Exception as error:  # the boundary around a whole run
        if (trouble := trouble_of(error)) is not None:
            logger.warning("execution %s cannot be written: %s", claim.execution_id, error)
            await _put_back(claim, f"it could not be written ({trouble})")
            return False
        logger.exception("execution %s: the engine failed", claim.execution_id)
        await sync_to_async(give_back)(claim, f"{type(error).__name__}: {error}")
        return False
    return True


class LeavesError(Exception):
    """The run is not over, and ends in this process: it goes on elsewhere, or later."""

    def __init__(self, reason: StopReason) -> None:
        self.reason = reason
        super().__init__(reason)


async def _run(claim: Claim) -> None:
    try:
        end = await _end_of_attempt(claim)
    except LeavesError as leaves:
        await sync_to_async(_hand_back)(claim, leaves.reason)
    else:
        await sync_to_async(write_end)(claim, end)


async def _put_back(claim: Claim, reason: str) -> None:
    """As soon as the database can be written; after ``PATIENCE_SECONDS`` the keeper does it."""
    ours: bool | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            try_it = sync_to_async(_try_to_put_back)
            while (ours := await try_it(claim, reason)) is None:  # noqa: ASYNC110 -- nobody tells us
                await asyncio.sleep(RETRY_SECONDS)
    said = f"queued again: {reason}" if ours else "another worker's now"
    logger.warning("execution %s is %s", claim.execution_id, said)


def _try_to_put_back(claim: Claim, reason: str) -> bool | None:
    """None if the database cannot be written yet."""
    try:
        hand_back(claim, reason)
    except FencedError:
        return False
    except DatabaseError as error:
        _unwritable.wrong("execution %s waits: %s", claim.execution_id, error)
        connection.close()
        return None
    return True


async def _end_of_attempt(claim: Claim) -> End:
    try:
        job = await sync_to_async(_load)(claim)
    except PayloadMissingError as error:
        return End(Status.FAILED, error=str(error), code=error.code, journaled=True)
    journaled = bool(job.entries)
    try:
        return await _attempt(claim, job)
    except (GraphError, ConfigError, InputError) as error:  # the actors changed since it was queued
        return End(Status.FAILED, error=str(error), code=error.code, journaled=journaled)


def _load(claim: Claim) -> Job:
    rows = Execution.objects.filter(pk=claim.pk)
    columns = rows.values_list("version__graph", "input", "start_node", "owner", "attempt")
    graph, given, start_node, owner_pk, attempt = columns.get()
    entries = load(claim.pk) if attempt > 1 else []
    decisions = decisions_of(claim.pk) if entries else {}
    return Job(graph, read(given), entries, decisions, start_node, owner_pk)


async def _attempt(claim: Claim, job: Job) -> End:
    """Run the graph once.

    Raises:
        GraphError, ConfigError, InputError: it cannot run.
        FencedError: the run was lost on the way.
        DatabaseError: the journal could not be written.
    """
    graph = Graph.from_json(job.graph)
    journal = _journal(claim, job, graph)
    network, given = _build(claim, job, graph, journal)
    writer = EventWriter(claim, over=lambda: network.over)
    with Beat(claim, _orders(claim, network, keeps=journal is not None)) as beat:
        result = await execute(
            network,
            given.inputs,
            write=writer.write,
            linger=settings.EVENT_LINGER_SECONDS,
            trigger=given.trigger,
            start_at=given.start_at,
        )
    if journal is not None and journal.error is not None:
        raise journal.error
    stopped = result.status == "cancelled"
    if stopped:
        kill_children()
    if result.status == "waiting" or (stopped and beat.reason not in ENDS):
        await writer.write_rest()  # the run goes on after it
    end = _stopped(claim, beat.reason, result) if stopped else end_of(result, writer.problems)
    return replace(
        end,
        rest=writer.rest,
        journaled=journal is not None,
        dead_letters=result.failed_firings,
        letters=letters_of(graph, result.errors),
    )


def _orders(claim: Claim, network: Network, *, keeps: bool) -> Orders:
    """What the beat beside this network, in a thread of its own, may do to it."""
    loop = asyncio.get_running_loop()

    def stop(_reason: StopReason) -> None:
        loop.call_soon_threadsafe(network.cancel)

    def pause(paused: bool) -> None:
        loop.call_soon_threadsafe(network.pause if paused else network.resume)

    return Orders(
        stop=stop,
        give_up=lambda reason: _give_up(claim, reason),
        kill=kill_this_process,
        pause=pause,
        may_leave=lambda: network.at_rest,
        keeps=keeps,
    )


def _journal(claim: Claim, job: Job, graph: Graph) -> RunJournal | None:
    """A journal, if the run is to go on where it was lost; what one holds is never left unused."""
    level = resume_level(graph, surroundings.registry())
    if level is ResumeLevel.RESTART and not job.entries:
        return None
    return RunJournal(claim, len(job.entries))


def _build(
    claim: Claim, job: Job, graph: Graph, journal: RunJournal | None
) -> tuple[Network, Distribution]:
    registry = surroundings.registry()
    network = Network.from_graph(
        graph,
        registry=registry,
        permissions=surroundings.permissions(),
        limits=surroundings.limits(),
        journal=journal,
        resume=job.entries,
        decisions=job.decisions,
        run_id=str(claim.pk),
        breakers=SharedBreakers(job.owner_pk),
    )
    given = parse_json(job.input, OWN_TEXT)
    if job.start_node:
        return network, Distribution({}, None, (), start_at={job.start_node: given})
    return network, distribute(graph, registry, given)


def _stopped(claim: Claim, reason: StopReason | None, result: Result | None = None) -> End:
    """The end of a run that was asked to stop."""
    duration_ms = result.duration_ms if result else None
    executed = result.nodes_executed if result else 0
    if reason is StopReason.DEADLINE:
        error = f"it took longer than {claim.time_limit}"
        return End(Status.FAILED, error, "deadline_exceeded", duration_ms, executed)
    if reason is StopReason.CANCEL:
        return End(Status.CANCELLED, duration_ms=duration_ms, nodes_executed=executed)
    if reason in (StopReason.PAUSED, StopReason.SHUTDOWN):
        raise LeavesError(reason)
    raise FencedError("the lease ran out")


def _hand_back(claim: Claim, reason: StopReason) -> None:
    said = "the worker was shut down" if reason is StopReason.SHUTDOWN else ""
    hand_back(claim, said)
    logger.info("execution %s leaves this worker: %s", claim.execution_id, reason)


def _give_up(claim: Claim, reason: StopReason) -> None:
    """Write the end of a run that does not react, from the beat's thread, before the kill."""
    try:
        if reason in (StopReason.PAUSED, StopReason.SHUTDOWN):
            _hand_back(claim, reason)
        else:
            write_end(claim, replace(_stopped(claim, reason), journaled=True))
    except (FencedError, DatabaseError) as error:
        logger.warning("execution %s ends unwritten: %s", claim.execution_id, error)
