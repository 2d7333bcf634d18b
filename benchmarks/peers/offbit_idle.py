"""The original at rest: its latency, the memory of its idle actors, its start, its JSON."""

from __future__ import annotations

import gc
import threading
from time import perf_counter_ns
from typing import Any

from offbit_reflow import Actor, Graph, Network, template_actor

from benchmarks.measure import LostMessageError, Measured, Watch, percentiles, resident_bytes
from benchmarks.peers.offbit import DEADLINE, add_actor, chain

WARM_UP = 500  # messages that are not counted
JSON_NODES = 499  # with their connections 997 elements: from 1,000 on it freezes


class PingPong(Actor):  # type: ignore[misc]
    component = "ping_pong"
    inports = ["in"]
    outports = ["out"]

    def __init__(self, count: int) -> None:
        self.count = count
        self.samples: list[int] = []
        self.done = threading.Event()

    def run(self, ctx: Any) -> None:
        self.samples.append(perf_counter_ns() - ctx.inputs["in"]["data"])
        if len(self.samples) < self.count:
            ctx.done({"out": {"type": "Integer", "data": perf_counter_ns()}})
        else:
            ctx.done()
            self.done.set()


def hop(messages: int) -> Measured:
    network = Network()
    actors = PingPong(messages // 2), PingPong(messages // 2)
    for name, actor in zip(("ping", "pong"), actors, strict=True):
        add_actor(network, name, actor)
    network.add_connection("ping", "out", "pong", "in")
    network.add_connection("pong", "out", "ping", "in")
    network.add_initial("ping", "in", {"type": "Integer", "data": perf_counter_ns()})
    with Watch() as watch:
        network.start()
        if not actors[0].done.wait(DEADLINE):
            raise LostMessageError(f"{len(actors[0].samples)} of {messages // 2} came")
    samples = [sample for actor in actors for sample in actor.samples[WARM_UP:]]
    return watch.measured(len(samples), percentiles(samples))


def idle_chain(nodes: int) -> Network:
    network = Network()
    network.register_actor("tpl_passthrough", template_actor("tpl_passthrough"))
    before = ""
    for number in range(nodes):
        node = f"node{number}"
        network.add_node(node, "tpl_passthrough")
        if before:
            network.add_connection(before, "output", node, "input")
        before = node
    return network


def memory(nodes: int) -> Measured:
    """Native actors, chained; it has no graph apart from them."""
    idle_chain(10).start()
    gc.collect()
    before = resident_bytes()
    network = idle_chain(nodes)
    network.start()
    gc.collect()
    return Measured(values={"actor_bytes": (resident_bytes() - before) / nodes})


def start(nodes: int) -> Measured:
    with Watch() as watch:
        network = idle_chain(nodes)
        network.start()
    return watch.measured(values={"cpu_ms": watch.cpu_s * 1000})


def load(nodes: int) -> Measured:
    """As many nodes as it can load; the time of an element is what is compared."""
    graph = Graph("idle")
    for number in range(JSON_NODES):
        graph.add_node(f"node{number}", "tpl_passthrough")
    for number in range(1, JSON_NODES):
        graph.add_connection(f"node{number - 1}", "output", f"node{number}", "input")
    document = graph.to_json()
    with Watch() as watch:
        Graph.from_json(document)
    scaled = watch.cpu_s * nodes / JSON_NODES
    return watch.measured(
        values={"cpu_ms": scaled * 1000},
        remark=f"{JSON_NODES} nodes, scaled: it freezes from 1,000 elements on",
    )


def events_memory(messages: int) -> Measured:
    """Its events are kept until they are read, however many."""
    before = resident_bytes()
    measured = chain(1, messages)
    grown = (resident_bytes() - before) / 2**20
    values = {"unread_events_of_a_million_mb": grown / messages * 1e6}
    return Measured(measured.hops, measured.cpu_s, measured.wall_s, values)
