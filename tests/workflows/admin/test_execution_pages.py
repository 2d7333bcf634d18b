from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from engine.graph import Graph
from tests.factories import (
    LONG_AGO,
    ExecutionEventFactory,
    ExecutionFactory,
    UserFactory,
    WorkflowFactory,
    WorkflowVersionFactory,
)
from workflows.models import DoubtfulFiring, Execution, Status

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LIST = reverse("admin:workflows_execution_changelist")
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def url_of(execution: Execution, name: str = "change") -> str:
    return reverse(f"admin:workflows_execution_{name}", args=(execution.pk,))


def events(execution: Execution, *rows: tuple[str, str, dict[str, Any]]) -> None:
    for seq, (kind, node, data) in enumerate(rows, 1):
        ExecutionEventFactory(
            execution=execution,
            seq=seq,
            type=kind,
            node=node,
            data=json.dumps(data, separators=(",", ":")),
        )
    Execution.objects.filter(pk=execution.pk).update(last_seq=len(rows))


@pytest.fixture
def execution(admin_user: User) -> Execution:
    return ExecutionFactory(owner=admin_user, execution_id="run-1")


def test_the_list_shows_the_status_as_a_word_and_finds_by_execution_id(
    pages: Client, admin_user: User
) -> None:
    ExecutionFactory(owner=admin_user, execution_id="alpha", status=Status.FAILED)
    ExecutionFactory(owner=admin_user, execution_id="beta")

    page = pages.get(LIST, {"q": "alph"}).content.decode()

    assert 'data-state="failed">✕ Failed' in page
    assert ("alpha" in page, "beta" in page) == (True, False)


@pytest.mark.parametrize(
    "query",
    [
        {"status__exact": "failed"},
        {"source": "here"},
        {"created_at__gte": "2001-01-01 00:00:00+00:00", "source": "here"},
    ],
)
def test_the_list_is_filtered(pages: Client, admin_user: User, query: dict[str, str]) -> None:
    ExecutionFactory(owner=admin_user, execution_id="wanted", status=Status.FAILED, source="here")
    ExecutionFactory(owner=admin_user, execution_id="other", source="there")

    found = pages.get(LIST, query).context["cl"].result_list

    assert [row.execution_id for row in found] == ["wanted"]


def test_the_filter_by_workflow_offers_only_ones_own(pages: Client, admin_user: User) -> None:
    mine = [WorkflowFactory(owner=admin_user, name=f"mine {number}") for number in range(2)]
    for workflow in (*mine, WorkflowFactory(name="secret of another")):
        ExecutionFactory(owner=workflow.owner, workflow=workflow)

    response = pages.get(LIST, {"workflow__id__exact": mine[0].pk})

    assert len(response.context["cl"].result_list) == 1
    assert "mine 1" in response.content.decode()
    assert "secret of another" not in response.content.decode()


def test_a_queued_run_says_why_it_waits_and_what_comes(pages: Client, execution: Execution) -> None:
    page = pages.get(url_of(execution)).content.decode()

    assert "no worker is running" in page
    assert "No events yet" in page
    assert "The result stands here when the run is over." in page
    assert url_of(execution, "cancel") in page


def test_a_run_that_is_over_shows_its_result_and_no_cancel(pages: Client, admin_user: User) -> None:
    execution = ExecutionFactory(
        owner=admin_user,
        status=Status.FAILED,
        result='{"outputs":{"out":[1]}}',
        error="it broke",
        error_code="actor_failed",
        warnings='["input.x: nobody reads it"]',
        duration_ms=1234.5,
    )

    response = pages.get(url_of(execution))

    page = response.content.decode()
    assert response.context["state"]["duration"] == "1.2 s"
    assert all(text in page for text in ("it broke", "actor_failed", "nobody reads it", "outputs"))
    assert url_of(execution, "cancel") not in page


def test_nodes_are_coloured_by_what_their_events_say(pages: Client, admin_user: User) -> None:
    execution = ExecutionFactory(owner=admin_user, status=Status.RUNNING)
    events(
        execution,
        ("NodeExecuting", "done", {}),
        ("ActorCompleted", "done", {}),
        ("NodeExecuting", "busy", {}),
        ("NodeExecuting", "broken", {}),
        ("ActorFailed", "broken", {"error": "no", "code": "x", "handled": False}),
        ("NodeExecuting", "caught", {}),
        ("ActorFailed", "caught", {"error": "hm", "code": "x", "handled": True}),
        ("NodeExecuting", "careful", {}),
        ("ActorCompleted", "careful", {}),
        ("MessageSent", "careful", {"from_port": "error", "to_node": "log"}),
    )

    state = pages.get(url_of(execution, "state")).json()

    assert state["node_states"] == {
        "done": "completed",
        "busy": "running",
        "broken": "failed",
        "caught": "handled",
        "careful": "handled",
    }
    assert (state["status"], state["over"], state["last_seq"]) == ("running", False, 10)


