from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from engine.graph import Graph
from engine.graph.editing import Editor
from tests.factories import UserFactory, one_node_graph
from workflows.models import Workflow, WorkflowVersion
from workflows.services import create_workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

POLICY = {
    "retry": {"attempts": 3, "delayMs": 250.5, "on": "any"},
    "breaker": {"scope": "service"},
    "fallback": {"port": "body", "value": {"a": [1, None]}},
}


def graph(**policy: Any) -> Graph:
    """A request, and a passthrough that its body goes to."""
    made = Graph("g", case_sensitive=True)
    made.add_node("call & wait", "tpl_http_request", {"url": "http://a.example/", **policy})
    made.add_node("pass", "tpl_passthrough", {"x": 1})
    made.add_connection("call & wait", "body", "pass", "input")
    return made


def kept(owner: User, document: Graph | None = None) -> Workflow:
    return create_workflow(owner=owner, name="flow", graph=document or graph())


def address(workflow: Workflow) -> str:
    return f"/admin/workflows/workflow/{workflow.pk}/policies/"


def current(workflow: Workflow) -> dict[str, Any]:
    workflow.refresh_from_db()
    assert workflow.current is not None
    document: dict[str, Any] = json.loads(workflow.current.graph)
    return document


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the form of a page, as it is."""
    found = {}
    for tag in re.findall(r"<(?:input|textarea|select)[^>]*>", page):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        box = 'type="checkbox"' in tag
        if name and (not box or " checked" in tag):
            found[name[1]] = value[1] if value else "on" if box else ""
    for name, text in re.findall(
        r'<textarea name="([^"]*)"[^>]*>\s*(.*?)</textarea>', page, re.DOTALL
    ):
        found[name] = text.replace("&quot;", '"')
    for name, options in re.findall(r'<select name="([^"]*)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_a_policy_is_set_without_json_and_becomes_a_version(
    pages: Client, admin_user: User
) -> None:
    workflow = kept(admin_user)
    where = f"{address(workflow)}?node=call+%26+wait"
    given = fields(pages.get(where).content.decode()) | {
        "retry": "on",
        "retry.attempts": "3",
        "retry.delayMs": "250.5",
        "retry.on": "any",
        "breaker": "on",
        "breaker.scope": "service",
        "fallback": "on",
        "fallback.port": "body",
        "fallback.value": '{"a": [1, null]}',
    }

    answer = pages.post(where, given)

    metadata = current(workflow)["processes"]["call & wait"]["metadata"]
    assert (answer.status_code, answer["Location"]) == (302, address(workflow))
    assert metadata == {"url": "http://a.example/", "policy": POLICY}
    assert workflow.current is not None
    assert workflow.current.number == 2


def test_a_page_that_is_saved_as_it_is_changes_nothing(pages: Client, admin_user: User) -> None:
    document = graph(policy=POLICY)
    Editor(document).set_properties(
        {"onError": "ignore", "supervision": {"maxRestarts": 1}, "resume": "restart", "own": [1]}
    )
    workflow = kept(admin_user, document)

    for where in (f"{address(workflow)}?node=call+%26+wait", address(workflow)):
        answer = pages.post(where, fields(pages.get(where).content.decode()))
        assert answer.status_code == 302

    assert current(workflow) == json.loads(document.to_json())
    assert WorkflowVersion.objects.count() == 1


def test_a_policy_is_taken_away(pages: Client, admin_user: User) -> None:
    workflow = kept(admin_user, graph(policy=POLICY))

    pages.post(f"{address(workflow)}?node=call+%26+wait", {})

    assert current(workflow)["processes"]["call & wait"]["metadata"] == {"url": "http://a.example/"}


def test_the_run_as_a_whole_is_set(pages: Client, admin_user: User) -> None:
    workflow = kept(admin_user)
    given = {
        "onError": "ignore",
        "onUndelivered": "fail",
        "resume": "message",
        "inDoubt": "skip",
        "supervision": "on",
        "supervision.strategy": "one_for_all",
        "supervision.withinMs": "5000",
    }

    pages.post(address(workflow), given)

    assert current(workflow)["properties"] == {
        "name": "g",
        "onError": "ignore",
        "onUndelivered": "fail",
        "resume": "message",
        "inDoubt": "skip",
        "supervision": {"strategy": "one_for_all", "withinMs": 5000},
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"retry": "on", "retry.attempts": "many"}, "attempts must be a whole number"),
        ({"retry": "on", "retry.attempts": "11"}, "attempts must be at most 10, not 11"),
        ({"fallback": "on", "fallback.value": "1"}, "port is required"),
        ({"fallback": "on", "fallback.port": "body", "fallback.value": "{"}, "it is no JSON"),
        ({"breaker": "on", "breaker.name": "a", "breaker.scope": "service"}, "give one of them"),
        ({"retry": "on", "retry.on": "never"}, "Select a valid choice"),
        ({"retry.attempts": "3"}, "Tick this box, or empty its fields."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(
    pages: Client, admin_user: User, given: dict[str, str], said: str
) -> None:
    workflow = kept(admin_user)

    page = pages.post(f"{address(workflow)}?node=call+%26+wait", given)

    assert page.status_code == 200
    assert said in page.content.decode()
    assert WorkflowVersion.objects.count() == 1


def test_what_only_the_whole_graph_can_tell_is_said_too(pages: Client, admin_user: User) -> None:
    workflow = kept(admin_user)
    given = {"breaker": "on", "breaker.scope": "service"}

    page = pages.post(f"{address(workflow)}?node=pass", given).content.decode()
    whole = pages.post(address(workflow), {"resume": "message"})

    assert "tpl_passthrough calls no service" in page
    assert (whole.status_code, WorkflowVersion.objects.count()) == (302, 2)


def test_a_property_that_the_graph_has_wrong_is_kept_to_be_seen(
    pages: Client, admin_user: User
) -> None:
    workflow = kept(admin_user)
    document = one_node_graph()
    Editor(document).set_properties({"onError": "ignroe"})
    WorkflowVersion.objects.update(graph=document.to_json())  # from before it was checked

    page = pages.get(address(workflow)).content.decode()

    assert '<option value="ignroe" selected>' in page


def test_nodes_are_listed_with_what_they_do_and_searched(pages: Client, admin_user: User) -> None:
    document = graph(policy=POLICY)
    for number in range(250):
        document.add_node(f"n{number}", "tpl_passthrough")
    workflow = kept(admin_user, document)

    page = pages.get(address(workflow)).content.decode()
    found = pages.get(f"{address(workflow)}?q=N249").content.decode()

    assert "3 attempts, 250.5 ms before the second; breaker of the service opens" in page
    assert "and 52 more" in page
    assert (page.count(">Change</a>"), found.count(">Change</a>")) == (200, 1)
    assert "?node=call%20%26%20wait" in page


def test_strangers_and_unknown_nodes_are_refused(
    stranger_pages: Client, pages: Client, admin_user: User
) -> None:
    workflow = kept(admin_user)

    assert stranger_pages.get(address(workflow)).status_code == 302
    assert stranger_pages.post(address(workflow), {"onError": "ignore"}).status_code == 302
    assert pages.get(f"{address(workflow)}?node=gone").status_code == 404
    assert WorkflowVersion.objects.count() == 1


def test_who_may_only_look_changes_nothing(client: Client, db: None) -> None:
    viewer = UserFactory(is_staff=True)
    workflow = kept(viewer)
    client.force_login(viewer)

    assert client.post(address(workflow), {"onError": "ignore"}).status_code in (302, 403)
    assert WorkflowVersion.objects.count() == 1
