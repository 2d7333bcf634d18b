from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.graph import Graph
from tests.factories import (
    LONG_AGO,
    DeadLetterFactory,
    ExecutionFactory,
    UserFactory,
    WorkflowFactory,
    WorkflowVersionFactory,
    graph_of,
)
from workflows.dead_letters import (
    Outcome,
    Refusal,
    discard_dead_letters,
    edit_dead_letter,
    requeue_dead_letters,
)
from workflows.endings import fail
from workflows.errors import LetterResolvedError
from workflows.letters import fingerprint, written
from workflows.lifecycle import claim_next
from workflows.models import DeadLetter, Execution, ExecutionEvent, LetterStatus, WebhookDelivery
from workflows.runner import run
from workflows.services import start_execution

if TYPE_CHECKING:
    from django.contrib.auth.models import User

EVERYTHING = DeadLetter.objects.all
WHOLE = pytest.mark.django_db(transaction=True)


def run_next() -> Execution:
    claim = claim_next("celery@test", 1)
    assert claim is not None
    assert async_to_sync(run)(claim) is True
    return Execution.objects.get(pk=claim.pk)


def failed_run(owner: User, count: int = 2) -> Execution:
    """The numbers below ``count``, each failing at the node behind."""
    graph = graph_of("test_repeats", "test_breaks")
    graph.add_initial("test_repeats", "in", 0)  # would start the first node in any run
    start_execution(owner=owner, graph=graph, input={"in": count}, execution_id="run")
    return run_next()


@WHOLE
@pytest.mark.usefixtures("test_actors")
def test_a_run_leaves_a_letter_for_each_failed_firing_with_its_event(owner: User) -> None:
    execution = failed_run(owner)

    letters = list(DeadLetter.objects.order_by("pk"))
    events = list(ExecutionEvent.objects.filter(type="ActorFailed").order_by("seq"))
    assert [(row.node, row.component, row.inputs, row.error) for row in letters] == [
        ("test_breaks", "test_breaks", '{"in":{"type":"Integer","data":0}}', "cannot take 0"),
        ("test_breaks", "test_breaks", '{"in":{"type":"Integer","data":1}}', "cannot take 1"),
    ]
    assert [row.event_seq for row in letters] == [event.seq for event in events]
    assert {row.fingerprint for row in letters} == {letters[0].fingerprint}
    assert {(row.code, row.status, row.owner_id, row.attempts) for row in letters} == {
        ("ValueError", "open", owner.pk, 1)
    }
    assert execution.dead_letters == 2


@WHOLE
@pytest.mark.usefixtures("test_actors")
def test_letters_beyond_the_engines_limit_are_counted(owner: User) -> None:
    execution = failed_run(owner, 1_200)

    assert (execution.dead_letters, DeadLetter.objects.count()) == (1_200, 1_000)


@WHOLE
@pytest.mark.usefixtures("test_actors")
def test_inputs_over_the_limit_are_shortened_and_cannot_be_requeued(
    owner: User, settings: Any
) -> None:
    settings.DEAD_LETTER_BYTES = 100
    start_execution(owner=owner, graph=graph_of("test_breaks"), input={"in": "x" * 200})
    run_next()

    outcome = requeue_dead_letters(letters=EVERYTHING(), by=owner)

    letter = DeadLetter.objects.get()
    reason = "the inputs have 227 bytes (limit: DEAD_LETTER_BYTES)"
    assert (letter.incomplete, len(letter.inputs) < 300) == (reason, True)
    refusal = Refusal("inputs_incomplete", reason, 1, (letter.pk,))
    assert outcome == Outcome(False, 1, 0, 0, (refusal,))


@WHOLE
@pytest.mark.usefixtures("test_actors")
def test_a_requeued_letter_runs_from_its_node_and_nothing_above_fires(owner: User) -> None:
    origin = failed_run(owner, 1)
    letter = DeadLetter.objects.get()

    outcome = requeue_dead_letters(letters=EVERYTHING(), by=owner)
    execution = run_next()

    letter.refresh_from_db()
    fired = ExecutionEvent.objects.filter(execution=execution, type="ActorFailed")
    assert (outcome.matched, outcome.done, outcome.executions) == (1, 1, (execution.execution_id,))
    assert (letter.status, letter.requeued_as, letter.resolved_by) == (
        "requeued",
        execution,
        owner.get_username(),
    )
    assert (execution.source, execution.start_node, execution.version_id) == (
        "dead_letter",
        "test_breaks",
        origin.version_id,
    )
    assert json.loads(execution.metadata) == {"dead_letter": letter.pk, "execution": "run"}
    assert [row.node for row in fired] == ["test_breaks"]
    assert (execution.nodes_executed, execution.nodes_failed) == (1, 1)
    assert DeadLetter.objects.filter(execution=execution, status="open").count() == 1


