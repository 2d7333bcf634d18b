from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine import Graph
from engine.errors import GraphError
from engine.graph import Editor, GraphEvent, GraphEventType
from tests.engine.graph.samples import doubles

if TYPE_CHECKING:
    from collections.abc import Callable


def small() -> Graph:
    """Two nodes with one of everything attached."""
    graph = doubles("a", "b")
    graph.add_connection("a", "out", "b", "in", {"id": "wire"})
    graph.add_initial("a", "in", 1)
    graph.add_inport("x", "a", "in")
    graph.add_outport("y", "b", "out")
    graph.add_group("both", ["a", "b"])
    return graph


def told(edit: Callable[[Editor], object], graph: Graph | None = None) -> list[str]:
    editor = Editor(graph or small())
    events: list[str] = []
    editor.subscribe(lambda event: events.append(event.type))
    edit(editor)
    return events


def test_a_renamed_node_keeps_connections_packets_ports_and_groups() -> None:
    editor = Editor(small())

    editor.rename_node("a", "first")

    graph = doubles("first", "b")
    graph.add_connection("first", "out", "b", "in", {"id": "wire"})
    graph.add_initial("first", "in", 1)
    graph.add_inport("x", "first", "in")
    graph.add_outport("y", "b", "out")
    graph.add_group("both", ["first", "b"])
    assert editor.graph == graph
    assert list(editor.graph.nodes) == ["first", "b"]


def test_metadata_is_merged_or_replaced() -> None:
    editor = Editor(Graph())
    editor.add_node("a", "double", {"x": 1, "y": 2})

    editor.set_node_metadata("a", {"y": 3, "z": None})
    merged = editor.graph.nodes["a"].metadata
    editor.set_node_metadata("a", {"y": 3.0}, replaced=True)

    assert merged == {"x": 1, "y": 3, "z": None}
    assert repr(editor.graph.nodes["a"].metadata) == "{'y': 3.0}"


def test_a_packet_for_a_public_inport_goes_to_the_port_behind_it() -> None:
    editor = Editor(small())

    editor.add_graph_initial("x", 2)
    given = [(item.node, item.port, item.message()) for item in editor.graph.initials]
    editor.remove_graph_initial("x")

    assert given == [("a", "in", 1), ("a", "in", 2)]
    assert editor.graph.initials == []


def test_an_edit_after_an_undo_keeps_the_branch_that_was_left() -> None:
    editor = Editor(Graph())
    editor.add_node("a", "double")
    editor.add_node("b", "double")
    left = editor.state
    editor.undo()
    editor.add_node("c", "double")

    editor.go_to(left)

    assert list(editor.graph.nodes) == ["a", "b"]
    assert (editor.can_undo, editor.can_redo) == (True, False)


def test_a_snapshot_is_restored_also_from_another_branch() -> None:
    editor = Editor(Graph())
    editor.add_node("a", "double")
    editor.snapshot("one node")
    editor.undo()
    editor.add_node("b", "double")

    editor.restore("one node")

    assert list(editor.graph.nodes) == ["a"]
    assert editor.snapshots == {"one node": 1}


