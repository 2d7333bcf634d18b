from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.test import Client
from django.urls import reverse

from tests.factories import UserFactory, one_node_graph
from workflows.models import Execution, Status, Workflow, WorkflowVersion
from workflows.services import create_workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from engine.graph import Graph

LIST = reverse("admin:workflows_workflow_changelist")
ADD = reverse("admin:workflows_workflow_add")
CHECK = reverse("admin:workflows_workflow_check")
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def change_url(workflow: Workflow) -> str:
    return reverse("admin:workflows_workflow_change", args=(workflow.pk,))


def run_url(workflow: Workflow) -> str:
    return reverse("admin:workflows_workflow_run_now", args=(workflow.pk,))


def two_node_graph() -> Graph:
    graph = one_node_graph()
    graph.add_node("next", "tpl_passthrough")
    graph.add_connection("pass", "output", "next", "input")
    return graph


def wrong_graph() -> str:
    graph = one_node_graph()
    graph.add_node("typo", "tpl_pasthrough")
    graph.add_connection("pass", "outputt", "nowhere", "input")
    return graph.to_json()


def evil_graph() -> Graph:
    graph = one_node_graph(EVIL)
    graph.add_node(EVIL, "tpl_passthrough", {"label": EVIL, "title": EVIL})
    graph.add_connection("pass", "output", EVIL, "input")
    graph.add_initial("pass", "input", EVIL)
    return graph


@pytest.fixture
def workflow(admin_user: User) -> Workflow:
    return create_workflow(owner=admin_user, name="mine", graph=one_node_graph())


def saved(workflow: Workflow) -> tuple[str, int | None, list[int | None]]:
    workflow.refresh_from_db()
    numbers = [version.number for version in workflow.versions.order_by("number")]
    return workflow.name, workflow.current.number if workflow.current else None, numbers


def test_adding_a_workflow_stores_its_graph_as_version_one_and_logs_it(
    pages: Client, admin_user: User
) -> None:
    graph = one_node_graph()

    pages.post(ADD, {"name": "orders", "description": "d", "graph": graph.to_json()})

    workflow = Workflow.objects.get()
    assert saved(workflow) == ("orders", 1, [1])
    assert workflow.owner == admin_user
    assert workflow.current is not None
    assert workflow.current.checksum == graph.checksum()
    entry = LogEntry.objects.get()
    assert (entry.action_flag, entry.object_id) == (ADDITION, str(workflow.pk))


def test_the_form_for_a_new_workflow_begins_with_a_graph_that_can_run(pages: Client) -> None:
    response = pages.get(ADD)

    assert response.context["problems"] == ()
    assert response.context["summary"] == "This graph can run."


def test_saving_a_changed_graph_makes_a_new_version(pages: Client, workflow: Workflow) -> None:
    graph = two_node_graph().to_json()

    response = pages.post(change_url(workflow), {"name": "mine", "graph": graph})

    assert response.status_code == 302
    assert saved(workflow) == ("mine", 2, [1, 2])
    assert LogEntry.objects.get().action_flag == CHANGE


def test_saving_the_same_graph_makes_no_version(pages: Client, workflow: Workflow) -> None:
    indented = json.dumps(one_node_graph().to_dict(), indent=4)

    pages.post(change_url(workflow), {"name": "renamed", "graph": indented, "archived": "on"})

    assert saved(workflow) == ("renamed", 1, [1])
    assert workflow.archived is True


