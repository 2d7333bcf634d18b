from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import LONG_AGO, DeadLetterFactory, ExecutionFactory
from workflows.models import DeadLetter, Execution

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

LIST = reverse("admin:workflows_deadletter_changelist")
EVIL = "</textarea></script><script>alert(1)</script><img src=x onerror=alert(2)>"


def url_of(letter: DeadLetter) -> str:
    return reverse("admin:workflows_deadletter_change", args=(letter.pk,))


def act_url(letter: DeadLetter, act: str) -> str:
    return reverse("admin:workflows_deadletter_act", args=(letter.pk, act))


def test_hostile_texts_are_shown_and_never_run(pages: Client, admin_user: User) -> None:
    letter = DeadLetterFactory(
        owner=admin_user,
        node=EVIL,
        component=EVIL,
        error=EVIL,
        code=EVIL[:64],
        incomplete=EVIL,
        inputs=f'{{"in":{{"type":"String","data":"{EVIL}"}}}}',
    )

    texts = [pages.get(url).content.decode() for url in (LIST, url_of(letter))]
    refused = pages.post(url_of(letter), {"inputs": EVIL}).content.decode()

    for text in (*texts, refused):
        assert ("<script>alert(1)" in text, "<img src=x" in text) == (False, False)
        assert "&lt;script&gt;alert(1)" in text
    assert "Not saved." in refused


def test_a_bulk_action_asks_with_the_exact_count_and_then_does_it(
    pages: Client, admin_user: User
) -> None:
    letters = DeadLetterFactory.create_batch(2, owner=admin_user)
    letters.append(DeadLetterFactory(owner=admin_user, status="discarded", resolved_at=LONG_AGO))
    chosen = {"action": "requeue", "_selected_action": [letter.pk for letter in letters]}

    asked = pages.post(LIST, chosen).content.decode()
    before = Execution.objects.filter(source="dead_letter").count()
    done = pages.post(LIST, chosen | {"confirmed": "2"}, follow=True).content.decode()

    assert "Requeue 2 dead letters?" in asked
    assert "it is discarded already" in asked
    assert (before, Execution.objects.filter(source="dead_letter").count()) == (0, 2)
    assert "Requeue: 2 done. 1 refused" in done


def test_a_count_that_is_no_longer_true_is_asked_again(pages: Client, admin_user: User) -> None:
    letter = DeadLetterFactory(owner=admin_user)
    chosen = {"action": "discard", "_selected_action": [letter.pk], "confirmed": "2"}

    page = pages.post(LIST, chosen).content.decode()

    assert "have changed since you were asked" in page
    assert DeadLetter.objects.get().status == "open"


def test_the_buttons_of_a_letter_requeue_and_discard_it(pages: Client, admin_user: User) -> None:
    requeued, discarded = DeadLetterFactory.create_batch(2, owner=admin_user)

    pages.post(act_url(requeued, "requeue"))
    pages.post(act_url(discarded, "discard"))
    page = pages.get(url_of(requeued)).content.decode()

    execution = Execution.objects.get(source="dead_letter")
    assert list(DeadLetter.objects.order_by("pk").values_list("status", flat=True)) == [
        "requeued",
        "discarded",
    ]
    assert execution.execution_id in page
    assert "Save the inputs" not in page
    assert pages.get(act_url(requeued, "requeue")).status_code == 404


def test_the_inputs_are_edited_on_the_page(pages: Client, admin_user: User) -> None:
    letter = DeadLetterFactory(owner=admin_user, incomplete="too large")

    refused = pages.post(url_of(letter), {"inputs": '{"x": 1}'}).content.decode()
    saved = pages.post(url_of(letter), {"inputs": '{"input": 5}'})

    stored = DeadLetter.objects.get()
    assert "the node has no such inport" in refused
    assert saved.status_code == 302
    assert (stored.inputs, stored.incomplete) == ('{"input":{"type":"Integer","data":5}}', "")


def test_a_run_shows_the_number_of_its_letters_and_leads_to_them(
    pages: Client, admin_user: User
) -> None:
    run = ExecutionFactory(owner=admin_user, status="failed", dead_letters=1_234)
    letter = DeadLetterFactory(owner=admin_user, execution=run, error="mine")
    DeadLetterFactory(owner=admin_user, error="of another run")

    page = pages.get(reverse("admin:workflows_execution_change", args=(run.pk,))).content.decode()
    listed = pages.get(f"{LIST}?execution__id__exact={run.pk}").content.decode()

    assert f'?execution__id__exact={run.pk}">1234</a>' in page
    assert (letter.error in listed, "of another run" in listed) == (True, False)


def test_another_persons_letters_are_not_there(stranger_pages: Client, admin_user: User) -> None:
    letter = DeadLetterFactory(owner=admin_user, error="secret")

    assert "secret" not in stranger_pages.get(LIST).content.decode()
    assert stranger_pages.get(url_of(letter)).status_code == 404
    assert stranger_pages.post(act_url(letter, "discard")).status_code == 404
    assert DeadLetter.objects.get().status == "open"


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_queries_for_any_number(
    pages: Client, admin_user: User, count: int
) -> None:
    run = ExecutionFactory(owner=admin_user, status="failed")
    DeadLetterFactory.create_batch(count, owner=admin_user, execution=run)

    with CaptureQueriesContext(connection) as queries:
        pages.get(LIST)

    assert len(queries) == 7
