"""The logger: a line for each message, and the message unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Network, builtin
from engine.errors import ConfigError
from engine.node_config import build_config
from tests.engine.components.harness import run_actor


async def logged(config: dict[str, Any], message: Any) -> list[tuple[str, str]]:
    """The level and text of every line of a run."""
    events: list[Any] = []
    network = Network()
    network.add_node("log", "tpl_logger", config)
    network.add_initial("log", "input", message)
    result = await network.run(on_event=events.append)
    assert result.status == "completed"
    return [(event.level, event.text) for event in events if event.type == "ActorLogged"]


async def test_messages_pass_unchanged_and_in_order() -> None:
    messages = [1, "a", {"b": [None]}, 2.5]

    assert await run_actor("tpl_logger", {}, {"input": messages}) == {"output": messages}


@pytest.mark.parametrize(
    ("config", "message", "line"),
    [
        ({}, "hello", ("info", "hello")),
        ({}, {"a": [1, 2.0]}, ("info", '{"a":[1,2.0]}')),
        ({"level": "error"}, None, ("error", "null")),
        ({"level": "debug", "message": "got ${value}!"}, 3, ("debug", "got 3!")),
        (
            {"level": "warning", "message": "${user.name} has ${items[0].n} of ${nothing}"},
            {"user": {"name": "Ann"}, "items": [{"n": 2}]},
            ("warning", "Ann has 2 of null"),
        ),
        ({"message": "100% of %s"}, 1, ("info", "100% of %s")),
    ],
)
async def test_a_line_is_the_template_filled_with_the_message(
    config: dict[str, Any], message: Any, line: tuple[str, str]
) -> None:
    assert await logged(config, message) == [line]


async def test_a_long_line_is_shortened() -> None:
    [(_, text)] = await logged({}, "x" * 10_000)

    assert text == "x" * 4096 + "... (10000 characters)"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"level": "warn"}, "did you mean 'warning'?"),
        ({"message": 5}, "must be a text"),
        ({"message": "${a..b}"}, "is not a path"),
    ],
)
def test_wrong_settings_are_refused(config: dict[str, Any], reason: str) -> None:
    actor = builtin().get("tpl_logger")
    assert actor is not None

    with pytest.raises(ConfigError) as caught:
        build_config(actor.Config, config, node="n")

    assert reason in str(caught.value)