@pytest.mark.parametrize(
    ("edit", "types"),
    [
        (lambda e: e.add_node("c", "double"), ["AddNode"]),
        (
            lambda e: e.remove_node("a"),
            [
                "RemoveConnection",
                "RemoveInitial",
                "RemoveInport",
                "ChangeGroup",
                "RemoveNode",
            ],
        ),
        (
            lambda e: e.rename_node("b", "c"),
            ["RenameNode", "ChangeConnection", "ChangeOutport", "ChangeGroup"],
        ),
        (
            lambda e: e.rename_node("a", "c"),
            [
                "RenameNode",
                "ChangeConnection",
                "RemoveInitial",
                "AddInitial",
                "ChangeInport",
                "ChangeGroup",
            ],
        ),
        (lambda e: e.set_node_metadata("a", {"k": 1}), ["ChangeNode"]),
        (lambda e: e.add_connection("b", "out", "a", "in"), ["AddConnection"]),
        (lambda e: e.remove_connection("a", "out", "b", "in"), ["RemoveConnection"]),
        (lambda e: e.set_connection_metadata("a", "out", "b", "in", {}), ["ChangeConnection"]),
        (lambda e: e.add_initial("b", "in", 3), ["AddInitial"]),
        (lambda e: e.remove_initial("a", "in"), ["RemoveInitial"]),
        (lambda e: e.set_properties({"name": "new"}), ["ChangeProperties"]),
        (lambda e: e.add_group("g", []), ["AddGroup"]),
        (lambda e: e.remove_group("both"), ["RemoveGroup"]),
        (lambda e: e.rename_group("both", "pair"), ["RenameGroup"]),
        (lambda e: e.remove_from_group("both", "a"), ["ChangeGroup"]),
        (lambda e: e.set_group_metadata("both", {"k": 1}), ["ChangeGroup"]),
        (lambda e: e.add_inport("z", "b", "in"), ["AddInport"]),
        (lambda e: e.remove_inport("x"), ["RemoveInport"]),
        (lambda e: e.rename_inport("x", "z"), ["RenameInport"]),
        (lambda e: e.set_inport_metadata("x", {"k": 1}), ["ChangeInport"]),
        (lambda e: e.add_outport("z", "a", "out"), ["AddOutport"]),
        (lambda e: e.remove_outport("y"), ["RemoveOutport"]),
        (lambda e: e.rename_outport("y", "z"), ["RenameOutport"]),
        (lambda e: e.set_outport_metadata("y", {"k": 1}), ["ChangeOutport"]),
    ],
)
def test_each_edit_is_told(edit: Callable[[Editor], object], types: list[str]) -> None:
    assert told(edit) == types


def test_a_transaction_is_told_with_its_start_its_end_and_what_it_did() -> None:
    def edit(editor: Editor) -> None:
        with editor.transaction("pair"):
            editor.add_node("c", "double")
            editor.add_node("d", "double")

    assert told(edit) == ["StartTransaction", "AddNode", "AddNode", "EndTransaction", "Transaction"]


def test_undoing_a_transaction_is_told_as_one_too() -> None:
    editor = Editor(small())
    editor.remove_nodes(["a", "b"])
    events: list[GraphEvent] = []
    editor.subscribe(events.append)

    editor.undo()

    assert [event.type for event in events] == [
        "StartTransaction",
        "AddNode",
        "AddNode",
        "ChangeGroup",
        "AddOutport",
        "AddInport",
        "AddInitial",
        "AddConnection",
        "EndTransaction",
        "Transaction",
    ]
    assert editor.graph == small()


def test_there_are_the_25_events_of_the_original() -> None:
    assert len(GraphEventType) == 25


@pytest.mark.parametrize(
    ("edit", "data"),
    [
        (
            lambda e: e.add_node("c", "double", {"k": 1}),
            {"_type": "AddNode", "id": "c", "component": "double", "metadata": {"k": 1}},
        ),
        (lambda e: e.rename_inport("x", "z"), {"_type": "RenameInport", "old": "x", "new": "z"}),
        (
            lambda e: e.set_node_metadata("a", {"k": 1}),
            {
                "_type": "ChangeNode",
                "node": {"id": "a", "component": "double", "metadata": {"k": 1}},
                "old_metadata": None,
                "new_metadata": {"k": 1},
            },
        ),
        (
            lambda e: e.set_properties({"version": 2}),
            {
                "_type": "ChangeProperties",
                "before": {"name": "doubles"},
                "new": {"name": "doubles", "version": 2},
            },
        ),
    ],
)
def test_an_event_has_the_shape_of_the_original(
    edit: Callable[[Editor], object], data: dict[str, Any]
) -> None:
    editor = Editor(small())
    events: list[GraphEvent] = []
    editor.subscribe(events.append)

    edit(editor)

    assert [event.as_dict() for event in events] == [data]


def test_every_element_is_told_as_it_stands_in_the_document() -> None:
    document = small().to_dict()
    connection, packet = document["connections"]
    editor = Editor(small())
    events: list[GraphEvent] = []
    editor.subscribe(events.append)

    with editor.transaction("clear"):
        editor.remove_group("both")
        editor.remove_node("a")
        editor.remove_node("b")

    assert [event.as_dict() for event in events] == [
        {"_type": "StartTransaction", "id": "clear"},
        {"_type": "RemoveGroup", **document["groups"][0]},
        {"_type": "RemoveConnection", **connection},
        {"_type": "RemoveInitial", **packet},
        {"_type": "RemoveInport", **document["inports"]["x"]},
        {"_type": "RemoveNode", **document["processes"]["a"]},
        {"_type": "RemoveOutport", **document["outports"]["y"]},
        {"_type": "RemoveNode", **document["processes"]["b"]},
        {"_type": "EndTransaction", "id": "clear"},
        {"_type": "Transaction", "id": "clear", "changes": 7},
    ]