@WHOLE
@pytest.mark.usefixtures("test_actors")
def test_an_edited_letter_completes_from_its_node(owner: User) -> None:
    version = WorkflowVersionFactory(owner=owner, document=graph_of("test_repeats"))
    origin = ExecutionFactory(owner=owner, version=version, status="failed")
    letter = DeadLetterFactory(
        owner=owner,
        execution=origin,
        node="test_repeats",
        inputs='{"in":{"type":"String","data":"x"}}',
    )
    (refusal,) = requeue_dead_letters(letters=EVERYTHING(), by=owner).refused

    edit_dead_letter(letter=letter, inputs={"in": 2})
    requeue_dead_letters(letters=EVERYTHING(), by=owner)
    execution = run_next()

    assert refusal.code == "input_invalid"
    assert (execution.status, json.loads(execution.result)["outputs"]) == (
        "completed",
        {"out": [0, 1]},
    )


@pytest.mark.parametrize("inputs", [{}, {"inputt": 1}, {"input": {"type": "Integer", "data": "x"}}])
def test_an_edit_that_the_node_cannot_take_changes_nothing(
    owner: User, inputs: dict[str, Any]
) -> None:
    letter = DeadLetterFactory(owner=owner)

    with pytest.raises(InputError):
        edit_dead_letter(letter=letter, inputs=inputs)

    assert DeadLetter.objects.get().inputs == letter.inputs


def test_a_decided_letter_is_neither_edited_nor_requeued_nor_discarded(owner: User) -> None:
    letter = DeadLetterFactory(owner=owner)
    discard_dead_letters(letters=EVERYTHING(), by=owner)

    with pytest.raises(LetterResolvedError, match="discarded already"):
        edit_dead_letter(letter=letter, inputs={"input": 2})
    again = [
        act(letters=EVERYTHING(), by=owner) for act in (requeue_dead_letters, discard_dead_letters)
    ]

    refusal = Refusal("dead_letter_resolved", "it is discarded already", 1, (letter.pk,))
    assert again == [Outcome(False, 1, 0, 0, (refusal,))] * 2
    assert Execution.objects.filter(source="dead_letter").count() == 0


def test_a_dry_run_says_what_would_happen_and_does_nothing(owner: User) -> None:
    DeadLetterFactory(owner=owner)
    closed = DeadLetterFactory(owner=owner, status="discarded", resolved_at=LONG_AGO)
    before = list(DeadLetter.objects.order_by("pk").values())

    outcomes = [
        act(letters=EVERYTHING(), by=owner, dry_run=True)
        for act in (requeue_dead_letters, discard_dead_letters)
    ]

    refusal = Refusal("dead_letter_resolved", "it is discarded already", 1, (closed.pk,))
    assert outcomes == [Outcome(True, 2, 1, 0, (refusal,))] * 2
    assert list(DeadLetter.objects.order_by("pk").values()) == before
    assert not Execution.objects.filter(source="dead_letter").exists()


def test_a_graph_that_cannot_run_any_more_is_a_refusal(owner: User) -> None:
    graph = Graph("gone", case_sensitive=True)
    graph.add_node("pass", "test_gone")
    version = WorkflowVersionFactory(owner=owner, document=graph)
    DeadLetterFactory(owner=owner, execution__version=version)

    (refusal,) = requeue_dead_letters(letters=EVERYTHING(), by=owner).refused

    assert (refusal.code, DeadLetter.objects.get().status) == ("graph_invalid", "open")


@pytest.mark.django_db
def test_a_bulk_requeue_keeps_to_the_queue_limit_and_counts_what_it_leaves(
    owner: User, settings: Any
) -> None:
    settings.QUEUE_LIMIT_USER = 4
    ExecutionFactory(owner=owner)
    letters = DeadLetterFactory.create_batch(5, owner=owner)

    would = requeue_dead_letters(letters=EVERYTHING(), by=owner, dry_run=True)
    outcome = requeue_dead_letters(letters=EVERYTHING(), by=owner)

    text = "the queue of one user is full: 4 runs wait (limit: QUEUE_LIMIT_USER)"
    refusal = Refusal("queue_full", text, 2, (letters[3].pk, letters[4].pk))
    assert (would.done, would.refused) == (3, (refusal,))
    assert (outcome.done, outcome.refused) == (3, (refusal,))
    assert DeadLetter.objects.filter(status="open").count() == 2
    assert Execution.objects.filter(status="queued").count() == 4


