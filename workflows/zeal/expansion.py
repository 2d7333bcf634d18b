"""The graphs of a Zeal workflow as one graph: sub-graphs in their places, widgets as packets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import GraphError
from engine.graph.hints import Hints
from engine.messages import freeze
from engine.ports import accepts
from workflows.zeal.kick import kick_of
from workflows.zeal.mapping import is_ours, metadata_of
from workflows.zeal.naming import MARK
from workflows.zeal.places import Origins, Place, detail_of, public_name
from workflows.zeal.problems import ZealProblem, called
from workflows.zeal.target import BOUNDARY, RELAY, SUBGRAPH, WIDGETS
from workflows.zeal.widgets import packet_of

if TYPE_CHECKING:
    from engine.errors import Problem
    from engine.graph import Graph
    from workflows.zeal.document import Canvas, Connection, Node, ZealWorkflow
    from workflows.zeal.places import End
    from workflows.zeal.target import Target

MAX_DEPTH = 32  # of sub-graphs in sub-graphs


class Expansion:
    """Fills a graph from a workflow; ``problems`` is what stood in the way."""

    def __init__(self, graph: Graph, workflow: ZealWorkflow, target: Target) -> None:
        self.origins = Origins()
        self._found: dict[ZealProblem, None] = {}  # in order; a sub-graph used twice tells once
        self.graph = graph
        self._workflow = workflow
        self._target = target
        self._hints = Hints()
        self._ids: set[str] = set()  # of connections
        self._starts: list[tuple[str, Node]] = []  # nodes that may get their values as a packet
        self._count = 0
        self._full = False

    @property
    def problems(self) -> list[ZealProblem]:
        return list(self._found)

    def is_new(self, problem: Problem) -> bool:
        """Whether a problem of the graph was not told here already, in other words."""
        return problem.code not in ("unknown_component", "component_broken")

    def run(self) -> None:
        self._check_canvases()
        main = self._place(self._workflow, self._workflow.main, "", ())
        for node in main.nodes.values():
            self._expose(main, node)
        self._kick()

    def _check_canvases(self) -> None:
        canvases = self._workflow.graphs
        marked = [canvas.id for canvas in canvases if canvas.is_main]
        if len(marked) != 1:
            said = "no graph is" if not marked else f"{len(marked)} graphs are"
            message = f"{said} marked as main: {self._workflow.main.id!r} runs"
            fix = "set isMain of one graph"
            self._tell("workflow.graphs", message, "main_graph", hint=fix, severity="warning")
        seen: set[str] = set()
        for canvas in canvases:
            if canvas.id in seen:
                where = f"graph {canvas.id!r}"
                self._tell(where, "there is one with this id already", "duplicate_graph")
            seen.add(canvas.id)

    def _place(
        self, workflow: ZealWorkflow, canvas: Canvas, prefix: str, path: tuple[Any, ...]
    ) -> Place:
        place = Place(prefix, canvas, workflow, (*path, (workflow.id, canvas.id)))
        if is_ours(workflow, self._workflow):
            self.origins.canvases[prefix] = canvas.id
        else:
            self.origins.foreign.add(prefix)
        for node in canvas.nodes:
            if self._fits():
                self._node(place, node)
        if self._full:
            return place
        for connection in canvas.connections:
            self._connect(place, connection)
        for node in list(place.nodes.values()):
            if self._component(node) in ("proxy_input", "proxy_output"):
                self._proxy(place, node)
        self._groups(place)
        return place

    def _fits(self) -> bool:
        self._count += 1
        if self._count > self._target.max_nodes and not self._full:
            self._full = True
            message = f"has more than {self._target.max_nodes} nodes, sub-graphs counted"
            self._tell("workflow", f"{message} (limit: nodes)", "graph_too_large")
        return not self._full

    def _node(self, place: Place, node: Node) -> None:
        component = self._component(node)
        if node.id in place.nodes:
            message = "there is one with this id in the graph already"
            self._tell_of(place, node, message, "duplicate_node")
            return
        place.nodes[node.id] = node
        if component in WIDGETS:
            try:
                place.packets[node.id] = packet_of(component, node)
            except ValueError as error:
                self._tell_of(place, node, f"config.{error}", "config_invalid")
        elif component == SUBGRAPH:
            self._subgraph(place, node)
        elif component in BOUNDARY:
            self._add(place, node, RELAY)
        else:
            self._actor(place, node, component)

    def _actor(self, place: Place, node: Node, component: str) -> None:
        if not component:
            message = "names no template"
            fix = "set metadata.templateId"
            self._tell_of(place, node, message, "template_missing", hint=fix)
        elif self._target.is_foreign(node.template) and not self._target.lenient:
            own = ", ".join(f"{name}/" for name in self._target.namespaces)
            message = f"the template {node.template!r} belongs to another runtime"
            fix = f"templates of this one begin with {own}"
            self._tell_of(place, node, message, "foreign_template", hint=fix)
        elif self._target.actor(component) is None and not self._target.lenient:
            message = f"the template {node.template!r} is unknown here"
            hint = self._target.hint(component)
            self._tell_of(place, node, message, "unknown_template", hint=hint)
        else:
            self._add(place, node, component)
            self._starts.append((place.prefix + node.id, node))
            return
        place.broken.add(node.id)

    def _add(self, place: Place, node: Node, component: str) -> None:
        name = place.prefix + node.id
        if name in self.graph.nodes:
            message = f"another node is {name!r} in the graph already"
            self._tell_of(place, node, message, "name_clash", hint="rename one")
            place.broken.add(node.id)
            return
        if MARK in node.settings:
            message = f"the setting {MARK!r} is not read: the name is taken"
            self._tell_of(place, node, message, "unknown_setting", severity="warning")
        own = is_ours(place.workflow, self._workflow)
        actor = self._target.actor(component)
        metadata = metadata_of(node, place.canvas.id, actor, "" if own else place.workflow.id)
        self.graph.add_node(name, component, metadata)
        if own:
            self.origins.nodes[name] = (place.canvas.id, node.id)

    # Sub-graphs

    def _subgraph(self, place: Place, node: Node) -> None:
        place.broken.add(node.id)  # until it is in its place
        wanted = detail_of(node, "graphId")
        other = detail_of(node, "workflowId")
        workflow = place.workflow
        if other and workflow.id and other != workflow.id:
            found = self._target.workflows.get(other)
            if found is None:
                name = detail_of(node, "workflowName")
                message = f"uses a graph of another workflow, {other!r}, which is not here"
                fix = f"import {name or 'that workflow'} first, or copy its graph into this one"
                self._tell_of(place, node, message, "unknown_workflow", hint=fix)
                return
            workflow = found
        if self._put(place, node, workflow, wanted, node.id):
            place.broken.discard(node.id)

    def _put(
        self, place: Place, node: Node, workflow: ZealWorkflow, wanted: str, name: str
    ) -> bool:
        canvas = next((graph for graph in workflow.graphs if graph.id == wanted), None)
        if canvas is None:
            hint = self._hints.nearest(wanted, [graph.id for graph in workflow.graphs], "graphs")
            what = f"there is no graph {wanted!r}" if wanted else "names no graph"
            self._tell_of(place, node, what, "unknown_graph", hint=hint)
            return False
        if (workflow.id, canvas.id) in place.path:
            message = f"the graph {canvas.id!r} would contain itself"
            self._tell_of(place, node, message, "subgraph_cycle")
            return False
        if len(place.path) >= MAX_DEPTH:
            message = f"is nested deeper than {MAX_DEPTH} sub-graphs (limit: depth)"
            self._tell_of(place, node, message, "subgraph_too_deep")
            return False
        prefix = f"{place.prefix}{name}/"
        self.origins.parents[prefix] = (place.prefix, name)
        place.children[name] = self._place(workflow, canvas, prefix, place.path)
        return True

    def _proxy(self, place: Place, node: Node) -> None:
        """Connect a proxy with the node inside the sub-graph that it stands for."""
        wanted = str(node.settings.get("subgraphId", ""))
        fitting = [
            child for name, child in place.children.items() if wanted in (name, child.canvas.id)
        ]
        if not fitting and self._put(place, node, place.workflow, wanted, wanted):
            fitting = [place.children[wanted]]
        if len(fitting) != 1:
            if fitting:
                message = f"{len(fitting)} nodes stand for the sub-graph {wanted!r}"
                fix = "name one of the nodes in subgraphId"
                self._tell_of(place, node, message, "ambiguous_subgraph", hint=fix)
            return
        inwards = self._component(node) == "proxy_input"
        kind = "target" if inwards else "source"
        inner = str(node.settings.get(f"{kind}NodeId", ""))
        port = str(node.settings.get(f"{kind}PortId", ""))
        side = "inport" if inwards else "outport"
        end = self._end(fitting[0], inner, port, side, called(node.id, node.title))
        relay = place.prefix + node.id
        if end is None or relay not in self.graph.nodes:
            return
        ends = (relay, "output", *end) if inwards else (*end, relay, "input")
        self.graph.add_connection(*ends, {MARK: {"via": relay}})
        self.origins.derived.add(ends)

    # Connections

    def _connect(self, place: Place, item: Connection) -> None:
        where = f"connection {item.id!r}" if item.id else f"connection {item.ends}"
        end = self._end(place, item.to_node, item.to_port, "inport", where)
        if item.from_node in place.nodes and self._is_widget(place, item.from_node):
            if end is not None and item.from_node in place.packets:
                self._packet(place, item, end)
            return
        start = self._end(place, item.from_node, item.from_port, "outport", where)
        if start is None or end is None:
            return
        own = is_ours(place.workflow, self._workflow)
        mark: dict[str, Any] = {"connections": [item.id] if item.id else []}
        metadata: dict[str, Any] = {MARK: {**mark, "graph": place.canvas.id}}
        name = place.prefix + item.id
        if item.id and name in self._ids:
            message = "another connection has this id"
            facts = {"severity": "warning", "graph": place.canvas.id}
            self._tell(where, message, "duplicate_connection_id", **facts)
        elif item.id:
            self._ids.add(name)
            metadata = {"id": name, **metadata}
        self.graph.add_connection(*start, *end, metadata)
        if own:
            self.origins.connections[*start, *end] = (place.canvas.id, item.number)

    def _packet(self, place: Place, item: Connection, end: End) -> None:
        mark = {
            "connections": [item.id] if item.id else [],
            "graph": place.canvas.id,
            "node": item.from_node,
        }
        self.graph.add_initial(*end, place.packets[item.from_node], {MARK: mark})
        own = is_ours(place.workflow, self._workflow)
        origin = (place.canvas.id, item.from_node, item.number)
        self.origins.packets.append(origin if own else None)

    def _is_widget(self, place: Place, node: str) -> bool:
        return self._component(place.nodes[node]) in WIDGETS

    def _end(self, place: Place, name: str, port: str, side: str, where: str) -> End | None:
        """The node and port of the graph that an end of a connection means."""
        node = place.nodes.get(name)
        if node is None:
            hint = self._hints.nearest(name, place.nodes, f"nodes of {place.canvas.id}")
            message = f"there is no node {name!r} in the graph {place.canvas.id!r}"
            facts = {"node": name, "port": port, "graph": place.canvas.id}
            self._tell(where, message, "unknown_node", hint=hint, **facts)
            return None
        component = self._component(node)
        if component in WIDGETS:
            if side == "inport":
                message = "is an input of the editor, and takes no messages"
                self._tell_of(place, node, message, "unknown_inport", port=port)
            return None
        if name in place.broken:
            return None
        if component == SUBGRAPH:
            return self._boundary(place, node, port, side)
        if component in BOUNDARY:
            return place.prefix + name, "input" if side == "inport" else "output"
        return place.prefix + name, port

    def _boundary(self, place: Place, node: Node, port: str, side: str) -> End | None:
        """The end inside a sub-graph that a port of its node stands for."""
        child = place.children[node.id]
        inwards = side == "inport"
        template, setting = (
            ("graph_input", "inputName") if inwards else ("graph_output", "outputName")
        )
        named = {
            public_name(inner, setting): inner.id
            for inner in child.nodes.values()
            if self._component(inner) == template
        }
        plain = ("input", "data") if inwards else ("output", "data")
        found = named.get(port) or (port if port in named.values() else "")
        if not found and len(named) == 1 and port in plain:
            found = next(iter(named.values()))
        if found:
            return child.prefix + found, "input" if inwards else "output"
        message = f"its sub-graph {child.canvas.id!r} has no {template} {port!r}"
        hint = self._hints.nearest(port, named, f"{child.prefix}{side}")
        self._tell_of(place, node, message, f"unknown_{side}", port=port, hint=hint)
        return None

    # What stands at the rim of the graph

    def _expose(self, place: Place, node: Node) -> None:
        component = self._component(node)
        if component not in ("graph_input", "graph_output") or node.id in place.broken:
            return
        try:
            if component == "graph_input":
                self.graph.add_inport(public_name(node, "inputName"), node.id, "input")
            else:
                self.graph.add_outport(public_name(node, "outputName"), node.id, "output")
        except GraphError as error:
            for problem in error.problems:
                self._tell_of(place, node, problem.message, problem.code, hint="rename one")

    def _kick(self) -> None:
        """Nodes with values and nothing incoming get the values, as the original sends them."""
        fed = {item.to_node for item in self.graph.connections}
        fed |= {item.node for item in self.graph.initials}
        for name, node in self._starts:
            actor = self._target.actor(self.graph.nodes[name].component)
            port = kick_of(node, actor) if actor and name not in fed else None
            if port is not None and node.values and accepts(port, freeze(node.values)):
                packet = {"type": "Object", "data": node.values}
                self.graph.add_initial(name, port.name, packet, {MARK: {"values": True}})
                self.origins.packets.append(None)

    def _groups(self, place: Place) -> None:
        if not is_ours(place.workflow, self._workflow):
            return
        for group in place.canvas.groups:
            name = place.prefix + group.id
            inside = [place.prefix + node for node in group.nodes]
            known = [node for node in inside if node in self.graph.nodes]
            if name not in self.origins.groups:
                metadata = {"title": group.title} if group.title else None
                self.graph.add_group(name, known, metadata)
                self.origins.groups[name] = (place.canvas.id, group.id)

    def _component(self, node: Node) -> str:
        return self._target.component(node.template)

    def _tell(self, where: str, message: str, code: str, **more: str) -> None:
        self._found.setdefault(ZealProblem(where, message, code, **more))

    def _tell_of(self, place: Place, node: Node, message: str, code: str, **more: str) -> None:
        where = called(node.id, node.title)
        facts = {"node": node.id, "title": node.title, "graph": place.canvas.id}
        self._tell(where, message, code, **facts, **more)
