"""A lost run goes on where its journal ends, in the database that it is stored in."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync

from engine.graph import Graph
from engine.journal import FailedFiring, Intent
from engine.journal import JournalEntry as Entry
from engine.messages import ErrorValue, freeze
from engine.network import Network
from tests.factories import LONG_AGO, ExecutionFactory, UserFactory, claim_of
from tests.workflows.actors import LEDGER
from workflows import surroundings
from workflows.doubts import decisions_of
from workflows.event_log import FencedError
from workflows.journal import RunJournal, load
from workflows.lifecycle import Claim, claim_next
from workflows.models import Execution, ExecutionEvent, JournalEntry, Status
from workflows.recovery import reap
from workflows.runner import run
from workflows.services import start_execution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.journal import JournalRecord

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("test_actors")]

MESSAGES = [1, 2, 1, 3]
COMMITS = 20  # more than the run needs


@pytest.fixture(autouse=True)
def _empty_ledger() -> Iterator[None]:
    LEDGER.clear()
    yield
    LEDGER.clear()


def booking(**properties: Any) -> Graph:
    """Four messages through two nodes that each do something outside."""
    graph = Graph("booking", case_sensitive=True)
    graph.properties |= {"inDoubt": "rerun"} | properties
    for name in ("first", "second"):
        graph.add_node(name, "test_books")
    graph.add_connection("first", "out", "second", "in")
    for message in MESSAGES:
        graph.add_initial("first", "in", message)
    graph.add_outport("out", "second", "out")
    return graph


def claimed(graph: Graph) -> Claim:
    start_execution(owner=UserFactory(), graph=graph)
    claim = claim_next("celery@test", 1)
    assert claim is not None
    return claim


class Cut(RunJournal):
    """Is killed with its worker after so many commits."""

    def __init__(self, claim: Claim, last_seq: int, commits: int) -> None:
        super().__init__(claim, last_seq)
        self._left = commits

    async def commit(self, entries: list[JournalRecord]) -> None:
        if not self._left:
            raise OSError("killed")
        self._left -= 1
        await super().commit(entries)


def lose(claim: Claim, graph: Graph, commits: int) -> None:
    """Run until the worker is killed, and let the keeper find that."""
    entries = load(claim.pk)
    network = Network.from_graph(
        graph,
        registry=surroundings.registry(),
        journal=Cut(claim, len(entries), commits),
        resume=entries,
        decisions=decisions_of(claim.pk),
        run_id=str(claim.pk),
    )
    async_to_sync(network.run)()
    Execution.objects.update(lease_until=LONG_AGO)
    assert reap() == 1


def outputs() -> Any:
    return json.loads(Execution.objects.get().result)["outputs"]


BOOKED = {"out": [[[message, n], n] for n, message in enumerate(MESSAGES, 1)]}


@pytest.mark.parametrize("commits", range(COMMITS))
@pytest.mark.parametrize("level", ["node", "message"])
def test_killed_at_any_commit_a_run_ends_as_if_nothing_had_happened(
    level: str, commits: int
) -> None:
    graph = booking(resume=level)
    claim = claimed(graph)
    lose(claim, graph, commits)
    entries = [entry for entry in load(claim.pk) if isinstance(entry, Entry)]
    done = Counter(entry.node for entry in entries)
    before = Counter(LEDGER)
    again = claim_next("celery@test", 1)
    assert again is not None

    assert async_to_sync(run)(again) is True

    execution = Execution.objects.get()
    assert (execution.status, execution.attempt, execution.attempts_lost) == ("completed", 2, 1)
    assert outputs() == BOOKED
    # What was committed is not done again; what was under way is, with the same key.
    assert len(set(LEDGER)) == 2 * len(MESSAGES)
    for node in ("first", "second"):
        after = sum((Counter(LEDGER) - before)[item] for item in set(LEDGER) if item[0] == node)
        assert after == len(MESSAGES) - done[node]
    assert not JournalEntry.objects.exists()


def test_killed_at_every_attempt_but_the_last_a_run_still_ends() -> None:
    graph = booking()
    claim = claimed(graph)
    for _ in range(4):
        lose(claim, graph, 2)
        again = claim_next("celery@test", 1)
        assert again is not None
        claim = again

    assert async_to_sync(run)(claim) is True

    assert outputs() == BOOKED
    events = ExecutionEvent.objects.values_list("seq", "type")
    assert [seq for seq, _ in events] == list(range(1, len(events) + 1))
    assert Counter(kind for _, kind in events)["Requeued"] == 4


def test_a_run_at_level_restart_has_no_journal_and_does_all_of_it_again() -> None:
    claim = claimed(booking(resume="restart"))
    Execution.objects.update(lease_until=LONG_AGO)
    reap()
    again = claim_next("celery@test", 1)
    assert again is not None
    assert claim.pk == again.pk

    async_to_sync(run)(again)

    assert outputs() == BOOKED
    assert not JournalEntry.objects.exists()


def test_a_worker_that_has_lost_its_run_writes_nothing_into_the_journal() -> None:
    execution = ExecutionFactory(status=Status.RUNNING, token=3)
    journal = RunJournal(claim_of(execution), 0)
    Execution.objects.update(token=4)

    with pytest.raises(FencedError):
        async_to_sync(journal.commit)([Entry("a", {"in": 1}, {"out": [1]}, fired=1)])

    assert isinstance(journal.error, FencedError)
    assert not JournalEntry.objects.exists()


def test_entries_come_back_as_they_were() -> None:
    execution = ExecutionFactory(status=Status.RUNNING)
    failure = FailedFiring({"in": "\0"}, "too much", "ValueError", attempts=3)
    state = {"held": freeze([1, {"a": b"\1"}])}
    entries: list[JournalRecord] = [
        Entry(
            "a",
            {"in": 2},
            {"out": [1, None, 1e16], "error": [ErrorValue("no"), {"$": [ErrorValue("x")]}]},
            state,
            2,
        ),
        Entry("a", {}, {"out": ["\N{GRINNING FACE}"]}, state),
        Entry("b", {"in": 1}, {}, {}, 1, 1, (failure,)),
        Intent("a", "k" * 64, "d" * 64, {}, 1.5),
        Entry("a", {"in": 1}, {}, {}, 1, closes="k" * 64),
    ]

    async_to_sync(RunJournal(claim_of(execution), 0).commit)(entries)

    assert load(execution.pk) == entries


def test_a_message_that_cannot_be_stored_is_an_error_in_the_journal() -> None:
    execution = ExecutionFactory(status=Status.RUNNING)

    journal = RunJournal(claim_of(execution), 0)
    async_to_sync(journal.commit)([Entry("a", {"in": 1}, {"out": [2**70]}, fired=1)])

    (entry,) = load(execution.pk)
    assert isinstance(entry, Entry)
    assert isinstance(entry.outputs["out"][0], ErrorValue)
