"""Which resume level a graph gets, and what it is told about one that cannot be used."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Actor, Context, Outputs, Port, Registry
from engine.graph import Graph, validate
from engine.graph.resume import ResumeLevel, resume_level
from engine.registry import builtin


class Acts(Actor):
    """Declares no effect, and so has one."""

    component = "acts"
    inports = (Port("in"),)
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"]}


class Pure(Acts):
    component = "pure"
    effect = "none"


class Again(Acts):
    component = "again"
    effect = "idempotent"


class Streams(Acts):
    component = "streams"

    def process(self, ctx: Context) -> Any:
        yield "out", ctx.inputs["in"]


class Unordered(Actor):
    component = "unordered"
    inports = (Port("in"),)
    outports = (Port("out"),)
    concurrency = 2
    ordered = False

    async def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"]}


REGISTRY = builtin() | Registry([Acts, Pure, Again, Streams, Unordered])


def chain(*components: str, cycle: bool = False, **properties: Any) -> Graph:
    graph = Graph("chain", case_sensitive=True)
    graph.properties |= properties
    for number, component in enumerate(components):
        graph.add_node(f"n{number}", component)
        if number:
            graph.add_connection(f"n{number - 1}", "out", f"n{number}", "in")
    if cycle:
        graph.add_connection(f"n{len(components) - 1}", "out", "n0", "in")
    graph.add_initial("n0", "in", 1)
    return graph


def told(graph: Graph) -> list[tuple[str, str]]:
    return [
        (item.code, item.message)
        for item in validate(graph, REGISTRY)
        if item.where.startswith("properties.resume")
    ]


@pytest.mark.parametrize(
    ("graph", "level"),
    [
        (chain("pure", "again"), "restart"),
        (chain("pure", "acts"), "node"),
        (chain("acts", "pure", cycle=True), "message"),
        (chain("streams", "pure"), "message"),
        (chain("unordered", "pure"), "restart"),
        (chain("acts", "pure", resume="restart"), "restart"),
        (chain("pure", "pure", resume="message"), "message"),
        (chain("pure", "pure", resume="half"), "restart"),  # refused where it is checked
    ],
)
def test_a_graph_gets_as_much_as_its_effects_need_and_its_actors_can(
    graph: Graph, level: str
) -> None:
    assert resume_level(graph, REGISTRY) is ResumeLevel(level)


@pytest.mark.parametrize(("method", "level"), [("GET", "restart"), ("POST", "node")])
def test_a_request_has_an_effect_unless_it_only_reads(method: str, level: str) -> None:
    graph = Graph("request", case_sensitive=True)
    config = {"url": "https://example.org/", "method": method}
    graph.add_node("ask", "tpl_http_request", config)

    assert resume_level(graph, builtin()) is ResumeLevel(level)


@pytest.mark.parametrize(
    ("graph", "problems"),
    [
        (chain("pure", "acts", resume="node"), []),
        (chain("acts", "streams", cycle=True, resume="message"), []),
        (chain("unordered", "pure", resume="restart"), []),
        (chain("pure", "pure", resume="half"), [("resume_invalid", "'half' is no level")]),
        (
            chain("pure", "streams", resume="node"),
            [
                (
                    "resume_impossible",
                    "node 'n1' is a generator: others use its messages before it finishes",
                )
            ],
        ),
        (
            chain("pure", "acts", cycle=True, resume="node"),
            [
                (
                    "resume_impossible",
                    "n1.out -> n0.in closes a cycle: its nodes never finish before one another",
                )
            ],
        ),
        (
            chain("unordered", "pure", resume="message"),
            [
                (
                    "resume_impossible",
                    "node 'n0' ends its firings in any order: nobody knows which are done",
                )
            ],
        ),
    ],
)
def test_a_level_that_cannot_be_used_is_told(graph: Graph, problems: list[tuple[str, str]]) -> None:
    assert told(graph) == problems
