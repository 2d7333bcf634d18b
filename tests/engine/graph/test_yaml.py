from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine import Graph
from engine.errors import CodecError, GraphError
from engine.graph.yaml_text import dump_yaml, parse_yaml
from tests.engine.graph.samples import GRAPHS, sample

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
WORDS = st.sampled_from(
    ["no", "on", "~", "null", "True", "1e5", "007", "1_000", "0x1F", "<<", "=", "1:30", ".5", "- a"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@example(1e16)
@example(-0.0)
@example(["tRue", "TRUE", "Null", "nULL"])
@example({"k" * 200: "\x85\u2028\ufeff\t \n"})
def test_yaml_gives_back_the_json_value_that_was_written(value: Any) -> None:
    again = parse_yaml(dump_yaml(value))

    assert json.dumps(again, sort_keys=True) == json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_the_same_in_yaml_and_json(name: str) -> None:
    graph = Graph.from_json(sample(name))

    again = Graph.from_yaml(graph.to_yaml())

    assert again.to_json() == graph.to_json()


def test_a_graph_can_be_written_by_hand() -> None:
    graph = Graph.from_yaml("""
        properties: {name: by hand}
        processes:
          switch: {component: tpl_switch, metadata: {x: 1, y: 2.0, label: on}}
          no: {component: tpl_collect}
        connections:
          - from: {nodeId: switch, portId: output}
            to: {nodeId: no, portId: input}
    """)

    assert repr(graph.nodes["switch"].metadata) == "{'x': 1, 'y': 2.0, 'label': 'on'}"
    assert [item.ends for item in graph.connections] == ["switch.output -> no.input"]


def test_an_alias_is_a_copy() -> None:
    assert parse_yaml("{a: &x [1, {b: 2}], c: *x}") == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


def test_a_billion_laughs_are_stopped_at_once() -> None:
    lines = ["a0: &a0 lol"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]

    with pytest.raises(CodecError) as caught:
        parse_yaml("\n".join(lines))

    assert str(caught.value) == (
        "its aliases add more than 1000000 values and characters (limit: aliases)"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{a: 1, a: 2}", "the key 'a' stands twice (line 1)"),
        ("[" * 70 + "]" * 70, "is nested deeper than 64 (limit: depth) (line 1)"),
        (
            "!!python/object/apply:os.system [ls]",
            "the tag 'tag:yaml.org,2002:python/object/apply:os.system' is refused (line 1)",
        ),
        ("a: &x [*x]", "nothing is anchored as 'x' (line 1)"),
        ("{[a]: 1}", "a key must be a text (line 1)"),
        ("? *a\n: 1", "nothing is anchored as 'a' (line 1)"),
        ("{a: &k b, ? *k : 1}", "a key must be a text, not an alias (line 1)"),
        ("<<: {a: 1}", "merge keys are refused: write the keys out (line 1)"),
        ("a: 1\n---\nb: 2", "must be one YAML document, not 2"),
        ("", "must be one YAML document, not 0"),
        ("9" * 5000, "99999999999999999999... is outside i64"),
    ],
)
def test_what_is_no_json_in_yaml_is_refused(text: str, message: str) -> None:
    with pytest.raises(CodecError) as caught:
        parse_yaml(text)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [", "not_yaml"),
        (b"\xff\xfe\x00", "not_yaml"),
        ("a: \x07", "not_yaml"),
        ("- 1", "malformed"),
        ("processes: 1", "malformed"),
        ("properties: {size: 1e400}", "not_json"),
        ("properties: {size: 9223372036854775808}", "not_json"),
    ],
)
def test_yaml_that_is_no_graph_is_an_error_of_the_graph(text: str | bytes, code: str) -> None:
    with pytest.raises(GraphError) as caught:
        Graph.from_yaml(text)

    assert [problem.code for problem in caught.value.problems] == [code]


@given(st.text(alphabet="ab01:-{}[]*&!|>'\"#%@\n .,?~<", max_size=40))
def test_any_text_is_a_value_or_a_codec_error(text: str) -> None:
    try:
        value = parse_yaml(text)
    except CodecError:
        return

    json.dumps(value)


def test_yaml_is_imported_only_by_who_uses_it() -> None:
    code = "import sys, engine; sys.exit('yaml' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=50)  # noqa: S603 -- our own words

    assert done.returncode == 0
