"""The table of ``python -m benchmarks.server``, and what it sends to the server."""

from __future__ import annotations

import pytest

from benchmarks.server import forty
from benchmarks.server.__main__ import Table
from benchmarks.server.load import short_graph
from engine import Network
from engine.graph import Graph


@pytest.mark.parametrize(
    ("values", "target", "cells"),
    [
        ([90.0, 110.0, 130.0], {"least": 100}, ["110 /s [90 to 130]", ">= 100 /s", " reached "]),
        ([90.0], {"least": 100}, ["90.0 /s", "**missed**"]),
        ([0.2, 0.3], {"most": 0.25}, ["0.250 /s", "<= 0.25 /s", " reached "]),
        ([1.0], {}, ["1.000 /s |  |  |"]),
    ],
)
def test_a_line_says_the_median_and_whether_it_is_enough(
    values: list[float], target: dict[str, float], cells: list[str]
) -> None:
    table = Table()

    table.add("runs", "sqlite", values, unit="/s", **target)

    assert all(cell in table.lines[0] for cell in cells), table.lines[0]


async def test_forty_tasks_add_forty() -> None:
    for graph, result in ((forty.chain(), 40), (forty.one_task(), 1), (short_graph(), 0)):
        network = Network.from_graph(Graph.from_json(graph))
        ended = await network.run({"in": 0})
        assert ended.outputs["out"] == [result]
