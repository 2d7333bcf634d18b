from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InputError
from engine.registry import Registry, builtin
from tests.factories import one_node_graph
from tests.workflows.actors import ACTORS
from workflows.inputs import Distribution, distribute

if TYPE_CHECKING:
    from engine.graph import Graph

REGISTRY = builtin() | Registry(ACTORS)


def asking_graph() -> Graph:
    graph = one_node_graph()
    graph.add_node("ask", "test_asks")
    return graph


def test_each_inport_gets_its_key_and_the_trigger_the_rest() -> None:
    given = {"in": {"type": "Integer", "data": 1}, "name": "ann", "age": 3}

    assert distribute(asking_graph(), REGISTRY, given) == Distribution(
        inputs={"in": {"type": "Integer", "data": 1}},
        trigger={"name": "ann", "age": 3},
        warnings=(),
    )


def test_a_trigger_without_anything_to_read_gets_an_empty_object() -> None:
    assert distribute(asking_graph(), REGISTRY, {"in": 1}).trigger == {}


def test_without_a_trigger_the_rest_is_named() -> None:
    assert distribute(one_node_graph(), REGISTRY, {"other": 1}) == Distribution(
        inputs={},
        trigger=None,
        warnings=("input.other: no inport of the graph has this name (one of: in)",),
    )


def test_where_case_does_not_matter_a_key_finds_its_inport_once() -> None:
    graph = one_node_graph()
    graph.case_sensitive = False

    found = distribute(graph, REGISTRY, {"IN": 1, "In": 2})

    assert found.inputs == {"in": 1}
    assert [warning.partition(":")[0] for warning in found.warnings] == ["input.In"]


@pytest.mark.parametrize("given", [[1], "text", None, 5])
def test_an_input_is_an_object(given: Any) -> None:
    with pytest.raises(InputError) as caught:
        distribute(one_node_graph(), REGISTRY, given)

    assert [problem.code for problem in caught.value.problems] == ["input_not_object"]


def test_a_value_that_no_message_can_carry_is_refused_for_a_trigger_too() -> None:
    with pytest.raises(InputError) as caught:
        distribute(asking_graph(), REGISTRY, {"other": 2**70})

    assert [problem.code for problem in caught.value.problems] == ["message_invalid"]