def test_nobody_is_told_after_the_end_of_a_subscription() -> None:
    editor = Editor(Graph())
    events: list[GraphEvent] = []
    stop = editor.subscribe(events.append)

    stop()
    editor.add_node("a", "double")

    assert events == []


def test_a_listener_may_edit_in_turn_and_all_are_told_in_order() -> None:
    editor = Editor(Graph())
    first: list[str] = []
    second: list[str] = []

    def follow(event: GraphEvent) -> None:
        first.append(event.type)
        if event.type is GraphEventType.ADD_NODE:
            editor.set_properties({"size": len(editor.graph.nodes)})

    editor.subscribe(follow)
    editor.subscribe(lambda event: second.append(event.type))
    editor.add_node("a", "double")

    assert first == second == ["AddNode", "ChangeProperties"]


def test_what_a_listener_raises_reaches_the_editor_and_the_edit_stays() -> None:
    editor = Editor(Graph())

    def fail(event: GraphEvent) -> None:
        raise LookupError(event.type)

    editor.subscribe(fail)
    with pytest.raises(LookupError, match="AddNode"):
        editor.add_node("a", "double")

    assert list(editor.graph.nodes) == ["a"]
    assert editor.can_undo


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda e: e.remove_node("aa"), "node 'aa': there is none (did you mean 'a'?)"),
        (lambda e: e.rename_node("a", "b"), "node 'a': there is one with the id 'b' already"),
        (
            lambda e: e.rename_node("a", ""),
            "node 'a': its new id must be a text that is not empty, not ''",
        ),
        (
            lambda e: e.remove_connection("a", "out", "b", "inn"),
            "connection a.out -> b.inn: there is none (did you mean 'a.out -> b.in'?)",
        ),
        (
            lambda e: e.set_node_metadata("a", {"k": object()}),
            "node 'a': object at .k cannot be a message",
        ),
        (lambda e: e.rename_inport("z", "q"), "inport 'z': there is none (one of: x)"),
        (lambda e: e.add_to_group("both", "c"), "node 'c': there is none (one of: a, b)"),
        (lambda e: e.go_to(9), "state 9: there is none"),
        (lambda e: e.restore("gone"), "snapshot 'gone': there is none"),
    ],
)
def test_an_edit_that_cannot_be_is_refused_and_changes_nothing(
    edit: Callable[[Editor], object], message: str
) -> None:
    editor = Editor(small())

    with pytest.raises(GraphError) as caught:
        edit(editor)

    assert str(caught.value) == message
    assert editor.graph == small()
    assert editor.can_undo is False


def test_undo_waits_for_the_end_of_a_transaction() -> None:
    editor = Editor(small())

    with editor.transaction():
        editor.add_node("c", "double")
        with pytest.raises(GraphError, match="must wait for its end"):
            editor.undo()

    assert list(editor.graph.nodes) == ["a", "b", "c"]


def test_a_change_without_the_editor_is_noticed_and_not_overwritten() -> None:
    editor = Editor(small())
    editor.remove_node("b")
    editor.graph.add_node("b", "words")

    with pytest.raises(GraphError) as caught:
        editor.undo()

    assert [problem.code for problem in caught.value.problems] == ["edited_elsewhere"]
    assert editor.graph.nodes["b"].component == "words"


def test_a_hundred_thousand_edits_are_undone_and_redone() -> None:
    editor = Editor(Graph())
    for number in range(50_000):
        editor.add_node(f"n{number}", "double")
        editor.add_connection(f"n{number}", "out", f"n{number + 1}", "in")

    undone = 0
    while editor.undo():
        undone += 1
    empty = len(editor.graph.nodes), len(editor.graph.connections)
    while editor.redo():
        pass

    assert undone == 100_000
    assert empty == (0, 0)
    assert (len(editor.graph.nodes), len(editor.graph.connections)) == (50_000, 50_000)
    editor.remove_nodes([f"n{number}" for number in range(0, 50_000, 2)])
    editor.undo()
    assert len(editor.graph.connections) == 50_000
