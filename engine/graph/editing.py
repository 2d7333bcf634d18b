"""Editing a graph with undo, redo, transactions, snapshots and events of each change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from engine.graph.edit_session import EditSession
from engine.graph.edits import (
    changes,
    removal,
    removal_of_nodes,
    renamed_port,
    renaming_of_node,
)
from engine.graph.given import frozen_object, missing, need_text, refused
from engine.graph.model import Graph
from engine.graph.steps import Kind, Step
from engine.messages import FrozenDict, FrozenList

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from engine.graph.elements import Connection, EdgeDetails, ExposedPort, Group, Node
    from engine.graph.graph_events import GraphEvent

    Ends = tuple[str, str, str, str]


class Editor:
    """All edits of one graph; each can be undone exactly, to the order of its elements.

    An edit that is refused raises ``GraphError`` and has changed nothing. While an editor is in
    use, nothing else may change the graph. The history is a tree: an edit after an undo starts
    another branch, and ``go_to`` reaches every state there was. It holds changes, not copies.

    >>> editor = Editor()
    >>> editor.add_node("a", "tpl_passthrough")
    >>> editor.undo()
    True
    """

    def __init__(self, graph: Graph | None = None) -> None:
        self.graph = Graph() if graph is None else graph
        self._session = EditSession(self.graph)
        self._snapshots: dict[str, int] = {}

    def subscribe(self, listener: Callable[[GraphEvent], None]) -> Callable[[], None]:
        """Call ``listener`` after each change, those of undo and redo among them.

        It may edit in turn. What it raises reaches the caller of the edit, which stays done.

        Returns:
            A function that ends the subscription.
        """
        return self._session.subscribe(listener)

    def transaction(self, name: str = "") -> AbstractContextManager[None]:
        """Make the edits inside one: undone together, and all undone if an error leaves it.

        One inside another belongs to the outer one; an error undoes only its own edits.
        """
        return self._session.transaction(name)

    @property
    def can_undo(self) -> bool:
        return self._session.history.current.parent is not None

    @property
    def can_redo(self) -> bool:
        return self._session.history.current.next is not None

    def undo(self) -> bool:
        """Take the last edit or transaction back; False if there is none."""
        return self._session.undo()

    def redo(self) -> bool:
        """Do again what was undone last; False if there is nothing."""
        return self._session.redo()

    @property
    def state(self) -> int:
        """The number of the state that the graph is in; 0 is the first."""
        return self._session.history.current.number

    def go_to(self, state: int) -> None:
        """Bring the graph to any state it was in, on whatever branch."""
        self._session.go_to(state)

    def snapshot(self, name: str) -> int:
        """Give the current state a name, to which ``restore`` returns; returns its number."""
        self._session.settled()
        self._snapshots[name] = self.state
        return self.state

    def restore(self, name: str) -> None:
        """Bring the graph to the state of this snapshot; what was done since can be reached."""
        if name not in self._snapshots:
            raise missing("snapshot", name, self._snapshots)
        self.go_to(self._snapshots[name])

    @property
    def snapshots(self) -> dict[str, int]:
        """The names of the snapshots, each with its state."""
        return dict(self._snapshots)

    def add_node(self, id: str, component: str, config: Any = None) -> None:  # noqa: A002 -- the domain's word
        self.graph.add_node(id, component, config)
        self._added(Kind.NODE, len(self.graph.nodes), self.graph.nodes[id])

    def remove_node(self, id: str) -> None:  # noqa: A002 -- the domain's word
        """Remove a node and everything that is attached to it."""
        self.remove_nodes((id,))

    def remove_nodes(self, ids: Iterable[str]) -> None:
        """Remove many nodes in one edit, which takes no longer than for one."""
        gone = frozenset(ids)
        for node in sorted(gone - self.graph.nodes.keys()):
            raise missing("node", node, self.graph.nodes)
        self._do(removal_of_nodes(self.graph, gone), "remove nodes")

    def rename_node(self, old: str, new: str) -> None:
        """Give a node another id; connections, packets, public ports and groups stay with it."""
        where = f"node {old!r}"
        need_text(where, "its new id", new)
        if old not in self.graph.nodes:
            raise missing("node", old, self.graph.nodes)
        if old == new:
            return
        if new in self.graph.nodes:
            message = f"there is one with the id {new!r} already"
            raise refused(where, message, "duplicate_node", node=old)
        self._do(renaming_of_node(self.graph, old, new), "rename node")

    def set_node_metadata(
        self,
        id: str,  # noqa: A002 -- the domain's word
        metadata: Mapping[str, Any],
        *,
        replaced: bool = False,
    ) -> None:
        """Change keys of a node's metadata, its settings among them; or replace it all."""
        node = self.graph.nodes.get(id)
        if node is None:
            raise missing("node", id, self.graph.nodes)
        new = _with(metadata, replaced, node, f"node {id!r}")
        self._do([Step(Kind.NODE, 0, node, new)], "set node")

    def add_connection(
        self,
        from_node: str,
        from_port: str,
        to_node: str,
        to_port: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.graph.add_connection(from_node, from_port, to_node, to_port, metadata)
        self._added(Kind.CONNECTION, len(self.graph.connections), self.graph.connections[-1])

    def remove_connection(self, from_node: str, from_port: str, to_node: str, to_port: str) -> None:
        """Remove the connection between these ports, in the graph's spelling of them."""
        ends = (from_node, from_port, to_node, to_port)
        steps = removal(Kind.CONNECTION, self.graph.connections, lambda c: _ends(c) == ends)
        if not steps:
            self.graph.remove_connection(*ends)  # which says what is wrong
        self._do(steps, "remove connection")

    def set_connection_metadata(
        self,
        from_node: str,
        from_port: str,
        to_node: str,
        to_port: str,
        metadata: Mapping[str, Any],
        *,
        replaced: bool = False,
    ) -> None:
        ends = (from_node, from_port, to_node, to_port)
        if not any(_ends(item) == ends for item in self.graph.connections):
            self.graph.remove_connection(*ends)  # which says what is wrong

        def changed(item: Connection) -> Connection:
            return _with(metadata, replaced, item, item.ends) if _ends(item) == ends else item

        self._do(changes(Kind.CONNECTION, self.graph.connections, changed), "set connection")

    def add_initial(
        self, node: str, port: str, value: Any, metadata: Mapping[str, Any] | None = None
    ) -> None:
        self.graph.add_initial(node, port, value, metadata)
        self._added(Kind.INITIAL, len(self.graph.initials), self.graph.initials[-1])

    def remove_initial(self, node: str, port: str) -> None:
        """Remove all initial packets of a port."""
        ends = (node, port)
        steps = removal(Kind.INITIAL, self.graph.initials, lambda i: (i.node, i.port) == ends)
        if not steps:
            self.graph.remove_initial(*ends)  # which says what is wrong
        self._do(steps, "remove initial")

    def add_graph_initial(
        self, inport: str, value: Any, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Send a packet to a public inport of the graph when the run starts."""
        exposed = self._exposed(Kind.INPORT, inport)
        self.add_initial(exposed.node, exposed.port, value, metadata)

    def remove_graph_initial(self, inport: str) -> None:
        exposed = self._exposed(Kind.INPORT, inport)
        self.remove_initial(exposed.node, exposed.port)

    def add_inport(self, name: str, node: str, port: str, port_type: str = "any") -> None:
        self.graph.add_inport(name, node, port, port_type)
        self._added(Kind.INPORT, len(self.graph.inports), self.graph.inports[name])

    def remove_inport(self, name: str) -> None:
        self._remove_exposed(Kind.INPORT, name)

    def rename_inport(self, old: str, new: str) -> None:
        self._rename_exposed(Kind.INPORT, old, new)

    def set_inport_metadata(
        self, name: str, metadata: Mapping[str, Any], *, replaced: bool = False
    ) -> None:
        self._set_exposed(Kind.INPORT, name, metadata, replaced)

    def add_outport(self, name: str, node: str, port: str, port_type: str = "any") -> None:
        self.graph.add_outport(name, node, port, port_type)
        self._added(Kind.OUTPORT, len(self.graph.outports), self.graph.outports[name])

    def remove_outport(self, name: str) -> None:
        self._remove_exposed(Kind.OUTPORT, name)

    def rename_outport(self, old: str, new: str) -> None:
        self._rename_exposed(Kind.OUTPORT, old, new)

    def set_outport_metadata(
        self, name: str, metadata: Mapping[str, Any], *, replaced: bool = False
    ) -> None:
        self._set_exposed(Kind.OUTPORT, name, metadata, replaced)

    def add_group(
        self,
        id: str,  # noqa: A002 -- the domain's word
        nodes: Iterable[str],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.graph.add_group(id, nodes, metadata)
        self._added(Kind.GROUP, len(self.graph.groups), self.graph.groups[-1])

    def remove_group(self, id: str) -> None:  # noqa: A002 -- the domain's word
        index, group = self._group(id)
        self._do([Step(Kind.GROUP, index, group, None)], "remove group")

    def rename_group(self, old: str, new: str) -> None:
        need_text(f"group {old!r}", "its new id", new)
        if old != new and any(group.id == new for group in self.graph.groups):
            message = f"there is one with the id {new!r} already"
            raise refused(f"group {old!r}", message, "duplicate_group")
        self._change_group(old, lambda group: replace(group, id=new))

    def add_to_group(self, id: str, node: str) -> None:  # noqa: A002 -- the domain's word
        if node not in self.graph.nodes:
            raise missing("node", node, self.graph.nodes)
        kept = [name for name in self._group(id)[1].nodes if name != node]
        self._change_group(id, lambda group: replace(group, nodes=FrozenList([*kept, node])))

    def remove_from_group(self, id: str, node: str) -> None:  # noqa: A002 -- the domain's word
        nodes = self._group(id)[1].nodes
        if node not in nodes:
            raise missing("node", node, nodes)
        kept = FrozenList(name for name in nodes if name != node)
        self._change_group(id, lambda group: replace(group, nodes=kept))

    def set_group_metadata(
        self,
        id: str,  # noqa: A002 -- the domain's word
        metadata: Mapping[str, Any],
        *,
        replaced: bool = False,
    ) -> None:
        self._change_group(id, lambda group: _with(metadata, replaced, group, f"group {id!r}"))

    def set_properties(self, properties: Mapping[str, Any], *, replaced: bool = False) -> None:
        """Change properties of the graph, such as its name; or replace them all."""
        before = frozen_object("properties", self.graph.properties) or FrozenDict()
        after = _merged("properties", before, properties, replaced)
        self._do([Step(Kind.PROPERTIES, 0, before, after)], "set properties")

    def _do(self, steps: Iterable[Step], label: str) -> None:
        self._session.do([step for step in steps if step.before is not step.after], label)

    def _added(self, kind: Kind, count: int, element: Any) -> None:
        """The graph has taken a new element, which is the last of its kind."""
        self._session.done((Step(kind, count - 1, None, element),), f"add {kind.name.lower()}")

    def _exposed(self, kind: Kind, name: str) -> ExposedPort:
        ports: dict[str, ExposedPort] = getattr(self.graph, kind)
        if name not in ports:
            raise missing(kind.name.lower(), name, ports)
        return ports[name]

    def _change_exposed(self, kind: Kind, port: ExposedPort, new: ExposedPort | None) -> None:
        index = list(getattr(self.graph, kind)).index(port.name)
        self._do([Step(kind, index, port, new)], f"change {kind.name.lower()}")

    def _remove_exposed(self, kind: Kind, name: str) -> None:
        self._change_exposed(kind, self._exposed(kind, name), None)

    def _rename_exposed(self, kind: Kind, old: str, new: str) -> None:
        port, word = self._exposed(kind, old), kind.name.lower()
        need_text(f"{word} {old!r}", "its new name", new)
        if old != new and new in getattr(self.graph, kind):
            message = f"there is one with the name {new!r} already"
            raise refused(f"{word} {old!r}", message, f"duplicate_{word}")
        self._change_exposed(kind, port, renamed_port(port, new))

    def _set_exposed(
        self, kind: Kind, name: str, metadata: Mapping[str, Any], replaced: bool
    ) -> None:
        port = self._exposed(kind, name)
        where = f"{kind.name.lower()} {name!r}"
        details = _with(metadata, replaced, port.details, where)
        self._change_exposed(kind, port, replace(port, details=details))

    def _group(self, id: str) -> tuple[int, Group]:  # noqa: A002 -- the domain's word
        for index, group in enumerate(self.graph.groups):
            if group.id == id:
                return index, group
        raise missing("group", id, [group.id for group in self.graph.groups])

    def _change_group(self, id: str, changed: Callable[[Group], Group]) -> None:  # noqa: A002 -- the domain's word
        index, group = self._group(id)
        self._do([Step(Kind.GROUP, index, group, changed(group))], "change group")


_Holder = TypeVar("_Holder", "Node", "Connection", "Group", "EdgeDetails")


def _with(metadata: Mapping[str, Any], replaced: bool, item: _Holder, where: str) -> _Holder:
    """The element with its metadata changed."""
    return replace(item, metadata=_merged(where, item.metadata, metadata, replaced))


def _merged(
    where: str, old: FrozenDict | None, given: Mapping[str, Any], replaced: bool
) -> FrozenDict:
    new = frozen_object(where, given) or FrozenDict()
    return new if replaced else FrozenDict({**(old or {}), **new})


def _ends(item: Connection) -> Ends:
    return (item.from_node, item.from_port, item.to_node, item.to_port)