def test_without_a_worker_no_node_is_at_work(pages: Client, admin_user: User) -> None:
    queued = ExecutionFactory(owner=admin_user, status=Status.QUEUED)
    waiting = ExecutionFactory(owner=admin_user, status=Status.WAITING)
    for execution in (queued, waiting):
        events(execution, ("NodeExecuting", "pay", {}))
    DoubtfulFiring.objects.create(execution=waiting, node="pay", key="k", begun_at=LONG_AGO)

    assert pages.get(url_of(queued, "state")).json()["node_states"] == {"pay": ""}
    assert pages.get(url_of(waiting, "state")).json()["node_states"] == {"pay": "waiting"}


def test_events_are_shown_newest_first_by_type_and_node(
    pages: Client, execution: Execution
) -> None:
    events(
        execution,
        ("Started", "", {"nodes": 1, "connections": 0}),
        ("NodeExecuting", "a", {"count": 2}),
        ("MessageSent", "a", {"connection": "a -> b", "message": {"type": "Integer", "data": 5}}),
        ("NodeExecuting", "b", {"count": 1}),
    )

    def shown(**query: Any) -> list[tuple[int, str]]:
        rows = pages.get(url_of(execution), query).context["events"]
        return [(row["seq"], row["short"]) for row in rows]

    assert shown() == [
        (4, "count=1"),
        (3, "a -> b  5"),
        (2, "count=2"),
        (1, "nodes=1  connections=0"),
    ]
    assert [seq for seq, _ in shown(type="NodeExecuting")] == [4, 2]
    assert [seq for seq, _ in shown(node="a")] == [3, 2]
    assert [seq for seq, _ in shown(before=3, type="NodeExecuting")] == [2]
    assert [seq for seq, _ in shown(before="9" * 30, type="<b>", node="\0a")] == [3, 2]


def test_events_are_paged(pages: Client, execution: Execution, settings: Any) -> None:
    settings.EVENT_PAGE = 2
    events(execution, *[("NetworkIdle", "", {})] * 5)

    first = pages.get(url_of(execution)).context
    second = pages.get(f"{url_of(execution)}?{first['older']}").context
    third = pages.get(f"{url_of(execution)}?{second['older']}").context

    assert [[row["seq"] for row in page["events"]] for page in (first, second, third)] == [
        [5, 4],
        [3, 2],
        [1],
    ]
    assert (first["older"], third["older"]) == ("before=4", "")


def test_a_large_event_is_cut_on_the_page(pages: Client, execution: Execution) -> None:
    events(execution, ("ActorLogged", "a", {"text": "x" * 100_000}))

    response = pages.get(url_of(execution))

    assert response.content.count(b"x" * 1000) < 10


def test_payloads_and_names_full_of_markup_are_shown_as_text(
    pages: Client, admin_user: User
) -> None:
    graph = Graph(EVIL)
    graph.add_node(EVIL, "tpl_passthrough", {"label": EVIL})
    execution = ExecutionFactory(
        owner=admin_user,
        version=WorkflowVersionFactory(owner=admin_user, document=graph),
        workflow_label=EVIL,
        status=Status.FAILED,
        input=json.dumps({EVIL: EVIL}),
        result=json.dumps({EVIL: EVIL}),
        error=EVIL,
        error_code=EVIL[:60],
        warnings=json.dumps([EVIL]),
        source=EVIL[:40],
        worker=EVIL,
        cancel_by=EVIL,
        cancel_reason=EVIL,
        cancel_requested_at=datetime.now(UTC),
    )
    events(
        execution,
        ("MessageSent", EVIL, {"connection": EVIL, "message": {"type": "String", "data": EVIL}}),
        ("ActorFailed", EVIL, {"error": EVIL, "code": EVIL, "handled": False}),
    )

    bodies = [
        pages.get(url, {"node": EVIL, "type": EVIL}).content.decode()
        for url in (url_of(execution), LIST, reverse("admin:index"))
    ]

    assert [body.count("<script>alert") for body in bodies] == [0, 0, 0]
    assert [body.count("<img src=x") for body in bodies] == [0, 0, 0]


def test_a_run_is_cancelled_by_post_with_a_reason(pages: Client, execution: Execution) -> None:
    asked = pages.get(url_of(execution, "cancel"))
    execution.refresh_from_db()
    before = execution.status

    pages.post(url_of(execution, "cancel"), {"reason": "too many"})

    execution.refresh_from_db()
    assert (asked.status_code, before) == (200, Status.QUEUED)
    assert (execution.status, execution.cancel_reason) == (Status.CANCELLED, "too many")
    assert LogEntry.objects.get().get_change_message() == "Cancelled. too many"


def test_a_run_that_is_over_is_not_cancelled_again(pages: Client, admin_user: User) -> None:
    execution = ExecutionFactory(owner=admin_user, status=Status.COMPLETED)

    pages.post(url_of(execution, "cancel"))

    execution.refresh_from_db()
    assert execution.status == Status.COMPLETED
    assert LogEntry.objects.count() == 0