def test_a_graph_that_cannot_run_is_refused_with_every_problem_at_its_field(
    pages: Client, workflow: Workflow
) -> None:
    response = pages.post(change_url(workflow), {"name": "mine", "graph": wrong_graph()})

    errors = response.context["adminform"].form.errors["graph"]
    page = response.content.decode()
    assert response.status_code == 200
    assert saved(workflow) == ("mine", 1, [1])
    assert len(errors) >= 3
    assert "tpl_passthrough" in page  # the nearest right name
    assert all(name in page for name in ("typo", "outputt", "nowhere"))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": NaN}', "null", '"text"', "{" * 100])
def test_a_text_that_is_no_graph_is_refused(pages: Client, workflow: Workflow, text: str) -> None:
    response = pages.post(change_url(workflow), {"name": "mine", "graph": text})

    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == ["graph"]
    assert saved(workflow) == ("mine", 1, [1])


def test_a_name_is_unique_for_its_owner_alone(pages: Client, workflow: Workflow) -> None:
    create_workflow(owner=UserFactory(), name="theirs", graph=one_node_graph())
    graph = one_node_graph().to_json()

    taken = pages.post(ADD, {"name": "mine", "graph": graph})
    free = pages.post(ADD, {"name": "theirs", "graph": graph})

    assert taken.context["adminform"].form.errors == {
        "name": ["You have a workflow of this name already."]
    }
    assert free.status_code == 302


def test_the_check_answers_every_problem_and_a_drawing_and_stores_nothing(
    pages: Client, workflow: Workflow
) -> None:
    response = pages.post(CHECK, wrong_graph(), content_type="application/json")

    answer = response.json()
    assert {problem["node"] for problem in answer["problems"]} >= {"typo", "pass"}
    assert answer["summary"] == "It cannot run yet."
    assert [node["name"] for node in answer["drawing"]["nodes"]] == ["pass", "typo"]
    assert saved(workflow) == ("mine", 1, [1])


def test_the_check_of_garbage_has_problems_and_no_drawing(pages: Client, db: None) -> None:
    answer = pages.post(CHECK, b"\xff{", content_type="application/json").json()

    assert answer["drawing"] is None
    assert len(answer["problems"]) == 1


def test_the_check_is_only_for_those_who_may_edit(db: None) -> None:
    reader = Client()
    reader.force_login(UserFactory(is_staff=True))

    assert reader.post(CHECK, "{}", content_type="application/json").status_code == 403
    assert Client().post(CHECK, "{}", content_type="application/json").status_code == 302


def test_the_editor_shows_graph_versions_and_runs(pages: Client, workflow: Workflow) -> None:
    pages.post(run_url(workflow), {"input": "{}", "execution_id": "run-7"})

    response = pages.get(change_url(workflow))

    page = response.content.decode()
    assert workflow.current is not None
    assert [run["execution_id"] for run in response.context["runs"]] == ["run-7"]
    assert [v["checksum"] for v in response.context["versions"]] == [workflow.current.checksum]
    assert 'id="graph-drawing"' in page
    assert "<caption>Nodes</caption>" in page


def test_a_graph_full_of_markup_is_shown_as_text(pages: Client, admin_user: User) -> None:
    workflow = create_workflow(owner=admin_user, name=EVIL, graph=evil_graph(), description=EVIL)
    version = workflow.current
    assert version is not None
    urls = (
        LIST,
        reverse("admin:index"),
        change_url(workflow),
        run_url(workflow),
        reverse("admin:workflows_workflowversion_change", args=(version.pk,)),
    )

    bodies = [pages.get(url).content.decode() for url in urls]

    assert [body.count("<script>alert") for body in bodies] == [0] * len(urls)
    assert [body.count("<img src=x") for body in bodies] == [0] * len(urls)


def test_run_now_is_prefilled_from_the_inports_and_goes_to_the_execution(
    pages: Client, workflow: Workflow
) -> None:
    form = pages.get(run_url(workflow)).context["form"]

    response = pages.post(run_url(workflow), {"input": '{"in": 5}', "execution_id": "chosen"})

    execution = Execution.objects.get()
    assert json.loads(form.initial["input"]) == {"in": None}
    assert response.headers["Location"] == reverse(
        "admin:workflows_execution_change", args=(execution.pk,)
    )
    assert (execution.execution_id, execution.status) == ("chosen", Status.QUEUED)
    assert (execution.source, json.loads(execution.input)) == ("admin", {"in": 5})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"input": "{"}, "input"),
        ({"input": "[1]"}, "input"),
        ({"input": '{"a": NaN}'}, "input"),
        ({"input": "{}", "execution_id": "no spaces"}, "execution_id"),
        ({"input": "{}", "execution_id": "x" * 129}, "execution_id"),
    ],
)
def test_a_wrong_run_is_refused_at_its_field(
    pages: Client, workflow: Workflow, given: dict[str, str], field: str
) -> None:
    response = pages.post(run_url(workflow), given)

    assert list(response.context["form"].errors) == [field]
    assert Execution.objects.count() == 0


def test_an_execution_id_used_with_other_content_is_refused(
    pages: Client, workflow: Workflow
) -> None:
    pages.post(run_url(workflow), {"input": '{"in": 1}', "execution_id": "same"})

    again = pages.post(run_url(workflow), {"input": '{"in": 1}', "execution_id": "same"})
    other = pages.post(run_url(workflow), {"input": '{"in": 2}', "execution_id": "same"})

    assert again.status_code == 302
    assert "used before" in str(other.context["form"].errors["execution_id"])
    assert Execution.objects.count() == 1


