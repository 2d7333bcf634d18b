from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from engine.graph import Graph

EXAMPLES = Path(__file__).parents[3] / "examples"


REPORT = """\
looped: 3 nodes, 3 connections
sources        a
sinks          none
stages         3, the widest of 1
critical path  3 nodes: a -> b -> c
cycle          b -> c -> b (not marked)
endless        a, b, c
stage 1  a
stage 2  b
stage 3  c
warning     connection c.output -> b.input: closes a cycle: b -> c -> b \
(if it is meant, set metadata.feedback to true) [feedback_edge]
suggestion  b, c form a cycle: \
if it is meant, set metadata.feedback of the connection back [unmarked_cycle]
suggestion  b, c only pass messages on: \
connect what is around them directly [redundant_node]
"""


def looped() -> Graph:
    graph = Graph("looped")
    for name in ("a", "b", "c"):
        graph.add_node(name, "tpl_passthrough")
    for start, end in ("ab", "bc", "cb"):
        graph.add_connection(start, "output", end, "input")
    graph.add_inport("in", "a", "input")
    return graph


def run(*arguments: str) -> tuple[int, str]:
    """The exit code and what was printed; of a CommandError its text."""
    out = StringIO()
    try:
        call_command("analyze_graph", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, str(error)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_report_names_stages_cycles_and_what_could_be_better(tmp_path: Path) -> None:
    file = tmp_path / "looped.json"
    file.write_text(looped().to_json())

    code, out = run(str(file))

    assert code == 0
    assert out == REPORT


@pytest.mark.parametrize("suffix", ["json", "yaml", "yml"])
def test_the_report_as_json_counts_measured_durations(tmp_path: Path, suffix: str) -> None:
    file, durations = tmp_path / f"looped.{suffix}", tmp_path / "durations.json"
    file.write_text(looped().to_json() if suffix == "json" else looped().to_yaml())
    durations.write_text('{"a": 1.5, "c": 3}')

    code, out = run(str(file), "--json", "--durations", str(durations))

    report = json.loads(out)
    assert code == 0
    assert report["critical_path"] == {"nodes": ["a", "b", "c"], "weight": 4.5}
    assert report["cycles"] == [{"path": ["b", "c"], "size": 2, "intended": False}]
    assert [problem["code"] for problem in report["problems"]] == ["feedback_edge"]


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_the_examples_have_no_errors(file: Path) -> None:
    assert run(str(file), "--json")[0] == 0


def test_a_graph_that_cannot_run_ends_with_1(tmp_path: Path) -> None:
    graph = looped()
    graph.add_node("d", "tpl_unheard_of")
    file = tmp_path / "wrong.json"
    file.write_text(graph.to_json())

    code, out = run(str(file))

    assert code == 1
    assert "the component 'tpl_unheard_of' is unknown" in out


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("graph.json", "[1]", "graph: must be an object, not a list"),
        ("graph.yaml", "a: [", "graph: is no YAML"),
        ("graph.json", "{\x1b]0;", "graph: "),
        ("graph.json", '{"processes": {"\\u001b[2J": 1}}', "must be an object, not a number"),
    ],
)
def test_a_file_that_is_no_graph_is_refused(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    file = tmp_path / name
    file.write_text(content)

    code, out = run(str(file))

    assert code == 2
    assert message in out
    assert "\x1b" not in out


def test_durations_of_no_node_are_refused(tmp_path: Path) -> None:
    file, durations = tmp_path / "looped.json", tmp_path / "durations.json"
    file.write_text(looped().to_json())
    durations.write_text('{"aa": 1.5}')

    code, out = run(str(file), "--durations", str(durations))

    assert code == 2
    assert "node 'aa': there is none (did you mean 'a'?)" in out


def test_a_file_that_is_not_there_is_named() -> None:
    code, out = run("nowhere.json")

    assert code == 2
    assert out.startswith("nowhere.json cannot be read: ")