def test_a_run_is_paused_and_resumed_by_post(pages: Client, execution: Execution) -> None:
    pages.post(url_of(execution, "pause"), {"reason": "look first"})
    paused = pages.get(url_of(execution)).content.decode()
    twice = pages.post(url_of(execution, "pause"), follow=True).content.decode()
    state = pages.get(url_of(execution, "state")).json()
    pages.post(url_of(execution, "resume"))

    execution.refresh_from_db()
    assert "Pause asked for" in paused
    assert "look first" in paused
    assert "Nothing was done: the execution is paused already." in twice
    assert (state["can_pause"], state["can_resume"]) == (False, True)
    assert execution.status == Status.QUEUED
    assert pages.get(url_of(execution, "pause")).status_code == 405


def test_chosen_runs_are_paused_and_the_rest_is_told(pages: Client, admin_user: User) -> None:
    runs = [ExecutionFactory(owner=admin_user) for _ in range(2)]
    over = ExecutionFactory(owner=admin_user, status=Status.COMPLETED)
    chosen = [str(run.pk) for run in (*runs, over)]

    page = pages.post(LIST, {"action": "pause", "_selected_action": chosen}, follow=True)
    resumed = pages.post(LIST, {"action": "resume", "_selected_action": chosen}, follow=True)

    assert "Paused: 2 runs." in page.content.decode()
    assert "1 left as they are: the execution is completed already." in page.content.decode()
    assert "Resumed: 2 runs." in resumed.content.decode()
    assert Execution.objects.filter(status=Status.QUEUED).count() == 2


def test_nobody_sees_or_cancels_the_run_of_another(
    stranger_pages: Client, execution: Execution
) -> None:
    names = ("change", "state", "cancel", "pause", "resume")
    urls = [url_of(execution, name) for name in names]

    seen = [stranger_pages.get(url).status_code for url in urls]
    stopped = {stranger_pages.post(url).status_code for url in urls[2:]}

    execution.refresh_from_db()
    assert (set(seen), stopped) == ({404}, {404})
    assert execution.status == Status.QUEUED
    assert b"run-1" not in stranger_pages.get(LIST).content


@pytest.mark.parametrize("object_id", ["nothing", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_run_is_not_found(pages: Client, object_id: str) -> None:
    url = reverse("admin:workflows_execution_change", args=(object_id,))

    assert pages.get(url).status_code == 404


def test_one_who_may_only_look_cannot_cancel(execution: Execution, admin_user: User) -> None:
    from django.contrib.auth.models import Permission

    admin_user.is_superuser = False
    admin_user.save()
    admin_user.user_permissions.set(Permission.objects.filter(codename="view_execution"))
    reader = Client()
    reader.force_login(admin_user)

    assert reader.get(url_of(execution)).status_code == 200
    codes = {reader.post(url_of(execution, name)).status_code for name in ("cancel", "pause")}
    assert codes == {403}


def test_executions_are_neither_added_nor_changed_by_hand(
    pages: Client, execution: Execution
) -> None:
    assert pages.get(reverse("admin:workflows_execution_add")).status_code == 403
    pages.post(url_of(execution), {"status": "completed"})
    execution.refresh_from_db()
    assert execution.status == Status.QUEUED


@pytest.mark.parametrize(
    ("statuses", "left"),
    [
        ((Status.COMPLETED, Status.FAILED), 0),
        ((Status.COMPLETED, Status.RUNNING), 2),
    ],
)
def test_a_selection_is_deleted_only_if_all_of_it_is_over(
    pages: Client, admin_user: User, statuses: tuple[Status, ...], left: int
) -> None:
    rows = [ExecutionFactory(owner=admin_user, status=status) for status in statuses]
    chosen = [str(row.pk) for row in rows]

    pages.post(LIST, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})

    assert Execution.objects.count() == left


def test_only_a_superuser_deletes(execution: Execution) -> None:
    from django.contrib.auth.models import Permission

    Execution.objects.update(status=Status.CANCELLED, finished_at=datetime.now(UTC))
    owner = execution.owner
    owner.is_superuser = False
    owner.save()
    owner.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(owner)
    url = url_of(execution, "delete")

    assert client.post(url, {"post": "yes"}).status_code == 403
    assert Execution.objects.count() == 1


def test_the_pages_need_a_login(execution: Execution, db: None) -> None:
    urls = [LIST, *(url_of(execution, name) for name in ("change", "state", "cancel"))]

    assert [Client().get(url).status_code for url in urls] == [302] * 4


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(
    pages: Client, admin_user: User, rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        ExecutionFactory(owner=admin_user, workflow=WorkflowFactory(owner=admin_user))

    with django_assert_num_queries(6):
        response = pages.get(LIST)

    assert len(response.context["cl"].result_list) == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_of_a_run_takes_the_same_queries_for_any_number_of_events(
    pages: Client, execution: Execution, rows: int, django_assert_num_queries: Any
) -> None:
    events(execution, *[("ActorFailed", "a", {"error": "e"})] * rows)

    with django_assert_num_queries(10):
        response = pages.get(url_of(execution))

    assert len(response.context["events"]) == rows


def test_the_choices_of_the_list_do_not_name_other_people(
    pages: Client, execution: Execution
) -> None:
    ExecutionFactory(owner=UserFactory(username="somebody-else"), source="their source")

    page = pages.get(LIST).content.decode()

    assert "somebody-else" not in page
    assert "their source" not in page
