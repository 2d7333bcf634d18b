"""From JSON to a ``ZealWorkflow``: one strict reader for both shapes, every problem at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from engine.codec import dumps, parse_json
from engine.errors import CodecError
from engine.graph.fields import kind_of
from engine.messages import FrozenDict, FrozenList, freeze
from engine.strict_json import JsonLimits
from workflows.zeal.document import NOTHING, Canvas, Connection, Group, Node, Port, ZealWorkflow
from workflows.zeal.keys import value_of
from workflows.zeal.problems import ZealError, ZealProblem, called
from workflows.zeal.trigger import read_trigger

if TYPE_CHECKING:
    from collections.abc import Sequence

# The document is kept within a graph, which may be nested 64 deep.
LIMITS = JsonLimits(depth=56)

_T = TypeVar("_T")


def is_zeal(document: object) -> bool:
    """Whether a document says that it is a Zeal workflow rather than a graph of ours."""
    return isinstance(document, Mapping) and "graphs" in document and "processes" not in document


def read_workflow(document: str | bytes | Mapping[str, Any]) -> ZealWorkflow:
    """Read a workflow as Zeal writes it, or as the original Reflow's converter expects it.

    A null counts as a key that is not there.

    Raises:
        ZealError: it is no JSON, or no workflow; ``problems`` lists every reason.
    """
    try:
        text = document if isinstance(document, (str, bytes)) else dumps(document)
        parsed = parse_json(text, LIMITS)
    except CodecError as error:
        raise ZealError([ZealProblem("workflow", str(error), "not_json")]) from error
    if not isinstance(parsed, dict):
        message = f"must be an object, not {kind_of(parsed)}"
        raise ZealError([ZealProblem("workflow", message, "malformed")])
    reader = _Reader()
    workflow = reader.workflow(freeze(parsed))
    if reader.problems:
        raise ZealError(reader.problems)
    return workflow


@dataclass(slots=True)
class _Reader:
    """One reading; what is of the wrong kind becomes a problem and counts as not there."""

    problems: list[ZealProblem] = field(default_factory=list)
    graph: str = ""  # the one that is being read

    def workflow(self, document: FrozenDict) -> ZealWorkflow:
        graphs = tuple(self._graphs(document))
        trigger = self._take(document, "workflow", FrozenDict, "triggerConfig")
        return ZealWorkflow(
            id=self._text(document, "workflow", "id"),
            name=self._text(document, "workflow", "name"),
            description=self._text(document, "workflow", "description"),
            graphs=graphs or (Canvas("main", "", True, (), (), ()),),
            active_graph=self._text(document, "workflow", "activeGraphId"),
            trigger=None if trigger is None else read_trigger(trigger),
            document=document,
        )

    def _graphs(self, document: FrozenDict) -> Iterator[Canvas]:
        listed = self._list(document, "workflow", "graphs")
        if not listed:
            self._wrong("workflow.graphs", "must be a list of at least one graph")
        for number, item in self._objects(listed, "graphs"):
            where = f"graphs[{number}]"
            name = self._text(item, where, "name")
            self.graph = self._text(item, where, "id") or name or f"graph-{number + 1}"
            yield Canvas(
                id=self.graph,
                name=name,
                is_main=value_of(item, "isMain") is True,
                nodes=tuple(self._nodes(item, where)),
                connections=tuple(self._connections(item, where)),
                groups=tuple(self._groups(item, where)),
            )
            self.graph = ""

    def _nodes(self, graph: FrozenDict, where: str) -> Iterator[Node]:
        listed = self._list(graph, where, "nodes")
        for number, item in self._objects(listed, f"{where}.nodes"):
            place = f"{where}.nodes[{number}]"
            details = self._take(item, place, FrozenDict, "metadata") or NOTHING
            name = self._text(item, place, "id") or self._text(details, place, "id")
            if name:
                yield self._node(name, item, details)
            else:
                self._wrong(place, "must have an id that is a text and not empty")

    def _node(self, name: str, item: FrozenDict, details: FrozenDict) -> Node:
        """A node whose facts stand in its ``metadata``, or flat beside its id."""
        said = {key: value for key, value in details.items() if value is not None}
        both = FrozenDict({**item, **said})
        title = value_of(both, "title")
        title = title if isinstance(title, str) else ""
        where = called(name, title)
        before = len(self.problems)
        template = self._text(both, where, "templateId")
        properties = self._described(both, where)
        node = Node(
            id=name,
            template=template,
            title=title,
            position=_position(value_of(item, "position") or value_of(details, "position")),
            properties=properties,
            values=self._values(both, where),
            defaults=_defaults(properties),
            ports=tuple(self._ports(both, where)),
            environment=tuple(self._variables(both, where)),
            details=details or item,
        )
        self._name_problems(before, name, title)
        return node

    def _name_problems(self, since: int, node: str, title: str) -> None:
        """Say of which node the latest problems are."""
        for number, item in enumerate(self.problems[since:], since):
            self.problems[number] = ZealProblem(
                item.where, item.message, item.code, node, title=title, graph=self.graph
            )

    def _described(self, holder: FrozenDict, where: str) -> FrozenDict:
        """The properties by name; a list of them names each by its ``id`` or ``name``."""
        given = value_of(holder, "properties")
        if isinstance(given, FrozenList):
            named = ((value_of(one, "id", "name"), one) for _, one in self._objects(given, where))
            return FrozenDict((name, one) for name, one in named if isinstance(name, str))
        return self._take(holder, where, FrozenDict, "properties") or NOTHING

    def _values(self, holder: FrozenDict, where: str) -> FrozenDict:
        if value_of(holder, "propertyValues") == []:  # as an orchestrator writes none
            return NOTHING
        return self._take(holder, where, FrozenDict, "propertyValues") or NOTHING

    def _ports(self, holder: FrozenDict, where: str) -> Iterator[Port]:
        for _, item in self._objects(self._list(holder, where, "ports"), f"{where}: ports"):
            name, side = value_of(item, "id"), value_of(item, "type", "portType")
            if isinstance(name, str) and isinstance(side, str):
                yield Port(name, side.lower())

    def _variables(self, holder: FrozenDict, where: str) -> Iterator[str]:
        for name in self._list(holder, where, "requiredEnvVars"):
            if isinstance(name, str) and name:
                yield name
            else:
                self._wrong(f"{where}: requiredEnvVars", "must be a list of texts")

    def _connections(self, graph: FrozenDict, where: str) -> Iterator[Connection]:
        listed = self._list(graph, where, "connections")
        for number, item in self._objects(listed, f"{where}.connections"):
            name = self._text(item, f"{where}.connections[{number}]", "id")
            place = f"connection {name!r}" if name else f"{where}.connections[{number}]"
            start = self._end(item, place, ("source", "from"))
            end = self._end(item, place, ("target", "to"))
            yield Connection(name, *start, *end, number)

    def _end(self, item: FrozenDict, where: str, keys: tuple[str, str]) -> tuple[str, str]:
        end = value_of(item, *keys)
        side = keys[0]
        if isinstance(end, FrozenDict):
            node, port = value_of(end, "nodeId"), value_of(end, "portId")
        else:
            node, port = value_of(item, f"{side}NodeId"), value_of(item, f"{side}PortId")
        for what, found in (("node", node), ("port", port)):
            if not isinstance(found, str) or not found:
                self._wrong(f"{where}.{side}", f"must name a {what} by its id, as a text")
        return str(node or ""), str(port or "")

    def _groups(self, graph: FrozenDict, where: str) -> Iterator[Group]:
        for number, item in self._objects(self._list(graph, where, "groups"), f"{where}.groups"):
            place = f"{where}.groups[{number}]"
            key = "nodeIds" if value_of(item, "nodeIds") is not None else "nodes"
            nodes = [name for name in self._list(item, place, key) if isinstance(name, str)]
            title = value_of(item, "title", "name")
            name = self._text(item, place, "id") or f"group-{number + 1}"
            yield Group(name, title if isinstance(title, str) else "", tuple(nodes))

    def _objects(self, items: Sequence[Any], where: str) -> Iterator[tuple[int, FrozenDict]]:
        for number, item in enumerate(items):
            if isinstance(item, FrozenDict):
                yield number, item
            else:
                self._wrong(f"{where}[{number}]", f"must be an object, not {kind_of(item)}")

    def _list(self, holder: FrozenDict, where: str, key: str) -> Sequence[Any]:
        return self._take(holder, where, FrozenList, key) or ()

    def _text(self, holder: FrozenDict, where: str, key: str) -> str:
        return self._take(holder, where, str, key) or ""

    def _take(self, holder: FrozenDict, where: str, kind: type[_T], key: str) -> _T | None:
        found = value_of(holder, key)
        if found is None or isinstance(found, kind):
            return found
        self._wrong(f"{where}.{key}", f"must be {_WORDS[kind]}, not {kind_of(_plain(found))}")
        return None

    def _wrong(self, where: str, message: str) -> None:
        self.problems.append(ZealProblem(where, message, "malformed", graph=self.graph))


_WORDS: dict[type, str] = {FrozenDict: "an object", FrozenList: "a list", str: "a text"}


def _plain(value: Any) -> Any:
    """Of the kind that ``kind_of`` has a word for."""
    return {} if isinstance(value, dict) else [] if isinstance(value, list) else value


def _defaults(properties: FrozenDict) -> FrozenDict:
    """The default of each property; one that is no description is its own default."""
    found: dict[str, Any] = {}
    for name, described in properties.items():
        value = described
        if isinstance(described, Mapping):
            value = value_of(described, "defaultValue")
        if value is not None:
            found[name] = value
    return FrozenDict(found)


def _position(given: Any) -> tuple[float, float] | None:
    if not isinstance(given, Mapping):
        return None
    x, y = given.get("x"), given.get("y")
    numbers = all(isinstance(n, int | float) and not isinstance(n, bool) for n in (x, y))
    return (x, y) if numbers else None  # type: ignore[return-value]  # both are numbers