def test_a_value_that_fits_no_message_is_shown_as_a_problem(
    pages: Client, workflow: Workflow
) -> None:
    given = json.dumps({"in": {"type": "Integer", "data": "no number"}})

    response = pages.post(run_url(workflow), {"input": given})

    assert [problem.code for problem in response.context["problems"]] == ["message_invalid"]
    assert Execution.objects.count() == 0


def test_nobody_sees_or_runs_what_belongs_to_another(
    stranger_pages: Client, workflow: Workflow
) -> None:
    version = workflow.current
    assert version is not None
    url = reverse("admin:workflows_workflowversion_change", args=(version.pk,))

    statuses = [
        stranger_pages.get(change_url(workflow)).status_code,
        stranger_pages.get(run_url(workflow)).status_code,
        stranger_pages.post(run_url(workflow), {"input": "{}"}).status_code,
        stranger_pages.get(url).status_code,
    ]

    assert statuses == [302, 302, 302, 404]
    assert b"mine" not in stranger_pages.get(LIST).content
    assert Execution.objects.count() == 0


def test_one_who_may_only_look_cannot_start_a_run(workflow: Workflow, admin_user: User) -> None:
    admin_user.is_superuser = False
    admin_user.save()
    admin_user.user_permissions.set(_permissions("view_workflow", "view_execution"))
    reader = Client()
    reader.force_login(admin_user)

    page = reader.get(change_url(workflow))
    assert page.status_code == 200
    assert "Run now" not in page.content.decode().partition("Latest runs")[0]
    assert reader.post(run_url(workflow), {"input": "{}"}).status_code == 403
    assert Execution.objects.count() == 0


def _permissions(*names: str) -> Any:
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename__in=names)


def test_deleting_a_workflow_takes_its_versions(pages: Client, workflow: Workflow) -> None:
    url = reverse("admin:workflows_workflow_delete", args=(workflow.pk,))

    pages.post(url, {"post": "yes"})

    assert (Workflow.objects.count(), WorkflowVersion.objects.count()) == (0, 0)


def test_nobody_adds_changes_or_deletes_a_version(pages: Client, workflow: Workflow) -> None:
    version = workflow.current
    assert version is not None
    names = ("workflows_workflowversion_add", "workflows_workflowversion_delete")
    urls = [reverse(f"admin:{names[0]}"), reverse(f"admin:{names[1]}", args=(version.pk,))]

    assert [pages.post(url).status_code for url in urls] == [403, 403]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_workflows_takes_the_same_queries_for_any_number(
    pages: Client, admin_user: User, rows: int, django_assert_num_queries: Any
) -> None:
    for number in range(rows):
        create_workflow(owner=admin_user, name=f"workflow {number}", graph=one_node_graph())

    with django_assert_num_queries(5):
        response = pages.get(LIST)

    assert len(response.context["cl"].result_list) == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_the_first_page_takes_the_same_queries_for_any_number(
    pages: Client, admin_user: User, rows: int, django_assert_num_queries: Any
) -> None:
    for number in range(rows):
        made = create_workflow(owner=admin_user, name=f"w {number}", graph=one_node_graph())
        pages.post(run_url(made), {"input": "{}"})

    with django_assert_num_queries(8):
        response = pages.get(reverse("admin:index"))

    assert (len(response.context["runs"]), len(response.context["workflows"])) == (rows, rows)


def test_versions_are_listed_for_their_owner(
    pages: Client, stranger_pages: Client, workflow: Workflow
) -> None:
    url = reverse("admin:workflows_workflowversion_changelist")
    assert workflow.current is not None

    lists = [client.get(url).content.decode() for client in (pages, stranger_pages)]

    assert [workflow.current.checksum in page for page in lists] == [True, False]


def test_a_webhook_secret_is_shown_once_by_its_page(
    pages: Client, stranger_pages: Client, admin_user: User
) -> None:
    workflow = create_workflow(owner=admin_user, name="signed", graph=one_node_graph())
    where = f"/admin/workflows/workflow/{workflow.pk}/webhook-secret/"

    before = pages.get(where).content.decode()
    made = pages.post(where).content.decode()
    workflow.refresh_from_db()
    (secret,) = json.loads(workflow.webhook_secrets)
    after = pages.get(where).content.decode()
    edit = pages.get(f"/admin/workflows/workflow/{workflow.pk}/change/").content.decode()
    forgotten = pages.post(where, {"forget": "1"}).content.decode()

    assert "has no secret of its own" in before
    assert secret in made
    assert secret not in after + edit + forgotten
    assert "has a secret of its own" in after
    assert "has no secret of its own" in forgotten
    assert stranger_pages.post(where).status_code == 302
