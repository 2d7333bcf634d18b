from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from engine.graph import Graph
from tests.factories import ExecutionFactory, one_node_graph
from workflows.admin import show
from workflows.admin.checking import check_text
from workflows.admin.drawing import MAX_DRAWN, MAX_ROWS, WireRow, draw
from workflows.models import Status


def chain(length: int) -> Graph:
    graph = Graph("chain", case_sensitive=True)
    for number in range(length):
        graph.add_node(f"n{number}", "tpl_passthrough")
        if number:
            graph.add_connection(f"n{number - 1}", "output", f"n{number}", "input")
    return graph


def test_a_graph_is_drawn_with_its_states_ports_and_places() -> None:
    graph = Graph("two", case_sensitive=True)
    graph.add_node("a", "tpl_passthrough", {"label": "First", "x": 1, "y": 2.5})
    graph.add_node("b", "tpl_delay", {"position": {"x": 9, "y": 0}, "delayMs": 5})
    graph.add_connection("a", "output", "b", "input")
    graph.add_initial("a", "input", {"k": [1]})
    graph.add_inport("in", "a", "input")
    graph.add_outport("out", "b", "output")

    drawing = draw(graph, states={"b": "running"}, wrong=["a"])

    first = {"id": "n0", "name": "a", "detail": "First", "ports": "→ in", "state": "problem"}
    second = {"id": "n1", "name": "b", "detail": "tpl_delay", "ports": "out →", "state": "running"}
    assert drawing.elements == {
        "nodes": [first | {"x": 1.0, "y": 2.5}, second | {"x": 9.0, "y": 0.0}],
        "edges": [{"id": "e0", "source": "n0", "target": "n1", "ports": "output → input"}],
        "placed": True,
        "omitted": False,
    }
    assert drawing.nodes[1].settings == '{"delayMs": 5}'
    assert drawing.wires == (WireRow("a.output", "b.input"),)
    assert drawing.packets == (WireRow("", "a.input", '{"k": [1]}'),)
    assert drawing.counts == "2 nodes, 1 connections"


def test_nodes_without_a_place_each_are_laid_out_by_the_page() -> None:
    graph = Graph("one place for two")
    graph.add_node("a", "tpl_passthrough", {"x": 1, "y": 1})
    graph.add_node("b", "tpl_passthrough", {"x": 1, "y": 1})

    assert draw(graph).elements["placed"] is False


def test_a_graph_too_large_for_a_picture_has_tables_that_say_how_much_is_left_out() -> None:
    drawing = draw(chain(MAX_DRAWN + 1))

    assert drawing.elements == {"nodes": [], "edges": [], "placed": False, "omitted": True}
    assert (len(drawing.nodes), len(drawing.wires)) == (MAX_ROWS, MAX_ROWS)
    assert drawing.more == {"nodes": MAX_DRAWN + 1 - MAX_ROWS, "wires": MAX_DRAWN - MAX_ROWS}


def test_a_packet_that_fits_no_message_is_shown_as_it_stands() -> None:
    graph = one_node_graph().to_dict()
    end = graph["inports"]["in"]
    wrong = {"type": "Integer", "data": "x"}
    nowhere = {**end, "nodeId": "", "portId": "", "portName": ""}
    graph["connections"] = [{"from": nowhere, "to": {**end, "portId": "input"}, "data": wrong}]

    drawing = draw(Graph.from_json(graph))

    assert [packet.data for packet in drawing.packets] == ['{"type": "Integer", "data": "x"}']


def test_only_the_first_problems_are_shown_and_the_rest_is_counted() -> None:
    graph = Graph("all wrong")
    for number in range(250):
        graph.add_node(f"n{number}", "no_such_component")

    shown = check_text(graph.to_json()).shown

    assert len(shown) == 101
    assert shown[-1].message.endswith(" more")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.42, "0.4 ms"),
        (8, "8.0 ms"),
        (999, "999 ms"),
        (1_400, "1.4 s"),
        (59_900, "59.9 s"),
        (125_000, "2 min 5 s"),
        (11_400_000, "3 h 10 min"),
    ],
)
def test_a_duration_takes_the_unit_that_fits(value: float, text: str) -> None:
    assert show.milliseconds(value) == text


def test_a_time_is_relative_and_exact_on_hover() -> None:
    moment = timezone.now() - timedelta(minutes=3, seconds=2)

    shown = str(show.ago(moment))

    assert "3\N{NO-BREAK SPACE}minutes ago" in shown
    assert timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S") in shown
    assert "just now" in str(show.ago(timezone.now()))
    assert show.ago(None) == "-"


def test_a_run_that_is_under_way_lasts_until_now(db: None) -> None:
    started = timezone.now() - timedelta(seconds=5)

    running = ExecutionFactory(status=Status.RUNNING, started_at=started)

    assert show.duration(running).startswith("5.")
    assert show.duration(ExecutionFactory()) == "-"


def test_long_texts_are_cut_and_say_so() -> None:
    assert show.cut("abcdef", 4) == "abcd\n… 2 more characters: the API has them all"
    assert show.first_line("one\ntwo") == "one"
    assert show.first_line("x" * 90) == f"{'x' * 80}…"
    assert show.pretty("no json") == "no json"


def test_the_table_says_what_happens_when_a_node_fails() -> None:
    graph = Graph("policies")
    policy = {
        "retry": {"attempts": 3, "delayMs": 500, "timeoutMs": 2000},
        "fallback": {"port": "output", "value": {"a": 1}},
    }
    graph.add_node("all", "tpl_passthrough", {"policy": policy, "keep": 1})
    graph.add_node("breaker", "tpl_passthrough", {"policy": {"breaker": {"failures": 2}}})
    graph.add_node("none", "tpl_passthrough")
    graph.add_node("wrong", "tpl_passthrough", {"policy": {"retri": 1}})

    rows = {row.id: (row.policy, row.settings) for row in draw(graph).nodes}

    assert rows == {
        "all": (
            '3 attempts, 500 ms before the second; 2000 ms for each; else {"a": 1} to output',
            '{"keep": 1}',
        ),
        "breaker": ("breaker opens after 2 failures for 30000 ms", ""),
        "none": ("", ""),
        "wrong": ('{"retri": 1}', ""),
    }
