"""Real exports of the original, and small graphs to test with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import Actor, Graph, Port, Registry

if TYPE_CHECKING:
    from engine.actor import Context, Outputs

FOLDER = Path(__file__).parents[2] / "data" / "reflow_wire"
GRAPHS = ("graph_composed", "graph_empty", "graph_full", "graph_pipeline")


def sample(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def edge(node: str, port: str, **more: Any) -> dict[str, Any]:
    return {
        "portName": "",
        "portId": port,
        "nodeId": node,
        "index": None,
        "expose": False,
        "data": None,
        "metadata": None,
        "portType": {"type": "any"},
        **more,
    }


class Double(Actor):
    component = "double"
    inports = (Port("in", "integer", aliases=("value-in",)),)
    outports = (Port("out", "integer", aliases=("result-out",)),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"] * 2}


class Words(Actor):
    component = "words"
    inports = (Port("text", "string", required=True, help="what is split"),)
    outports = (Port("words", "array"),)

    def process(self, ctx: Context) -> Outputs:
        return {"words": ctx.inputs["text"].split()}


class Join(Actor):
    component = "join"
    inports = (Port("a"), Port("b"))
    outports = (Port("out"),)
    await_all_inports = True

    def process(self, ctx: Context) -> Outputs:
        return {"out": [ctx.inputs["a"], ctx.inputs["b"]]}


class Merge(Actor):
    component = "merge"
    inports = (Port("a"), Port("b"))
    outports = (Port("out"),)

    def process(self, ctx: Context) -> Outputs:
        return {"out": next(iter(ctx.inputs.values()))}


REGISTRY = Registry([Double, Words, Join, Merge])


def doubles(*names: str) -> Graph:
    """Nodes that double, unconnected."""
    graph = Graph("doubles")
    for name in names:
        graph.add_node(name, "double")
    return graph
