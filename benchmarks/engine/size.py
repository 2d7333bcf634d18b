"""What actors cost that do nothing: their memory, their start, and their graph's JSON.

``python -m benchmarks.engine.size``
"""

from __future__ import annotations

import asyncio
import gc

from benchmarks.engine.actors import REGISTRY
from benchmarks.measure import Measured, Watch, resident_bytes
from engine import Graph, Network, Permissions


def build(nodes: int) -> Network:
    network = Network(registry=REGISTRY, permissions=Permissions())
    before = ""
    for number in range(nodes):
        node = f"node{number}"
        network.add_node(node, "add", {"step": 1})
        if before:
            network.add_connection(before, "out", node, "in")
        before = node
    network.add_inport("in", "node0", "in")
    return network


async def run_memory(nodes: int) -> Measured:
    """Resident bytes: of the graph, and of the actors that run on it."""
    gc.collect()
    start = resident_bytes()
    network = build(nodes)
    gc.collect()
    built = resident_bytes()
    with Watch() as watch:
        await network.start()
        await network.wait_idle()
    gc.collect()
    started = resident_bytes()
    await network.shutdown()
    return watch.measured(
        values={
            "actor_bytes": (started - built) / nodes,
            "graph_bytes": (built - start) / nodes,
            "whole_bytes": (started - start) / nodes,
        }
    )


async def run_start(nodes: int) -> Measured:
    with Watch() as building:
        network = build(nodes)
    with Watch() as starting:
        await network.start()
        await network.wait_idle()
    await network.shutdown()
    return Measured(
        cpu_s=building.cpu_s + starting.cpu_s,
        wall_s=building.wall_s + starting.wall_s,
        values={
            "cpu_ms": (building.cpu_s + starting.cpu_s) * 1000,
            "build_ms": building.cpu_s * 1000,
            "start_ms": starting.cpu_s * 1000,
        },
    )


def memory(nodes: int) -> Measured:
    asyncio.run(run_memory(100))  # warm up
    return asyncio.run(run_memory(nodes))


def start(nodes: int) -> Measured:
    asyncio.run(run_start(100))  # warm up
    return asyncio.run(run_start(nodes))


def load(nodes: int) -> Measured:
    """From JSON text to a graph."""
    text = build(nodes).graph.to_json()
    Graph.from_json(build(100).graph.to_json())  # warm up
    with Watch() as watch:
        graph = Graph.from_json(text)
    if len(graph.nodes) != nodes or len(graph.connections) != nodes - 1:
        raise ValueError(f"{len(graph.nodes)} nodes, {len(graph.connections)} connections")
    return watch.measured(values={"cpu_ms": watch.cpu_s * 1000, "json_kilobytes": len(text) / 1000})


if __name__ == "__main__":
    for program in (memory, start, load):
        print(program.__name__, dict(program(10_000).values))
