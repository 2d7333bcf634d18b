"""What Zeal says, read into commands; whatever it says, nothing but StrangeError comes of it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observability.zeal.commands import (
    Announced,
    Command,
    ControlRun,
    Publish,
    StartRun,
    State,
    StrangeError,
    Unpublish,
    Verb,
    is_wanted,
    read_command,
)

GRAPHS = [{"id": "main"}]
NAMES = ["zip.event", "control.event", "workflow.state", "execution.start", "workflow.publish"]
KINDS = ["execution.started", "control.execution.start", "control.execution.stop"]
KINDS += ["workflow.published", "workflow.unpublished", "workflow.updated"]
KEYS = ["type", "workflowId", "data", "metadata", "executionId", "trigger", "graphs", "graph"]
TEXTS = st.sampled_from(NAMES + KINDS) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=20,
)
MESSAGES = JSON | st.builds(
    lambda kind, more: {**more, "type": kind}, TEXTS, st.dictionaries(st.sampled_from(KEYS), JSON)
)


def control(verb: str, **data: Any) -> tuple[str, dict[str, Any]]:
    return "control.event", {"type": f"control.execution.{verb}", "workflowId": "w", "data": data}


@pytest.mark.parametrize(
    ("said", "command"),
    [
        (
            (
                "zip.event",
                {
                    "type": "execution.started",
                    "workflowId": "w",
                    "workflowName": "Sum",
                    "trigger": {"type": "manual"},
                    "metadata": {"executionId": "exec_1", "input": {"a": 1}},
                },
            ),
            Announced("w", "exec_1", "Sum", {"a": 1}),
        ),
        (
            control("start", executionId="exec_1", workflowId="w", triggeredBy="ann"),
            StartRun("w", "exec_1", None, "ann"),
        ),
        (control("stop", executionId="exec_1"), ControlRun(Verb.STOP, "exec_1")),
        (control("pause", executionId="exec_1"), ControlRun(Verb.PAUSE, "exec_1")),
        (control("resume", executionId="exec_1"), ControlRun(Verb.RESUME, "exec_1")),
        (
            (
                "zip.event",
                {
                    "type": "workflow.published",
                    "workflowId": "w",
                    "workflowName": "Sum",
                    "graphs": GRAPHS,
                    "metadata": {"a": 1},
                },
            ),
            Publish("w", {"graphs": GRAPHS, "name": "Sum", "metadata": {"a": 1}}),
        ),
        (("zip.event", {"type": "workflow.unpublished", "workflowId": "w"}), Unpublish("w")),
        (
            (
                "workflow.state",
                {"type": "workflow.updated", "workflowId": "w", "data": {"graphs": GRAPHS}},
            ),
            State("w", {"graphs": GRAPHS}),
        ),
        (
            ("execution.start", {"type": "execution.start", "workflowId": "w", "input": {"a": 1}}),
            StartRun("w", "", {"a": 1}, ""),
        ),
        (
            ("workflow.execute", {"workflow_id": "w", "data": {"a": 1}, "execution_id": "e"}),
            StartRun("w", "e", {"a": 1}, ""),
        ),
        (
            ("workflow.deploy", {"workflowId": "w", "workflow": {"processes": {}}}),
            Publish("w", {"processes": {}}),
        ),
        (("workflow.delete", {"workflowId": "w"}), Unpublish("w")),
        (("execution.stop", {"executionId": "e"}), ControlRun(Verb.STOP, "e")),
        (("zip.event", {"type": "execution.started", "workflowId": "w"}), None),
        (("zip.event", {"type": "node.added"}), None),
        (("who.knows", {"type": "who.knows"}), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_commands_are_read(said: tuple[str, Any], command: Command | None) -> None:
    assert read_command(*said) == command


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("zip.event", "text"), "zip.event: must be an object"),
        (("control.event", {}), "type: must be a text of 1 to 200 characters"),
        (control("start", executionId=7), "executionId: must be a text"),
        (("zip.event", {"type": "workflow.published", "workflowId": "w"}), "graphs: must be a"),
        (("workflow.state", {"workflowId": "w"}), "data: must be an object"),
        (("workflow.publish", {"workflowId": "w", "graph": 7}), "graph: must be an object"),
        (("execution.start", {"workflowId": "w" * 201}), "workflowId: must be a text"),
        (("unreadable", "not JSON"), "not JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_what_has_another_shape_says_where(said: tuple[str, Any], why: str) -> None:
    with pytest.raises(StrangeError, match=why):
        read_command(*said)


@given(TEXTS, MESSAGES)
@settings(max_examples=60)
def test_anything_else_is_strange_and_no_more(name: str, payload: Any) -> None:
    is_wanted(name, payload)
    with suppress(StrangeError):
        read_command(name, payload)


def test_echoes_are_not_read() -> None:
    started = {"type": "execution.started", "metadata": {"executionId": "x"}}

    assert not is_wanted("zip.event", started)
    assert not is_wanted("zip.event", {"type": "node.completed"})
    assert not is_wanted("update.acknowledged", {})
    assert is_wanted("zip.event", {**started, "trigger": {}})
    assert is_wanted("zip.event", "strange")
