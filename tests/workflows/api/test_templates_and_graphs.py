"""The templates of the components, and the verdict on a graph that is not stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from engine.actor import Actor, Context
from engine.components.catalog import CATALOG
from engine.node_config import setting
from engine.ports import Port
from tests.workflows.api.bodies import problem
from tests.workflows.api.graphs import connection, pipeline
from workflows.api.v1.templates import template_of
from workflows.models import WorkflowVersion

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from engine.actor import Outputs

pytestmark = pytest.mark.django_db


class Sample(Actor):
    """Shows
    everything."""

    component = "sample"
    inports = (Port("in", "integer", help="a number", required=True, aliases=("a-in",)),)
    outports = (Port("out"),)
    effect = "none"
    title = "A sample"
    category = "tests"
    ours = True

    @dataclass(frozen=True, slots=True)
    class Config:
        delay_ms: int = setting(5, key="delayMs", help="how long")

    async def process(self, ctx: Context) -> Outputs:
        return None


def test_a_template_says_everything_about_a_component() -> None:
    assert template_of(Sample) == {
        "id": "sample",
        "title": "A sample",
        "category": "tests",
        "icon": "box",
        "description": "Shows everything.",
        "inports": [
            {
                "name": "in",
                "type": "integer",
                "help": "a number",
                "required": True,
                "aliases": ["a-in"],
            }
        ],
        "outports": [{"name": "out", "type": "any", "help": "", "required": False, "aliases": []}],
        "settings": [
            {
                "key": "delayMs",
                "type": "integer",
                "required": False,
                "default": 5,
                "help": "how long",
                "choices": [],
                "aliases": ["delay_ms"],
            }
        ],
        "behaviour": "async",
        "effect": "none",
        "await_all_inports": False,
        "blocking": False,
        "ours": True,
    }


def test_every_component_has_a_template(api: APIClient) -> None:
    response = api.get("/api/v1/templates")

    assert response.status_code == 200
    assert {template["id"] for template in response.json()} >= set(CATALOG)


def test_one_template_is_read_by_its_component(api: APIClient) -> None:
    response = api.get("/api/v1/templates/tpl_passthrough")

    assert (response.status_code, response.json()["id"]) == (200, "tpl_passthrough")


def test_an_unknown_component_has_no_template(api: APIClient) -> None:
    response = api.get("/api/v1/templates/nothing")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_right_graph_has_no_problems(api: APIClient) -> None:
    response = api.post("/api/v1/graphs/validate", {"graph": pipeline()})

    assert (response.status_code, response.json()) == (200, {"valid": True, "problems": []})


def test_all_problems_of_a_graph_are_said_and_nothing_is_stored(api: APIClient) -> None:
    graph = pipeline(connections=[connection("a", "outptu", "b", "inptu")], outports={})

    response = api.post("/api/v1/graphs/validate", {"graph": graph})

    answer = response.json()
    assert (response.status_code, answer["valid"]) == (200, False)
    assert {item["code"] for item in answer["problems"] if item["severity"] == "error"} == {
        "unknown_outport",
        "unknown_inport",
    }
    assert WorkflowVersion.objects.count() == 0


def test_what_is_no_graph_at_all_is_a_verdict_too(api: APIClient) -> None:
    response = api.post("/api/v1/graphs/validate", {"graph": {"processes": []}})

    answer = response.json()
    assert (response.status_code, answer["valid"]) == (200, False)
    assert [item["where"] for item in answer["problems"]] == ["processes"]


def test_a_graph_is_an_object(api: APIClient) -> None:
    response = api.post("/api/v1/graphs/validate", {"graph": "text"})

    message = 'Expected a dictionary of items but got type "str".'
    assert response.status_code == 400
    assert response.json()["problems"] == [problem("graph", message, "not_a_dict")]


def test_a_time_limit_that_no_start_would_take_is_a_problem(api: APIClient) -> None:
    graph = {"processes": {}, "connections": [], "properties": {"timeoutSeconds": -1}}

    answer = api.post("/api/v1/graphs/validate", {"graph": graph}, format="json").json()

    found = [(problem["where"], problem["code"]) for problem in answer["problems"]]
    assert (answer["valid"], found) == (False, [("properties.timeoutSeconds", "timeout_invalid")])
