"""CPU-bound actors in a chain, on one core and on two: the same graph, ``run(processes=2)``.

``python -m benchmarks.engine.cores 8 40000`` for 8 actors and 40,000 messages. Each round gives
the ratio of wall time, and what the machine had to give at that moment: two runs of half the
messages, at the same time and with nothing in common. Where that is far below 2, others use the
cores, and the wall time says nothing about the engine. The third figure does: the CPU time of one
process over that of the busier of two, the speed-up that free cores would give at most.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from time import perf_counter, process_time

from benchmarks.engine.actors import REGISTRY
from benchmarks.engine.verify import verify
from engine import Actor, Context, Network, Outputs, Permissions, Port, Registry

ROUNDS = 5


class Work(Actor):
    """Add ``step``, after a while of computing in Python."""

    component = "work"
    inports = (Port("in", "integer"),)
    outports = (Port("out", "integer"),)

    @dataclass(frozen=True, slots=True)
    class Config:
        step: int = 1
        rounds: int = 200  # of the loop: about 10 us

    def process(self, ctx: Context) -> Outputs:
        total = 0
        for number in range(ctx.config.rounds):
            total += number * number % 7
        return {"out": ctx.inputs["in"] + ctx.config.step + total - total}


def build(stages: int, messages: int) -> Network:
    network = Network(registry=REGISTRY | Registry([Work]), permissions=Permissions())
    network.add_node("source", "numbers", {"count": messages})
    before = "source"
    for number in range(stages):
        network.add_node(f"stage{number}", "work")
        network.add_connection(before, "out", f"stage{number}", "in")
        before = f"stage{number}"
    network.add_node("sink", "check", {"count": messages, "first": stages})
    network.add_connection(before, "out", "sink", "in")
    return network


@dataclass(frozen=True, slots=True)
class Took:
    wall_s: float
    cpu_s: float  # of the busiest process


def run(processes: int, stages: int, messages: int) -> Took:
    """A whole run, the start of its processes among it."""
    network = build(stages, messages)
    begin, cpu, children = perf_counter(), process_time(), _cpu_of_children()
    result = asyncio.run(network.run(processes=processes))
    verify(result, {"sink": messages})
    busiest = max(process_time() - cpu, _cpu_of_children() - children)
    return Took(perf_counter() - begin, busiest)


def _cpu_of_children() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def apart(stages: int, messages: int) -> float:
    """Seconds of two programs that each run half the messages in one process."""
    program = [sys.executable, "-m", "benchmarks.engine.cores", str(stages), str(messages // 2)]
    begin = perf_counter()
    programs = [subprocess.Popen([*program, "alone"]) for _ in range(2)]  # noqa: S603 -- ourselves
    for one in programs:
        one.wait()
    return perf_counter() - begin


def cores(stages: int, messages: int) -> None:
    """Print how many times as fast two processes are as one, of interleaved rounds."""
    rows: list[tuple[float, float, float]] = []
    print("round   wall  offered  by CPU")
    for number in range(ROUNDS):
        alone, together = run(1, stages, messages), run(2, stages, messages)
        offered = alone.wall_s / apart(stages, messages)
        rows.append((alone.wall_s / together.wall_s, offered, alone.cpu_s / together.cpu_s))
        print("{:<6} {:6.2f} {:8.2f} {:7.2f}".format(number, *rows[-1]))
    print("median {:6.2f} {:8.2f} {:7.2f}".format(*map(median, zip(*rows, strict=True))))


if __name__ == "__main__":
    if sys.argv[3:] == ["alone"]:
        run(1, int(sys.argv[1]), int(sys.argv[2]))
    else:
        cores(int(sys.argv[1]), int(sys.argv[2]))
