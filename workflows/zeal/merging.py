"""Writes into a Zeal document what was changed in the graph since it was converted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import CodecError
from engine.graph.elements import NOTHING
from workflows.zeal.facts import place_of, same, settings_in, title_of
from workflows.zeal.naming import mark_of
from workflows.zeal.palette import new_node, port_of, template_id
from workflows.zeal.places import public_name
from workflows.zeal.problems import ZealProblem
from workflows.zeal.whereabouts import Spot, Whereabouts
from workflows.zeal.widgets import packet_for, setting_of
from workflows.zeal.written import members_of, values_of, write

if TYPE_CHECKING:
    from engine.graph import Graph
    from engine.graph.elements import ExposedPort, Initial, Node
    from workflows.zeal.places import Origins
    from workflows.zeal.target import Target
    from workflows.zeal.written import End, Written


class Merge:
    """One export; ``problems`` is what has no place in a Zeal workflow."""

    def __init__(
        self, written: Written, base: Graph, origins: Origins, graph: Graph, target: Target
    ) -> None:
        self.problems: list[ZealProblem] = []
        self._written = written
        self._base = base
        self._origins = origins
        self._graph = graph
        self._target = target
        self._gone: list[str] = []  # prefixes of sub-graphs that went as a whole
        self._map = Whereabouts(written, origins, graph, target)

    def run(self) -> None:
        self._nodes()
        self._connections()
        self._packets()
        self._exposed()
        self._groups()
        self._written.finish()

    # Nodes

    def _nodes(self) -> None:
        gone = [name for name in self._base.nodes if name not in self._graph.nodes]
        self._gone = self._gone_instances()
        for name in gone:
            spot = self._map.spot(name)
            if self._went_whole(name) or spot is None:
                continue
            if self._may_change(spot, f"node {name!r}", "was removed"):
                self._written.remove_node(spot.canvas, spot.node)
        for name, node in self._graph.nodes.items():
            before = self._base.nodes.get(name)
            if before is None:
                self._add(node)
            elif node != before:
                self._change(before, node)

    def _went_whole(self, name: str) -> bool:
        """Whether a node went with its whole sub-graph: the graph inside keeps it."""
        return any(name.startswith(prefix) for prefix in self._gone)

    def _gone_instances(self) -> list[str]:
        """Take out sub-graph nodes none of whose nodes is left; gives back their prefixes."""
        found = []
        for prefix, (around, node) in self._origins.parents.items():
            inside = [name for name in self._base.nodes if name.startswith(prefix)]
            if not inside or any(name in self._graph.nodes for name in inside):
                continue
            found.append(prefix)
            canvas = self._origins.canvases.get(around)
            if canvas is not None:
                self._written.remove_node(canvas, node)
        return found

    def _change(self, before: Node, node: Node) -> None:
        spot = self._map.spot(node.id)
        raw = self._written.node(spot.canvas, spot.node) if spot else None
        if spot is None or raw is None:
            return
        was, now = self._target.actor(before.component), self._target.actor(node.component)
        old, new = settings_in(before, was), settings_in(node, now)
        place, title = place_of(node, now), title_of(node, now)
        moved = place is not None and not same(place, place_of(before, was))
        renamed = title != title_of(before, was)
        if node.component == before.component and same(old, new) and not (moved or renamed):
            return
        if not self._may_change(spot, f"node {node.id!r}", "was changed"):
            return
        if node.component != before.component:
            write(raw, "templateId", template_id(node.component, self._target))
        if not same(old, new):
            _set(raw, old, new)
        if moved and place is not None:
            held = raw.get("position")
            raw["position"] = {**(held if isinstance(held, dict) else {}), **_xy(place)}
        if renamed:
            write(raw, "title", title)

    def _add(self, node: Node) -> None:
        prefix, canvas = self._map.home(node.id)
        if canvas is None:
            return
        wanted = node.id.removeprefix(prefix)
        spot = Spot(prefix, canvas, self._written.fresh(canvas, wanted))
        if not self._may_change(spot, f"node {node.id!r}", "was added"):
            return
        actor = self._target.actor(node.component)
        raw = new_node(
            spot.node,
            template_id(node.component, self._target),
            place_of(node, actor) or self._map.laid_out(node.id),
            actor=actor,
            title=title_of(node, actor),
            values=settings_in(node, actor),
        )
        self._written.add_node(canvas, raw)
        self._map.added[node.id] = spot

    # Connections

    def _connections(self) -> None:
        before = {_ends(item): item for item in self._base.connections}
        after = {_ends(item): item for item in self._graph.connections}
        for ends in before.keys() - after.keys():
            origin = self._origins.connections.get(ends)
            if origin is not None:
                self._cut(ends[0], *origin)
            elif ends in self._origins.derived and self._all_there(ends):
                self._lost(f"connection {before[ends].ends}", "the proxy still makes it")
        for ends, item in after.items():
            if ends not in before:
                given = (item.metadata or NOTHING).get("id")
                wanted = given if isinstance(given, str) else ""
                self._join((ends[0], ends[1]), (ends[2], ends[3]), wanted)

    def _all_there(self, ends: tuple[str, ...]) -> bool:
        return ends[0] in self._graph.nodes and ends[2] in self._graph.nodes

    def _cut(self, node: str, canvas: str, number: int) -> None:
        if self._went_whole(node):
            return
        if self._may_change(Spot("", canvas, ""), f"a connection of node {node!r}", "was removed"):
            self._written.cut(canvas, number)

    def _join(self, start: End, end: End, wanted: str = "") -> None:
        """Connect two nodes of the graph, wherever their canvases stand."""
        source, target = self._map.spot(start[0]), self._map.spot(end[0])
        if source is None or target is None:
            if self._map.home(start[0])[1] or self._map.home(end[0])[1]:
                self._lost(f"connection {start[0]} -> {end[0]}", "leads into another workflow")
            return
        self._link(
            source,
            self._map.port(*start, out=True),
            target,
            self._map.port(*end, out=False),
            wanted,
        )

    def _link(self, source: Spot, out: str, target: Spot, port: str, wanted: str = "") -> None:
        where = f"connection {source.prefix}{source.node} -> {target.prefix}{target.node}"
        if self._origins.parents.get(target.prefix, ("", ""))[0] == source.prefix != target.prefix:
            target, port = self._entry(target, port, inwards=True)
        elif (
            self._origins.parents.get(source.prefix, ("", ""))[0] == target.prefix != source.prefix
        ):
            source, out = self._entry(source, out, inwards=False)
        if source.prefix != target.prefix:
            self._lost(where, "its ends are in graphs that are not next to each other")
        elif self._may_change(source, where, "was added"):
            self._written.connect(source.canvas, (source.node, out), (target.node, port), wanted)

    def _entry(self, spot: Spot, port: str, *, inwards: bool) -> tuple[Spot, str]:
        """The end outside of a sub-graph for one inside: its node's port, or a new proxy."""
        around, name = self._origins.parents[spot.prefix]
        outside = self._origins.canvases.get(around, spot.canvas)
        boundary, setting, kind = (
            ("graph_input", "inputName", "target")
            if inwards
            else ("graph_output", "outputName", "source")
        )
        node = self._map.zeal_node(spot)
        if node is not None and self._target.component(node.template) == boundary:
            return Spot(around, outside, name), public_name(node, setting)
        proxy = "proxy_input" if inwards else "proxy_output"
        values = {"subgraphId": name, f"{kind}NodeId": spot.node, f"{kind}PortId": port}
        made = self._written.fresh(outside, f"{proxy}-{name}-{spot.node}-{port}")
        ports = [port_of("proxy", "input" if inwards else "output")]
        place = self._map.beside(f"{spot.prefix}{spot.node}")
        raw = new_node(made, proxy, place, title=f"{name} {port}", values=values, ports=ports)
        self._written.add_node(outside, raw)
        return Spot(around, outside, made), "proxy"

    # Packets

    def _packets(self) -> None:
        before: dict[Any, list[tuple[Initial, tuple[str, str, int] | None]]] = {}
        for item, origin in zip(self._base.initials, self._origins.packets, strict=True):
            before.setdefault(_packet_key(item), []).append((item, origin))
        for item in self._graph.initials:
            known = before.get(_packet_key(item))
            if known:
                was, origin = known.pop(0)
                if origin is not None and not same(was.data, item.data):
                    self._set_widget(item, *origin)
            elif mark_of(item.metadata).get("values") is not True:
                self._add_packet(item)
        for left in before.values():
            for item, origin in left:
                if origin is not None:
                    self._cut(item.node, origin[0], origin[2])

    def _set_widget(self, item: Initial, canvas: str, name: str, _number: int) -> None:
        raw = self._written.node(canvas, name)
        node = next(node for node in self._written.canvas(canvas).nodes if node.id == name)
        value = packet_for(self._target.component(node.template), item.data)
        if raw is None or value is None:
            self._lost(f"packet for {item.node}.{item.port}", "the input sends another kind")
        elif self._may_change(
            Spot(self._map.home(item.node)[0], canvas, name), name, "was changed"
        ):
            values_of(raw)[setting_of(self._target.component(node.template), node)] = value

    def _add_packet(self, item: Initial) -> None:
        spot = self._map.spot(item.node)
        if spot is None:
            return
        where = f"packet for {item.node}.{item.port}"
        try:
            message = item.message()
        except CodecError:
            self._lost(where, "cannot be a message")
            return
        template = {str: "tpl_text_input", int: "tpl_number_input", float: "tpl_number_input"}.get(
            type(message), "tpl_data_emit"
        )
        value = packet_for(template, item.data)
        if value is None:
            self._lost(where, "is of a kind that no node of Zeal sends")
            return
        if not self._may_change(spot, where, "was added"):
            return
        actor = self._target.actor(template)
        made = self._written.fresh(spot.canvas, f"input-{spot.node}-{item.port}")
        raw = new_node(
            made,
            template_id(template, self._target),
            self._map.beside(item.node),
            actor=actor,
            title=f"{item.node} {item.port}",
            values={"data" if actor else "defaultValue": value},
            ports=[] if actor else [port_of("output", "output")],
        )
        self._written.add_node(spot.canvas, raw)
        end = self._map.port(item.node, item.port, out=False)
        self._link(Spot(spot.prefix, spot.canvas, made), "output", spot, end)

    # Public ports

    def _exposed(self) -> None:
        for inwards in (True, False):
            kind = "inports" if inwards else "outports"
            before: dict[str, ExposedPort] = getattr(self._base, kind)
            after: dict[str, ExposedPort] = getattr(self._graph, kind)
            free = {(p.node, p.port): name for name, p in before.items() if name not in after}
            for name, port in after.items():
                known = before.get(name)
                if known is None or (known.node, known.port) != (port.node, port.port):
                    renamed = free.pop((port.node, port.port), "")
                    self._expose(name, port, renamed=bool(renamed), inwards=inwards)
            for (node, _), name in free.items():
                if node in self._graph.nodes:
                    self._lost(f"{kind[:-1]} {name!r}", "its node still makes it")

    def _expose(self, name: str, port: ExposedPort, *, renamed: bool, inwards: bool) -> None:
        setting = "inputName" if inwards else "outputName"
        spot = self._map.spot(port.node)
        if spot is None:
            return
        raw = self._written.node(spot.canvas, spot.node)
        if renamed and raw is not None:
            values_of(raw)[setting] = name
            return
        main = Spot("", self._origins.canvases[""], "")
        template = "graph_input" if inwards else "graph_output"
        made = self._written.fresh(main.canvas, name)
        ports = [port_of("data", "output" if inwards else "input")]
        place = self._map.beside(port.node, -1 if inwards else 1)
        node = new_node(made, template, place, title=name, values={setting: name}, ports=ports)
        self._written.add_node(main.canvas, node)
        mine = Spot("", main.canvas, made)
        inner = self._map.port(port.node, port.port, out=not inwards)
        if inwards:
            self._link(mine, "data", spot, inner)
        else:
            self._link(spot, inner, mine, "data")

    # Groups

    def _groups(self) -> None:
        before = {group.id: group for group in self._base.groups}
        after = {group.id: group for group in self._graph.groups}
        for name in before.keys() - after.keys():
            canvas, known = self._origins.groups[name]
            groups = self._written.groups(canvas)
            groups[:] = [raw for raw in groups if raw.get("id") != known]
        for name, group in after.items():
            spots = [spot for node in group.nodes if (spot := self._map.spot(node))]
            if name not in before:
                main = self._origins.canvases[""]
                ids = [spot.node for spot in spots if spot.canvas == main]
                title = (group.metadata or NOTHING).get("title", name)
                raw = {"id": name, "title": title, "description": "", "nodeIds": ids}
                self._written.groups(main).append({**raw, "collapsed": False})
            elif list(group.nodes) != list(before[name].nodes):
                self._change_group(*self._origins.groups[name], list(before[name].nodes), spots)

    def _change_group(self, canvas: str, name: str, was: list[str], now: list[Spot]) -> None:
        """Take out nodes that left and add those that came; inputs of the editor stay."""
        ids = [spot.node for spot in now if spot.canvas == canvas]
        old = {spot.node for node in was if (spot := self._map.spot(node))}
        for raw in self._written.groups(canvas):
            if raw.get("id") == name:
                key = members_of(raw)
                kept = [node for node in raw.get(key) or [] if node in ids or node not in old]
                raw[key] = [*kept, *(node for node in ids if node not in kept)]

    def _may_change(self, spot: Spot, where: str, what: str) -> bool:
        """A graph that stands in several places is not changed for the sake of one."""
        shared = [c for c in self._origins.canvases.values() if c == spot.canvas]
        if len(shared) < 2:
            return True
        self._lost(where, f"{what} in one of {len(shared)} places of the graph {spot.canvas!r}")
        return False

    def _lost(self, where: str, message: str) -> None:
        code = "not_exported"
        self.problems.append(ZealProblem(where, message, code, severity="warning"))


def _set(raw: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> None:
    values = values_of(raw)
    for key in old.keys() - new.keys():
        values.pop(key, None)
    for key, value in new.items():
        if key not in old or not same(old[key], value):
            values[key] = value


def _xy(place: tuple[float, float]) -> dict[str, float]:
    return {"x": place[0], "y": place[1]}


def _ends(item: Any) -> tuple[str, str, str, str]:
    return item.from_node, item.from_port, item.to_node, item.to_port


def _packet_key(item: Initial) -> tuple[Any, ...]:
    mark = mark_of(item.metadata)
    ids = mark.get("connections")
    named = tuple(map(str, ids)) if isinstance(ids, list) else ()
    return item.node, item.port, named, str(mark.get("node")), mark.get("values") is True
