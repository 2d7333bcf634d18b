"""A Zeal document that is being changed: its raw nodes and connections, in their own spelling."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from workflows.zeal.keys import spelt

if TYPE_CHECKING:
    from workflows.zeal.document import Canvas, ZealWorkflow

End = tuple[str, str]  # a node of a canvas, and its port


class Written:
    """The document as plain values; ``finish`` takes out what was removed."""

    def __init__(self, document: dict[str, Any], workflow: ZealWorkflow) -> None:
        self.workflow = workflow
        self._raw: dict[str, dict[str, Any]] = {}
        self._canvases: dict[str, Canvas] = {}
        for canvas, raw in zip(workflow.graphs, document["graphs"], strict=True):
            self._raw.setdefault(canvas.id, raw)
            self._canvases.setdefault(canvas.id, canvas)
        self._nodes: dict[tuple[str, str], dict[str, Any]] = {}
        for canvas in self._canvases.values():
            for node, raw in zip(canvas.nodes, self._list(canvas.id, "nodes"), strict=True):
                self._nodes.setdefault((canvas.id, node.id), raw)
        self._cut: dict[str, set[int]] = {}  # canvas -> numbers of connections that go
        self._gone: dict[str, set[int]] = {}  # canvas -> identities of raw nodes that go
        self._touching: dict[End, list[int]] = {}  # canvas and node -> numbers of connections
        for canvas in self._canvases.values():
            for item in canvas.connections:
                for name in (item.from_node, item.to_node):
                    self._touching.setdefault((canvas.id, name), []).append(item.number)
        self._ids: dict[str, set[str]] = {
            name: {connection.id for connection in canvas.connections}
            for name, canvas in self._canvases.items()
        }

    def canvas(self, name: str) -> Canvas:
        return self._canvases[name]

    def node(self, canvas: str, name: str) -> dict[str, Any] | None:
        return self._nodes.get((canvas, name))

    def fresh(self, canvas: str, wanted: str) -> str:
        """The wanted id, or the next one that is free on the canvas."""
        name, number = wanted, 2
        while (canvas, name) in self._nodes:
            name, number = f"{wanted}-{number}", number + 1
        return name

    def add_node(self, canvas: str, node: dict[str, Any]) -> None:
        self._list(canvas, "nodes").append(node)
        self._nodes[canvas, node["id"]] = node

    def remove_node(self, canvas: str, name: str) -> None:
        """Take out a node with its connections; groups forget it."""
        raw = self._nodes.pop((canvas, name), None)
        if raw is None:
            return
        self._gone.setdefault(canvas, set()).add(id(raw))
        for number in self._touching.get((canvas, name), ()):
            self.cut(canvas, number)
        for group in self.groups(canvas):
            key = members_of(group)
            if isinstance(group.get(key), list):
                group[key] = [item for item in group[key] if item != name]

    def connect(self, canvas: str, start: End, end: End, wanted: str = "") -> None:
        """Add a connection; without an id of its own it gets one made of its ends."""
        name = wanted if wanted and wanted not in self._ids[canvas] else ""
        text = "\n".join((canvas, *start, *end))
        name = name or f"conn-{sha256(text.encode()).hexdigest()[:12]}"
        self._ids[canvas].add(name)
        connection = {
            "id": name,
            "source": {"nodeId": start[0], "portId": start[1]},
            "target": {"nodeId": end[0], "portId": end[1]},
            "state": "pending",
        }
        self._list(canvas, "connections").append(connection)

    def cut(self, canvas: str, number: int) -> None:
        self._cut.setdefault(canvas, set()).add(number)

    def groups(self, canvas: str) -> list[Any]:
        return self._list(canvas, "groups")

    def finish(self) -> None:
        for canvas, numbers in self._cut.items():
            items = self._list(canvas, "connections")
            items[:] = [item for number, item in enumerate(items) if number not in numbers]
        for canvas, gone in self._gone.items():
            nodes = self._list(canvas, "nodes")
            nodes[:] = [node for node in nodes if id(node) not in gone]

    def _list(self, canvas: str, key: str) -> list[Any]:
        """A list of the canvas, made on the first change if the document has none."""
        raw = self._raw[canvas]
        found = raw.get(key)
        if isinstance(found, list):
            return found
        return _Missing(raw, key)


class _Missing(list[Any]):
    """A list that enters its document only once something is in it."""

    def __init__(self, holder: dict[str, Any], key: str) -> None:
        super().__init__()
        self._holder = holder
        self._key = key

    def append(self, item: Any) -> None:
        super().append(item)
        self._holder[self._key] = list(self)


def members_of(group: dict[str, Any]) -> str:
    """The key under which a group lists its nodes."""
    key = spelt(group, "nodeIds")
    return "nodes" if key not in group and "nodes" in group else key


def holder_of(node: dict[str, Any], key: str) -> dict[str, Any]:
    """Where a node keeps a fact: in its metadata, or flat beside its id."""
    metadata = node.get("metadata")
    if not isinstance(metadata, dict):
        return node
    if spelt(metadata, key) not in metadata and spelt(node, key) in node:
        return node
    return metadata


def write(node: dict[str, Any], key: str, value: Any) -> None:
    holder = holder_of(node, key)
    holder[spelt(holder, key)] = value


def values_of(node: dict[str, Any]) -> dict[str, Any]:
    """The settings that the user made, to be changed; made if there are none."""
    holder = holder_of(node, "propertyValues")
    key = spelt(holder, "propertyValues")
    if not isinstance(holder.get(key), dict):
        holder[key] = {}
    values: dict[str, Any] = holder[key]
    return values
