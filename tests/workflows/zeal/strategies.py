"""Zeal workflows of every kind, for property tests: both shapes, unknown keys at every level."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from workflows.zeal.keys import snake

NAMES = st.text("abcXYZ09-_. äß", min_size=1, max_size=6).filter(lambda text: "/" not in text)
VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("abc\n\"'\\é", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
UNKNOWN = st.dictionaries(NAMES.map("x{}".format), VALUES | st.none(), max_size=2)
NUMBERS = st.integers(-500, 500) | st.floats(-500, 500)

# Template -> what its node may send from, and take at.
ACTORS = {
    "tpl_passthrough": (["output", "output-out"], ["input", "input-in"]),
    "reflow/tpl_passthrough": (["output"], ["input"]),
    "tpl_if_branch": (["true-out", "false-out"], ["input-in", "data"]),
    "reflow/tpl_switch": (["case1-out", "default"], ["data", "input-in"]),
}
WIDGETS = ["tpl_text_input", "tpl_number_input", "tpl_range_input"]
WIDGET_VALUES = {
    "tpl_text_input": st.fixed_dictionaries(
        {}, optional={"defaultValue": st.text("ab", max_size=4)}
    ),
    "tpl_number_input": st.fixed_dictionaries({}, optional={"defaultValue": NUMBERS}),
    "tpl_range_input": st.fixed_dictionaries(
        {}, optional={"value": NUMBERS, "defaultValue": NUMBERS}
    ),
}


@st.composite
def workflows(draw: st.DrawFn) -> dict[str, Any]:
    """A workflow that converts without an error, in one of both shapes."""
    shape = draw(st.sampled_from([camel_case, snake_case]))
    inner = draw(st.lists(NAMES, unique=True, max_size=2).filter(lambda names: "main" not in names))
    canvases = [draw(canvas("main", inner, is_main=True))]
    canvases += [draw(canvas(name, [], is_main=False)) for name in inner]
    known = {"id": "wf_made", "name": draw(NAMES), "graphs": [shape(item) for item in canvases]}
    optional = draw(
        st.fixed_dictionaries({}, optional={"activeGraphId": NAMES, "version": NUMBERS})
    )
    return {**draw(UNKNOWN), **known, **optional}


@st.composite
def canvas(draw: st.DrawFn, name: str, inner: list[str], *, is_main: bool) -> dict[str, Any]:
    ids = draw(st.lists(NAMES, unique=True, max_size=6))
    templates = [*ACTORS, *WIDGETS, *(["graph_input", "graph_output"] if not is_main else [])]
    nodes = [draw(node(item, draw(st.sampled_from(templates)))) for item in ids]
    nodes += [draw(sub_graph(f"sub {number}", item)) for number, item in enumerate(inner)]
    ends = [
        (item["id"], out, other["id"], into)
        for item in nodes
        for out in outs(item)[:1]
        for other in nodes
        for into in ins(other)[:1]
    ]
    chosen = draw(st.lists(st.sampled_from(ends), unique=True, max_size=6)) if ends else []
    connections = [draw(connection(number, item)) for number, item in enumerate(chosen)]
    groups = draw(st.lists(NAMES, unique=True, max_size=2))
    return {
        **draw(UNKNOWN),
        "id": name,
        "name": draw(NAMES),
        "isMain": is_main,
        "nodes": nodes,
        "connections": connections,
        "groups": [draw(group(item, ids)) for item in groups],
    }


@st.composite
def node(draw: st.DrawFn, name: str, template: str) -> dict[str, Any]:
    values = draw(WIDGET_VALUES.get(template, st.just({})))
    title = draw(NAMES)
    if template in ("graph_input", "graph_output"):
        values = {"inputName": name, "outputName": name}
    details = {
        **draw(UNKNOWN),
        "templateId": template,
        "title": title,
        "propertyValues": values,
        **draw(
            st.fixed_dictionaries({}, optional={"ports": ports(template), "properties": PROPERTIES})
        ),
    }
    place = st.fixed_dictionaries({"x": NUMBERS, "y": NUMBERS})
    return {**draw(UNKNOWN), "id": name, "position": draw(place | st.none()), "metadata": details}


# Of names that no component here has; a list of them is Zeal's other form.
DESCRIBED = st.fixed_dictionaries({"type": st.just("string")}, optional={"defaultValue": VALUES})
PROPERTIES = st.dictionaries(NAMES.map("p{}".format), DESCRIBED, max_size=2) | st.lists(
    st.fixed_dictionaries({"id": NAMES.map("p{}".format), "type": st.just("string")}), max_size=2
)


def ports(template: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    sides = ACTORS.get(template, (["output"], []))
    drawn = [(name, "output") for name in sides[0]] + [(name, "input") for name in sides[1]]
    return st.lists(st.sampled_from(drawn), unique=True, max_size=3).map(
        lambda chosen: [{"id": name, "type": side, "label": name} for name, side in chosen]
    )


def sub_graph(name: str, graph: str) -> st.SearchStrategy[dict[str, Any]]:
    details = {"templateId": "subgraph", "title": name, "graphId": graph}
    return UNKNOWN.map(lambda extra: {**extra, "id": name, "metadata": {**extra, **details}})


def outs(item: dict[str, Any]) -> list[str]:
    template = item["metadata"]["templateId"]
    if template == "graph_input":
        return ["data"]
    return ["output"] if template in WIDGETS else ACTORS.get(template, ([], []))[0]


def ins(item: dict[str, Any]) -> list[str]:
    template = item["metadata"]["templateId"]
    return ["data"] if template == "graph_output" else ACTORS.get(template, ([], []))[1]


@st.composite
def connection(draw: st.DrawFn, number: int, ends: tuple[str, str, str, str]) -> dict[str, Any]:
    start, out, end, into = ends
    return {
        **draw(UNKNOWN),
        "id": f"c{number}",
        "source": {**draw(UNKNOWN), "nodeId": start, "portId": out},
        "target": {"nodeId": end, "portId": into},
        **draw(st.sampled_from([{}, {"state": "pending"}])),
    }


@st.composite
def group(draw: st.DrawFn, name: str, ids: list[str]) -> dict[str, Any]:
    members = draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    return {**draw(UNKNOWN), "id": name, "title": draw(NAMES), "nodeIds": members, "color": "#fff"}


def camel_case(graph: dict[str, Any]) -> dict[str, Any]:
    return graph


def snake_case(graph: dict[str, Any]) -> dict[str, Any]:
    """The shape of the original Reflow's converter: flat nodes, ``from`` and ``to``."""
    return {
        **{snake(key): value for key, value in graph.items()},
        "nodes": [_flat(item) for item in graph["nodes"]],
        "connections": [_from_to(item) for item in graph["connections"]],
        "groups": [
            {"id": item["id"], "name": item["title"], "nodes": item["nodeIds"]}
            for item in graph["groups"]
        ],
    }


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in item.items() if key != "metadata"}
    return {**rest, **{snake(key): value for key, value in item["metadata"].items()}}


def _from_to(item: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in item.items() if key not in ("source", "target")}
    ends = {
        key: {snake(name): value for name, value in item[old].items()}
        for key, old in (("from", "source"), ("to", "target"))
    }
    return {**rest, **ends}


# Anything at all, and nearly a workflow.
KEYS = st.sampled_from(
    [
        *("graphs", "nodes", "connections", "groups", "id", "metadata", "templateId", "properties"),
        *("propertyValues", "source", "target", "nodeId", "portId", "ports", "requiredEnvVars"),
        *("subgraph", "graphId", "isMain", "position", "triggerConfig", "config", "nodeIds"),
    ]
)
NEARLY = st.recursive(
    VALUES | st.none() | st.sampled_from(["main", "subgraph", "graph_input", "tpl_range_input"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)
BROKEN = st.builds(
    lambda nodes, connections, more: {
        **more,
        "graphs": [{"id": "main", "isMain": True, "nodes": nodes, "connections": connections}],
    },
    st.lists(st.dictionaries(KEYS, NEARLY, max_size=5), max_size=4) | NEARLY,
    st.lists(st.dictionaries(KEYS, NEARLY, max_size=5), max_size=4) | NEARLY,
    st.dictionaries(KEYS, NEARLY, max_size=3),
)
