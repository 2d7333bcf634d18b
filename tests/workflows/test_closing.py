"""A run that ends without its worker keeps what its journal says failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import storages

from engine.graph import Graph
from engine.network import Network
from tests.factories import LONG_AGO, UserFactory
from workflows import surroundings
from workflows.beat import StopReason
from workflows.journal import RunJournal
from workflows.lifecycle import Claim, claim_next
from workflows.models import DeadLetter, Execution, JournalEntry, Status
from workflows.payloads import reference_of
from workflows.recovery import end_overdue, reap
from workflows.runner import _give_up
from workflows.services import cancel_execution, start_execution

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("test_actors")]


def almost_over(*messages: Any) -> Claim:
    """A run whose worker is lost before it has written the end; its journal is whole."""
    graph = Graph("almost over", case_sensitive=True)
    graph.properties["resume"] = "message"
    graph.add_node("breaks", "test_breaks")
    graph.add_node("books", "test_books")
    for message in messages:
        graph.add_initial("breaks", "in", message)
    graph.add_initial("books", "in", 1)
    start_execution(owner=UserFactory(), graph=graph)
    claim = claim_next("celery@test", 1)
    assert claim is not None
    network = Network.from_graph(
        graph, registry=surroundings.registry(), journal=RunJournal(claim, 0), run_id=str(claim.pk)
    )
    async_to_sync(network.run)()
    return claim


def rows() -> QuerySet[Execution]:
    return Execution.objects.all()


def lost_too_often(_claim: Claim) -> None:
    rows().update(lease_until=LONG_AGO, attempts_lost=4)
    assert reap() == 1


def cancelled_while_it_was_lost(_claim: Claim) -> None:
    cancel_execution(execution=rows().get(), by="me")
    rows().update(lease_until=LONG_AGO)
    assert reap() == 1


def cancelled_while_it_waited(_claim: Claim) -> None:
    rows().update(lease_until=LONG_AGO)
    assert reap() == 1
    cancel_execution(execution=rows().get(), by="me")


def overdue(_claim: Claim) -> None:
    rows().update(deadline_at=LONG_AGO)
    assert end_overdue() == 1


def killed(claim: Claim) -> None:
    _give_up(claim, StopReason.DEADLINE)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (lost_too_often, Status.FAILED),
        (cancelled_while_it_was_lost, Status.CANCELLED),
        (cancelled_while_it_waited, Status.CANCELLED),
        (overdue, Status.FAILED),
        (killed, Status.FAILED),
    ],
)
def test_however_a_run_ends_what_had_failed_in_it_becomes_dead_letters(
    end: Callable[[Claim], None], status: Status
) -> None:
    claim = almost_over(1, 2)

    end(claim)

    execution = rows().get()
    letters = DeadLetter.objects.order_by("pk").values_list("node", "inputs", "error", "code")
    assert (execution.status, execution.dead_letters) == (status, 2)
    assert list(letters) == [
        ("breaks", f'{{"in":{{"type":"Integer","data":{message}}}}}', error, "ValueError")
        for message, error in [(1, "cannot take 1"), (2, "cannot take 2")]
    ]
    assert not JournalEntry.objects.exists()


def test_a_failure_whose_messages_are_gone_is_a_letter_that_says_so(
    settings: Any,
) -> None:
    settings.PAYLOAD_INLINE_BYTES = 1_000
    claim = almost_over("x" * 2_000)
    stored = JournalEntry.objects.values_list("taken", flat=True)
    [reference] = [reference for text in stored if (reference := reference_of(text))]
    storages["payloads"].delete(reference.key)

    overdue(claim)

    letter = DeadLetter.objects.get()
    assert (letter.node, letter.inputs, letter.code) == ("breaks", "{}", "payload_missing")
    assert letter.incomplete == "what the firing had been given is not known"
    assert rows().get().dead_letters == 1
