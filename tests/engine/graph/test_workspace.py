from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine import Graph
from engine.graph import Link, SuggestedLink, dependency_problems, discover, suggest_links
from engine.graph.versions import satisfies

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_graph_", ".graph.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def needing(name: str, **more: object) -> str:
    graph = Graph("needing")
    graph.extra["graphDependencies"] = [{"graphName": name, **more}]
    return graph.to_json()


def test_folders_are_namespaces_and_other_files_are_left_alone(tmp_path: Path) -> None:
    one = Graph("one")
    write(
        tmp_path,
        top_graph_json=one.to_json(),
        data__in__collector_graph_yaml=one.to_yaml(),
        ml__trainer_graph_yml=one.to_yaml(),
        ml__notes_json="no graph",
        node_modules__lib__x_graph_json="no graph",
        a__b__c__deep_graph_json="no graph",
    )

    found = discover(tmp_path, max_depth=2)

    assert found.problems == ()
    assert [(item.full_name, item.path) for item in found.graphs] == [
        ("top", "top.graph.json"),
        ("data/in/collector", "data/in/collector.graph.yaml"),
        ("ml/trainer", "ml/trainer.graph.yml"),
    ]
    assert list(found.parts().values()) == [one, one, one]


def test_patterns_exclude_folders_and_files(tmp_path: Path) -> None:
    text = Graph("g").to_json()
    write(tmp_path, a_graph_json=text, test__b_graph_json=text, c__draft_graph_json=text)

    found = discover(tmp_path, exclude=["**/test/**", "**/draft.*"])

    assert [item.full_name for item in found.graphs] == ["a"]


def test_files_that_are_no_graphs_are_named_and_the_others_read(tmp_path: Path) -> None:
    text = Graph("g").to_json()
    write(tmp_path, a_graph_json="{", b_graph_json=text, b_graph_yaml=text, c_graph_yaml="- 1")
    (tmp_path / "d.graph.json").write_bytes(b"\xff")

    found = discover(tmp_path)

    assert [item.path for item in found.graphs] == ["b.graph.json"]
    assert [(item.where, item.code) for item in found.problems] == [
        ("a.graph.json", "not_json"),
        ("b.graph.yaml", "name_clash"),
        ("c.graph.yaml", "malformed"),
        ("d.graph.json", "unreadable"),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (needing("base", namespace="lib", required=True), ""),
        (needing("base", namespace="lib", versionConstraint="^1.2"), ""),
        (
            needing("bass", namespace="lib", required=True),
            (
                "error x.graph.json: needs the graph 'lib/bass', which is not in the workspace "
                "(did you mean 'lib/base'?)"
            ),
        ),
        (
            needing("base", namespace="lib", versionConstraint=">=2", required=False),
            "warning x.graph.json: needs the version >=2 of 'lib/base', which has 1.4.0",
        ),
    ],
)
def test_dependencies_that_are_not_there_are_named(tmp_path: Path, text: str, problem: str) -> None:
    base = Graph("base")
    base.properties["version"] = "1.4.0"
    write(tmp_path, x_graph_json=text, lib__base_graph_json=base.to_json())

    found = dependency_problems(discover(tmp_path))

    assert [f"{item.severity} {item}" for item in found] == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("constraint", "fits", "does_not"),
    [
        ("*", "0.1", None),
        ("", "9", None),
        ("1.2", "1.9.9", "2.0"),
        ("^1.2.3", "1.2.3", "1.2.2"),
        ("^0.2.3", "0.2.9", "0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("~1.2.3", "1.2.9", "1.3.0"),
        ("~1", "1.9", "2.0"),
        ("=1.2", "1.2.7", "1.3"),
        ("1.*", "1.5", "2.0"),
        (">=1, <2", "1.9", "2"),
        (">1.0", "1.0.1", "1.0"),
        ("<=1.0", "v1.0.0-beta", "1.0.1"),
        ("newest", None, "1.0"),
        ("^1", None, ""),
    ],
)
def test_version_constraints(constraint: str, fits: str | None, does_not: str | None) -> None:
    assert fits is None or satisfies(fits, constraint)
    assert does_not is None or not satisfies(does_not, constraint)


def test_links_are_suggested_with_confidence_and_reason() -> None:
    left, right = Graph("left"), Graph("right")
    for graph in (left, right):
        graph.add_node("n", "double")
    left.add_outport("orders", "n", "out", "array")
    left.add_outport("out", "n", "out", "integer")
    left.add_outport("text", "n", "out", "string")
    right.add_inport("Orders", "n", "in", "array")
    right.add_inport("input", "n", "in", "float")
    right.add_inport("text", "n", "in", "boolean")

    found = suggest_links({"left": left, "right": right}, least=0.7)

    assert found == (
        SuggestedLink(
            Link("left", "orders", "right", "Orders"), 1.0, "the names are equal, both are array"
        ),
        SuggestedLink(
            Link("left", "out", "right", "input"),
            0.7,
            "the names say out and in, integer fits float",
        ),
    )
