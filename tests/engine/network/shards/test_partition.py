"""Which process runs which node: as given, else balanced, and cut where little crosses."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Graph
from engine.errors import GraphError
from engine.network.result import ConnectionStatistics, Statistics
from engine.network.shards.partition import partition


def graph(*connections: tuple[str, str], **metadata: Any) -> Graph:
    made = Graph()
    for name in dict.fromkeys(name for pair in connections for name in pair):
        made.add_node(name, "pass", metadata.get(name))
    for source, target in connections:
        made.add_connection(source, "out", target, "in")
    return made


def line(count: int) -> Graph:
    return graph(*((f"n{i}", f"n{i + 1}") for i in range(count - 1)))


def measured(**messages: int) -> Statistics:
    """Of connections named like ``a_b``."""
    connections = (
        ConnectionStatistics(
            f"{source}.out -> {target}.in",
            *(source, "out", target, "in"),
            messages=count,
            bytes=0,
            rate=0.0,
            held=False,
        )
        for name, count in messages.items()
        for source, target in [name.split("_")]
    )
    return Statistics(tuple(connections), ())


def test_a_chain_is_cut_in_the_middle() -> None:
    owners = partition(line(6), 2)

    assert owners == {"n0": 0, "n1": 0, "n2": 0, "n3": 1, "n4": 1, "n5": 1}


def test_each_of_three_processes_gets_a_stretch() -> None:
    owners = partition(line(9), 3)

    assert list(owners.values()) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_chains_that_have_nothing_in_common_are_not_cut() -> None:
    owners = partition(graph(("a", "b"), ("b", "c"), ("x", "y"), ("y", "z")), 2)

    assert owners["a"] == owners["b"] == owners["c"]
    assert owners["x"] == owners["y"] == owners["z"]
    assert owners["a"] != owners["x"]


def test_measured_traffic_moves_the_cut_to_where_little_crosses() -> None:
    traffic = measured(n0_n1=1000, n1_n2=1000, n2_n3=10, n3_n4=1000, n4_n5=1000)

    owners = partition(line(6), 2, measured=traffic)

    assert list(owners.values()) == [0, 0, 0, 1, 1, 1]


def test_measured_work_is_what_is_balanced() -> None:
    traffic = measured(n0_n1=1000, n1_n2=1000, n2_n3=1, n3_n4=1, n4_n5=1)

    owners = partition(line(6), 2, measured=traffic)

    assert list(owners.values()) == [0, 0, 1, 1, 1, 1]


def test_what_is_given_is_kept_and_the_rest_chosen() -> None:
    owners = partition(line(4), 2, {"n0": 1})

    assert owners == {"n0": 1, "n1": 0, "n2": 1, "n3": 1}


def test_a_node_may_name_its_process_itself() -> None:
    noted = graph(("a", "b"), ("b", "c"), a={"shard": 1}, b={"shard": 1}, c={"shard": 0})

    assert partition(noted, 2) == {"a": 1, "b": 1, "c": 0}
    assert partition(noted, 2, {"a": 0, "b": 0, "c": 1}) == {"a": 0, "b": 0, "c": 1}


def test_more_processes_than_nodes_are_not_used() -> None:
    owners = partition(line(2), 5)

    assert owners == {"n0": 0, "n1": 1}


def test_processes_without_a_node_are_not_counted() -> None:
    owners = partition(line(2), 4, {"n0": 1, "n1": 3})

    assert owners == {"n0": 0, "n1": 1}


def test_a_supervised_graph_stays_together() -> None:
    supervised = line(4)
    supervised.properties["supervision"] = {"strategy": "one_for_all"}

    assert set(partition(supervised, 2).values()) == {0}


def test_nodes_that_share_a_breaker_share_their_process() -> None:
    policy = {"policy": {"breaker": {"name": "database"}}}
    shared = graph(("a", "b"), ("b", "c"), ("c", "d"), a=policy, d=policy)

    owners = partition(shared, 2)

    assert owners["a"] == owners["d"]


def test_nodes_that_call_services_share_their_process() -> None:
    policy = {"policy": {"breaker": {"scope": "service"}}}
    shared = graph(("a", "b"), ("b", "c"), ("c", "d"), a=policy, d=policy)

    owners = partition(shared, 2)

    assert owners["a"] == owners["d"]


def test_a_cycle_may_be_cut() -> None:
    owners = partition(graph(("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")), 2)

    assert sorted(owners.values()) == [0, 0, 1, 1]


def test_every_wrong_choice_is_named() -> None:
    with pytest.raises(GraphError) as caught:
        partition(line(3), 2, {"n9": 0, "n1": 2})

    assert [(item.where, item.code) for item in caught.value.problems] == [
        ("shards['n9']", "unknown_node"),
        ("node 'n1'", "unknown_shard"),
    ]
