"""The original, offbit-reflow: Python actors and native ones.

It freezes a process in ways that only a kill from outside ends, so every program here is run in
a process of its own with a deadline. What is known to freeze it (more than 50 initial packets at
one inport, more than 999 elements in a ``Graph``, bursts of ``ctx.send``) is kept clear of; and
messages are written as raw dicts, which it takes faster than its own ``Message`` objects.
"""

from __future__ import annotations

import threading
from typing import Any

from offbit_reflow import Actor, Network, template_actor

from benchmarks.measure import LostMessageError, Measured, Watch

DEADLINE = 60.0  # seconds for one run
QUIET = 1.0  # seconds without a message, after which a run that loses some is over


def number_in(message: dict[str, Any]) -> int:
    """``tpl_loop`` sends {index, value}; our stages send plain numbers."""
    data = message["data"]
    number: int = data["value"] if isinstance(data, dict) else data
    return number


class Add(Actor):  # type: ignore[misc]
    component = "add"
    inports = ["in"]
    outports = ["out"]

    def run(self, ctx: Any) -> None:
        ctx.done({"out": {"type": "Integer", "data": number_in(ctx.inputs["in"]) + 1}})


class Check(Actor):  # type: ignore[misc]
    """Count the numbers and those out of order, for each million on its own."""

    component = "check"
    inports = ["in"]
    outports: list[str] = []

    def __init__(self, count: int, first: int = 0) -> None:
        self.count = count
        self.first = first
        self.seen = 0
        self.wrong = 0
        self.next: dict[int, int] = {}
        self.done = threading.Event()

    def run(self, ctx: Any) -> None:
        source, number = divmod(number_in(ctx.inputs["in"]), 1_000_000)
        if number != self.next.get(source, self.first):
            self.wrong += 1
        self.next[source] = number + 1
        self.seen += 1
        ctx.done()
        if self.seen == self.count:
            self.done.set()

    def verify(self) -> None:
        if not self.done.is_set() or self.wrong:
            raise LostMessageError(
                f"{self.seen} of {self.count} came, {self.wrong} of them out of order"
            )


class Pair(Actor):  # type: ignore[misc]
    component = "pair"
    inports = ["a", "b"]
    outports = ["out"]
    await_all_inports = True

    def run(self, ctx: Any) -> None:
        both = number_in(ctx.inputs["a"]) + number_in(ctx.inputs["b"])
        ctx.done({"out": {"type": "Integer", "data": both // 2 + 1}})


def numbers(network: Network, node: str, messages: int, first: int = 0) -> None:
    """A native source: it sends each element of the list that it is given."""
    network.add_node(node, "tpl_loop")
    listed = list(range(first, first + messages))
    network.add_initial(node, "collection", {"type": "Array", "data": listed})


def new_network(*native: str) -> Network:
    network = Network()
    for template in ("tpl_loop", *native):
        network.register_actor(template, template_actor(template))
    return network


def add_actor(network: Network, node: str, actor: Actor) -> None:
    """Each node gets a template of its own: two of one template would share its object."""
    network.register_actor(f"tpl_{node}", actor)
    network.add_node(node, f"tpl_{node}")


def finish(network: Network, check: Check, hops: int) -> Measured:
    with Watch() as watch:
        network.start()
        check.done.wait(DEADLINE)
    check.verify()
    return watch.measured(hops)


def chain(stages: int, messages: int) -> Measured:
    network = new_network()
    numbers(network, "source", messages)
    before, port = "source", "item"
    for number in range(stages):
        add_actor(network, f"stage{number}", Add())
        network.add_connection(before, port, f"stage{number}", "in")
        before, port = f"stage{number}", "out"
    check = Check(messages, stages)
    add_actor(network, "sink", check)
    network.add_connection(before, port, "sink", "in")
    return finish(network, check, (stages + 1) * messages)


class End(Actor):  # type: ignore[misc]
    """Take the one list of a collector."""

    component = "end"
    inports = ["in"]
    outports: list[str] = []

    def __init__(self) -> None:
        self.values: list[int] = []
        self.done = threading.Event()

    def run(self, ctx: Any) -> None:
        self.values = [number_in(item) for item in ctx.inputs["in"]["data"]]
        ctx.done()
        self.done.set()


def native_chain(stages: int, messages: int) -> Measured:
    """No Python actor but the last, which is given one message: a list of all."""
    network = new_network("tpl_passthrough", "tpl_collect")
    numbers(network, "source", messages)
    before, port = "source", "item"
    for number in range(stages):
        network.add_node(f"stage{number}", "tpl_passthrough")
        network.add_connection(before, port, f"stage{number}", "input")
        before, port = f"stage{number}", "output"
    network.add_node("collect", "tpl_collect", {"count": messages})
    network.add_connection(before, port, "collect", "input")
    end = End()
    add_actor(network, "end", end)
    network.add_connection("collect", "output", "end", "in")
    with Watch() as watch:
        network.start()
        end.done.wait(DEADLINE)
    if end.values != list(range(messages)):
        raise LostMessageError(f"{len(end.values)} of {messages} came")
    return watch.measured((stages + 1) * messages)


def fan_out(width: int, messages: int) -> Measured:
    network = new_network()
    numbers(network, "source", messages)
    checks = [Check(messages) for _ in range(width)]
    for number, check in enumerate(checks):
        add_actor(network, f"sink{number}", check)
        network.add_connection("source", "item", f"sink{number}", "in")
    with Watch() as watch:
        network.start()
        for check in checks:
            check.done.wait(DEADLINE)
    for check in checks:
        check.verify()
    return watch.measured(width * messages)


def fan_in(width: int, messages: int) -> Measured:
    network = new_network()
    check = Check(width * messages)
    add_actor(network, "sink", check)
    for number in range(width):
        numbers(network, f"source{number}", messages, number * 1_000_000)
        network.add_connection(f"source{number}", "item", "sink", "in")
    return finish(network, check, width * messages)


def diamond(messages: int) -> Measured:
    """It loses and mispairs messages here: what arrived is told, a speed is not."""
    network = new_network()
    numbers(network, "source", messages)
    for branch in ("left", "right"):
        add_actor(network, branch, Add())
        network.add_connection("source", "item", branch, "in")
    add_actor(network, "pair", Pair())
    network.add_connection("left", "out", "pair", "a")
    network.add_connection("right", "out", "pair", "b")
    check = Check(messages, 2)
    add_actor(network, "sink", check)
    network.add_connection("pair", "out", "sink", "in")
    network.start()
    before = -1
    while check.seen != before and not check.done.is_set():
        before = check.seen
        check.done.wait(QUIET)
    lost, wrong = messages - check.seen, check.wrong
    return Measured(remark=f"lost {lost:,} of {messages:,} messages, {wrong:,} wrongly paired")
