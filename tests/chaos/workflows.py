"""The workflows that run while faults happen, with what each must come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEMS = ("a", "b", "c", "d")
ROUNDS = 5
NO_LEDGER = "http://127.0.0.1:9/"

Stage = tuple[str, Any]  # (node, item): one effect


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of workflow.

    Args:
        share: of all runs, in percent.
        outputs: what a completed run gives.
        orders: chains of effects; once one is called, none before it in its chain is called again.
        ends: the status it must come to, if nobody stops it.
        long: it takes two seconds or more.
    """

    name: str
    level: str
    share: int
    graph: Graph
    outputs: Mapping[str, list[Any]] = field(default_factory=dict)
    orders: tuple[tuple[Stage, ...], ...] = ()
    ends: str = "completed"
    long: bool = False

    @property
    def effects(self) -> frozenset[Stage]:
        return frozenset(stage for order in self.orders for stage in order)

    def given(self, execution_id: str) -> dict[str, Any]:
        """What a run of it gets as its input."""
        one = {"run": execution_id, "item": "a"}
        match self.name:
            case "short" | "failing":
                return {"order": 21}
            case "cycle":
                return {"order": {"run": execution_id, "rounds": ROUNDS}}
            case "request":
                return {"order": {**one, "node": "call"}}
            case "order":
                return {"order": one}
        return {"order": [{**one, "item": item} for item in ITEMS]}


def kinds(ledger: str = NO_LEDGER) -> tuple[Kind, ...]:
    """All of them; a run of ``request`` calls the ledger by the product's own actor."""
    each = tuple((("charge", item), ("confirm", item)) for item in ITEMS)
    joined = {"result": [{"a": len(ITEMS), "b": True}]}
    order = (("reserve", "a"), ("pay", "a"), ("ship", "a"))
    labelled = (("reserve", "a"), ("label", "a"), ("ship", "a"))
    rounds = tuple(("note", number) for number in range(ROUNDS))
    return (
        Kind("short", "restart", 32, short_graph(), {"result": [42]}),
        Kind("pure", "restart", 6, pure_graph(), joined, long=True),
        Kind("failing", "restart", 2, failing_graph(), ends="failed"),
        Kind(
            "order",
            "node",
            15,
            order_graph(),
            {"result": ["a"]},
            (order, labelled),
            long=True,
        ),
        Kind("request", "node", 13, request_graph(ledger), {"result": [200]}, ((("call", "a"),),)),
        Kind("batch", "message", 13, batch_graph("batch", 480), joined, each, long=True),
        Kind("cycle", "message", 10, cycle_graph(), {"result": [ROUNDS]}, (rounds,), long=True),
        Kind("stream", "message", 9, batch_graph("stream", 0), joined, each),
    )


def _graph(name: str, level: str, **nodes: tuple[str, dict[str, Any]]) -> Graph:
    graph = Graph(name)
    graph.properties["resume"] = level
    for node, (component, config) in nodes.items():
        graph.add_node(node, component, config)
    return graph


def _effect(pause_ms: int) -> tuple[str, dict[str, Any]]:
    return "chaos_effect", {"pauseMs": pause_ms}


def _pause(pause_ms: int) -> tuple[str, dict[str, Any]]:
    return "chaos_pause", {"pauseMs": pause_ms}


def short_graph() -> Graph:
    double = ("tpl_math_expression", {"expression": "$input * 2"})
    graph = _graph("short", "restart", mark=_pause(0), double=double)
    graph.add_connection("mark", "out", "double", "input")
    graph.add_inport("order", "mark", "in")
    graph.add_outport("result", "double", "result")
    return graph


def pure_graph() -> Graph:
    """A loop and a join that take two seconds, without an effect."""
    return _joined(_graph("pure", "restart", slow=_pause(550)), "slow", "slow")


def batch_graph(name: str, pause_ms: int) -> Graph:
    """Every message of a loop has two effects, one after the other; then all are joined."""
    effect = _effect(pause_ms)
    graph = _graph(name, "message", charge=effect, confirm=effect)
    graph.add_connection("charge", "out", "confirm", "in")
    return _joined(graph, "charge", "confirm")


def _joined(graph: Graph, first: str, last: str) -> Graph:
    """Put a loop before, and a join with the loop's end behind."""
    graph.add_node("loop", "tpl_loop")
    graph.add_node("all", "tpl_collect", {"count": len(ITEMS)})
    graph.add_node("join", "tpl_merge")
    graph.add_connection("loop", "item", first, "in")
    graph.add_connection(last, "out", "all", "input")
    graph.add_connection("all", "count", "join", "a")
    graph.add_connection("loop", "completed", "join", "b")
    graph.add_inport("order", "loop", "collection")
    graph.add_outport("result", "join", "output")
    return graph


def order_graph() -> Graph:
    """A fork and a join of effects, node after node."""
    graph = _graph(
        "order",
        "node",
        reserve=_effect(600),
        pay=_effect(800),
        label=_effect(300),
        join=("tpl_merge", {}),
        ship=_effect(800),
    )
    graph.add_connection("reserve", "out", "pay", "in")
    graph.add_connection("reserve", "out", "label", "in")
    graph.add_connection("pay", "out", "join", "a")
    graph.add_connection("label", "out", "join", "b")
    graph.add_connection("join", "output", "ship", "in")
    graph.add_inport("order", "reserve", "in")
    graph.add_outport("result", "ship", "item")
    return graph


def cycle_graph() -> Graph:
    """A cycle with an effect in each round; the rounds are counted in a node's state."""
    graph = _graph("cycle", "message", turn=("chaos_turn", {}), note=_effect(450))
    graph.add_connection("turn", "again", "note", "in")
    graph.add_connection("note", "out", "turn", "in", {"feedback": True})
    graph.add_inport("order", "turn", "in")
    graph.add_outport("result", "turn", "done")
    return graph


def request_graph(ledger: str) -> Graph:
    """One call by the product's own HTTP actor."""
    call = ("tpl_http_request", {"url": ledger, "method": "POST"})
    graph = _graph("request", "node", call=call)
    graph.add_inport("order", "call", "data_in")
    graph.add_outport("result", "call", "status")
    return graph


def failing_graph() -> Graph:
    breaks: tuple[str, dict[str, Any]] = ("chaos_breaks", {})
    graph = _graph("failing", "restart", mark=_pause(200), breaks=breaks)
    graph.add_connection("mark", "out", "breaks", "in")
    graph.add_inport("order", "mark", "in")
    return graph
