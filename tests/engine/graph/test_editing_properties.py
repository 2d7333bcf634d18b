from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine import Graph
from engine.errors import GraphError
from engine.graph import Editor
from tests.engine.graph.samples import GRAPHS, sample

NAMES = st.sampled_from(["a", "b", "c", "Map", "Source", "left", "renamed", "grp1", "OUT", "empty"])
VALUES = st.sampled_from([None, True, 1, 1.0, "text", [1, {"k": 2.5}]])
METADATA = st.dictionaries(st.sampled_from(["x", "y", "label"]), VALUES, max_size=2)
REPLACED = st.fixed_dictionaries({"replaced": st.booleans()})
NO_OPTIONS = st.just(dict[str, Any]())


def edit(name: str, *given: st.SearchStrategy[Any], options: Any = NO_OPTIONS) -> Any:
    return st.tuples(st.just(name), st.tuples(*given), options)


EDITS = st.one_of(
    edit("add_node", NAMES, st.just("double"), METADATA),
    edit("remove_node", NAMES),
    edit("remove_nodes", st.sets(NAMES, max_size=3)),
    edit("rename_node", NAMES, NAMES),
    edit("set_node_metadata", NAMES, METADATA, options=REPLACED),
    edit("add_connection", NAMES, st.just("out"), NAMES, st.just("in"), METADATA),
    edit("remove_connection", NAMES, st.just("out"), NAMES, st.just("in")),
    edit("set_connection_metadata", NAMES, st.just("out"), NAMES, st.just("in"), METADATA),
    edit("add_initial", NAMES, st.just("in"), VALUES),
    edit("remove_initial", NAMES, st.just("in")),
    edit("add_graph_initial", NAMES, VALUES),
    edit("remove_graph_initial", NAMES),
    edit("add_inport", NAMES, NAMES, st.just("in")),
    edit("remove_inport", NAMES),
    edit("rename_inport", NAMES, NAMES),
    edit("set_inport_metadata", NAMES, METADATA, options=REPLACED),
    edit("add_outport", NAMES, NAMES, st.just("out")),
    edit("remove_outport", NAMES),
    edit("rename_outport", NAMES, NAMES),
    edit("set_outport_metadata", NAMES, METADATA, options=REPLACED),
    edit("add_group", NAMES, st.lists(NAMES, max_size=3)),
    edit("remove_group", NAMES),
    edit("rename_group", NAMES, NAMES),
    edit("add_to_group", NAMES, NAMES),
    edit("remove_from_group", NAMES, NAMES),
    edit("set_group_metadata", NAMES, METADATA, options=REPLACED),
    edit("set_properties", METADATA, options=REPLACED),
)


def do(editor: Editor, step: Any) -> bool:
    """Whether the edit was accepted; a refused one must have changed nothing."""
    name, given_, options = step
    before = exactly(editor.graph)
    try:
        getattr(editor, name)(*given_, **options)
    except GraphError as error:
        refused = {problem.code for problem in error.problems}
    else:
        return True
    assert "edited_elsewhere" not in refused
    assert exactly(editor.graph) == before
    return False


def exactly(graph: Graph) -> tuple[str, list[list[str]]]:
    """The text of the graph, and the order of what is in its dicts."""
    return graph.to_json(), [list(graph.nodes), list(graph.inports), list(graph.outports)]


@given(st.sampled_from(GRAPHS), st.lists(EDITS, max_size=30))
def test_undoing_all_edits_gives_the_original_and_redoing_all_the_edited_graph(
    name: str, steps: list[Any]
) -> None:
    editor = Editor(Graph.from_json(sample(name)))
    original = exactly(editor.graph)
    for step in steps:
        do(editor, step)
    edited = exactly(editor.graph)

    while editor.undo():
        pass
    assert exactly(editor.graph) == original
    while editor.redo():
        pass
    assert exactly(editor.graph) == edited


@given(st.sampled_from(GRAPHS), st.lists(st.lists(EDITS, max_size=6), max_size=5))
def test_transactions_are_undone_and_redone_as_one(name: str, batches: list[list[Any]]) -> None:
    editor = Editor(Graph.from_json(sample(name)))
    seen = [exactly(editor.graph)]
    for batch in batches:
        state = editor.state
        with editor.transaction("batch"):
            for step in batch:
                do(editor, step)
        if editor.state != state:
            seen.append(exactly(editor.graph))

    back = [exactly(editor.graph)]
    while editor.undo():
        back.append(exactly(editor.graph))
    forth = [exactly(editor.graph)]
    while editor.redo():
        forth.append(exactly(editor.graph))

    assert back == seen[::-1]
    assert forth == seen


@given(st.sampled_from(GRAPHS), st.lists(EDITS, max_size=10), st.lists(EDITS, max_size=10))
def test_an_error_undoes_a_transaction_and_an_inner_one_only_itself(
    name: str, kept: list[Any], lost: list[Any]
) -> None:
    editor = Editor(Graph.from_json(sample(name)))
    original = exactly(editor.graph)

    with editor.transaction():
        for step in kept:
            do(editor, step)
        between = exactly(editor.graph)
        with pytest.raises(ZeroDivisionError):
            fail_after(editor, lost)
        assert exactly(editor.graph) == between
    assert exactly(editor.graph) == between
    editor.undo()

    assert exactly(editor.graph) == original


def fail_after(editor: Editor, steps: list[Any]) -> None:
    with editor.transaction():
        for step in steps:
            do(editor, step)
        raise ZeroDivisionError


class Branches(RuleBasedStateMachine):
    """Every state that ever was can be reached, whatever happened since."""

    def __init__(self) -> None:
        super().__init__()
        self.editor = Editor(Graph.from_json(sample("graph_full")))
        self.seen = {0: exactly(self.editor.graph)}

    @rule(step=EDITS)
    def edit(self, step: Any) -> None:
        do(self.editor, step)
        self.seen.setdefault(self.editor.state, exactly(self.editor.graph))

    @rule()
    def undo(self) -> None:
        self.editor.undo()

    @rule()
    def redo(self) -> None:
        self.editor.redo()

    @rule(data=st.data())
    def go_anywhere(self, data: st.DataObject) -> None:
        self.editor.go_to(data.draw(st.sampled_from(sorted(self.seen))))

    @invariant()
    def the_graph_is_that_of_its_state(self) -> None:
        assert exactly(self.editor.graph) == self.seen[self.editor.state]


TestBranches = Branches.TestCase
