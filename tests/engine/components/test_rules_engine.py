"""The rules engine: what matches, what is changed, and where it goes."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Network, builtin
from engine.errors import ConfigError
from engine.node_config import build_config
from tests.engine.components.harness import run_actor

LARGE = {"field": "a", "operator": "greater_than", "value": 1}
HAS_X = {"field": "s", "operator": "contains", "value": "x"}


def rule(*rules: dict[str, Any], kind: str = "IF", **more: Any) -> dict[str, Any]:
    return {"type": kind, "groups": [{"connector": "AND", "rules": list(rules)}], **more}


async def outcome_of(rules: Any, *messages: Any, key: str = "rules") -> dict[str, list[Any]]:
    return await run_actor("tpl_rules_engine", {key: rules}, {"data": messages})


@pytest.mark.parametrize("rules", [None, {}, []])
async def test_without_rules_every_message_goes_to_output(rules: Any) -> None:
    assert await outcome_of(rules, {"a": 1}, "x") == {"output": [{"a": 1}, "x"]}


@pytest.mark.parametrize("key", ["rules", "propertyRules"])
async def test_a_match_and_no_match_have_their_ports(key: str) -> None:
    rules = rule(LARGE, HAS_X)

    assert await outcome_of(rules, {"a": 2, "s": "xy"}, {"a": 2, "s": "y"}, key=key) == {
        "matched": [{"a": 2, "s": "xy"}],
        "unmatched": [{"a": 2, "s": "y"}],
    }


async def test_a_match_is_changed_by_set_property() -> None:
    actions = {"setProperty": [{"key": "tier", "value": "gold"}, {"key": "a", "value": [1]}]}

    assert await outcome_of(rule(LARGE, actions=actions), {"a": 2}, {"a": 1}) == {
        "matched": [{"a": [1], "tier": "gold"}],
        "unmatched": [{"a": 1}],
    }


async def test_scalars_stay_scalars() -> None:
    rules = rule(
        {"operator": "greater_than", "value": 5},
        actions={"setProperty": [{"key": "tier", "value": "gold"}]},
    )

    assert await outcome_of(rules, 6, 4) == {"matched": [6], "unmatched": [4]}


@pytest.mark.parametrize(
    ("kind", "groups", "expected"),
    [
        ("IF", [], "matched"),
        ("AND", [], "matched"),
        ("OR", [], "unmatched"),
        ("IF", [{"rules": [LARGE]}, {"rules": [HAS_X]}], "unmatched"),
        ("OR", [{"rules": [LARGE]}, {"rules": [HAS_X]}], "matched"),
        ("IF", [{"connector": "OR", "rules": [LARGE, HAS_X]}], "matched"),
    ],
)
async def test_groups_combine_as_their_type_says(
    kind: str, groups: list[Any], expected: str
) -> None:
    message = {"a": 2, "s": "y"}

    assert await outcome_of({"type": kind, "groups": groups}, message) == {expected: [message]}


async def test_of_a_list_of_rules_the_first_that_matches_wins() -> None:
    def tier(name: str) -> dict[str, Any]:
        return {"setProperty": [{"key": "tier", "value": name}]}

    rules = [
        rule({"field": "a", "operator": "between", "value": [5, 9]}, actions=tier("gold")),
        rule(LARGE, actions=tier("silver")),
    ]

    assert await outcome_of(rules, {"a": 7}, {"a": 2}, {"a": 0}) == {
        "matched": [{"a": 7, "tier": "gold"}, {"a": 2, "tier": "silver"}],
        "unmatched": [{"a": 0}],
    }


async def test_set_output_sends_to_ports_of_its_own() -> None:
    actions = {"setOutput": [{"port": "alert", "value": "hey"}, {"port": "level", "value": 3}]}
    network = Network()
    network.add_node("rules", "tpl_rules_engine", {"rules": rule(LARGE, actions=actions)})
    network.add_initial("rules", "data", {"a": 2})
    for port in ("matched", "alert", "level"):
        network.add_outport(port, "rules", port)

    result = await network.run()

    assert result.outputs == {"matched": [{"a": 2}], "alert": ["hey"], "level": [3]}


async def test_the_rule_that_fired_is_in_the_events() -> None:
    events: list[Any] = []
    network = Network()
    network.add_node("rules", "tpl_rules_engine", {"rules": [rule(LARGE), rule(name="rest")]})
    network.add_initial("rules", "data", {"a": 2})
    network.add_initial("rules", "data", {"a": 0})

    await network.run(on_event=events.append)

    lines = [event.text for event in events if event.type == "ActorLogged"]
    assert lines == ["rule 1 matched", "rest matched"]


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ("x", "must be a rule object or a list of them"),
        ([1, rule({"operator": "grater_than"})], "did you mean 'greater_than'?"),
        (rule(kind="XOR"), "type 'XOR' is unknown"),
        (rule(LARGE, actions=[]), "actions must be an object"),
        (rule(LARGE, actions={"setOutput": {}}), "setOutput"),
        (rule(LARGE, actions={"setProperty": [{"value": 1}]}), "setProperty must hold objects"),
        ({"groups": 5}, "list of groups"),
    ],
)
def test_wrong_rules_are_refused_when_the_node_is_built(rules: Any, reason: str) -> None:
    actor = builtin().get("tpl_rules_engine")
    assert actor is not None

    with pytest.raises(ConfigError) as caught:
        build_config(actor.Config, {"rules": rules}, node="n")

    assert reason in str(caught.value)