@pytest.mark.django_db
@pytest.mark.parametrize("when_full", ["reject", "replace"])
def test_a_requeue_keeps_to_the_slots_of_a_workflow_and_cancels_nothing(
    owner: User, when_full: str
) -> None:
    limited = WorkflowFactory(owner=owner, name="w", max_concurrent=2, when_full=when_full)
    free = WorkflowFactory(owner=owner, max_concurrent=1)
    running = ExecutionFactory(owner=owner, workflow=limited)
    for workflow in (limited, limited, free, free, None):
        DeadLetterFactory(owner=owner, execution__workflow=workflow)

    outcomes = [
        requeue_dead_letters(letters=EVERYTHING(), by=owner, dry_run=dry) for dry in (True, False)
    ]

    running.refresh_from_db()
    refused = [(item.code, item.message, item.count) for item in outcomes[1].refused]
    assert [outcome.done for outcome in outcomes] == [4, 4]
    assert outcomes[0].refused == outcomes[1].refused
    assert refused == [
        ("workflow_full", "workflow 'w' has 2 runs already (limit: max_concurrent)", 1)
    ]
    assert running.status == "queued"


@pytest.mark.django_db
def test_who_hears_of_the_end_of_a_run_hears_of_those_that_its_letters_become(
    owner: User,
) -> None:
    webhook = {"webhook_url": "http://a.example/", "webhook_headers": {"X-Key": "s3cret"}}
    DeadLetterFactory(
        owner=owner,
        execution__execution_id="first",
        execution__webhook_url="http://a.example/",
        execution__metadata=json.dumps(webhook),
    )

    (name,) = requeue_dead_letters(letters=EVERYTHING(), by=owner).executions
    fail(Execution.objects.get(execution_id=name).pk, "again", "test")

    delivery = WebhookDelivery.objects.get()
    body = json.loads(delivery.body)
    assert (delivery.url, json.loads(delivery.headers)) == (
        "http://a.example/",
        {"X-Key": "s3cret"},
    )
    assert (body["execution_id"], body["requeued_from"]) == (name, "first")


Step = tuple[str, frozenset[int]]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["requeue", "discard", "dry", "rolled back"]),
        st.frozensets(st.integers(0, 4)),
    ),
    max_size=8,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_whatever_is_asked_in_whatever_order_no_letter_is_lost_and_none_runs_twice(
    db: None, steps: list[Step]
) -> None:
    owner = UserFactory()
    letters = DeadLetterFactory.create_batch(5, owner=owner)
    expected = dict.fromkeys((letter.pk for letter in letters), "open")

    for what, chosen in steps:
        pks = [letters[number].pk for number in chosen]
        rows = DeadLetter.objects.filter(pk__in=pks)
        if what == "rolled back":
            with transaction.atomic():
                requeue_dead_letters(letters=rows, by=owner)
                transaction.set_rollback(True)
            continue
        act = discard_dead_letters if what == "discard" else requeue_dead_letters
        outcome = act(letters=rows, by=owner, dry_run=what == "dry")
        open_ones = [pk for pk in pks if expected[pk] == "open"]
        assert outcome.done == len(open_ones)
        if what != "dry":
            status = "discarded" if what == "discard" else "requeued"
            expected |= dict.fromkeys(open_ones, status)

    stored = DeadLetter.objects.filter(owner=owner)
    assert dict(stored.values_list("pk", "status")) == expected
    runs = Execution.objects.filter(owner=owner, source="dead_letter")
    requeued = stored.filter(status=LetterStatus.REQUEUED)
    assert set(requeued.values_list("requeued_as", flat=True)) == set(
        runs.values_list("pk", flat=True)
    )
    assert runs.count() == requeued.count()


@WHOLE
def test_two_who_requeue_the_same_letters_at_once_make_one_run_of_each(owner: User) -> None:
    DeadLetterFactory.create_batch(20, owner=owner)
    together = Barrier(2, timeout=20)

    def requeue() -> int:
        together.wait()
        try:
            return requeue_dead_letters(letters=EVERYTHING(), by=owner).done
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = [work.result(30) for work in [pool.submit(requeue), pool.submit(requeue)]]

    assert sum(done) == 20
    assert Execution.objects.filter(source="dead_letter").count() == 20


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("no user 17", "no user 18", True),
        ("cannot take 'a'", "cannot take 'b c'", True),
        (
            "order 0b9b8a5e-7b3c-4c39-8d0e-5f3b1f1a2c3d",
            "order 1c9b8a5e-7b3c-4c39-8d0e-5f3b1f1a2c3d",
            True,
        ),
        ("timeout after 1.5 s", "timeout  after 20 s", True),
        ("no user 17", "no order 17", False),
    ],
)
def test_values_in_a_message_do_not_tell_causes_apart(one: str, other: str, equal: bool) -> None:
    assert (fingerprint("c", "n", one) == fingerprint("c", "n", other)) is equal
    assert fingerprint("c", "n", one) != fingerprint("d", "n", one)


@given(
    st.text(max_size=200), st.dictionaries(st.text(max_size=5), st.text(max_size=50), max_size=3)
)
def test_any_text_is_written_as_json_that_every_database_takes(
    error: str, inputs: dict[str, str]
) -> None:
    text, _ = written(inputs, 60)

    assert (len(fingerprint("c", "n", error)), "\0" in text) == (64, False)
    assert isinstance(json.loads(text), dict)
