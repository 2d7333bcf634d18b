"""What is to be reached, and why a figure that is missed is missed."""

from __future__ import annotations

from dataclasses import dataclass

RATE = "rate"  # hops a second of CPU


@dataclass(frozen=True, slots=True)
class Target:
    """One number to reach.

    Args:
        case: of ours.
        key: ``RATE``, or the name of one of the case's values, such as ``p50_us``.
        bound: a rate or ratio of at least so much; any other value of at most so much.
        against: a peer's case: then the ratio counts, and more is better.
        reason: why it is missed, for a reader of the table.
    """

    case: str
    key: str
    bound: float
    against: str = ""
    reason: str = ""

    @property
    def at_least(self) -> bool:
        return bool(self.against) or self.key == RATE

    def reached(self, figure: float) -> bool:
        return figure >= self.bound if self.at_least else figure <= self.bound


SOURCE = "the source is a generator, at about 200 ns a message; the stages behind it are faster"
ONE_AT_A_TIME = "a turn of one message pays for the whole turn: credit, mailbox, ready queue, slice"
NODE = "a node holds its ports by name, a context, counters, and what policies and control need"
CHECKED = "every node, port, setting and policy is checked before anything starts: half of the time"
STRICT = "the one strict JSON reader looks at depth, keys and texts; unknown keys are kept"
BYTEWAX = (
    "bytewax is given batches of 1,000 here, and so does nearly twice what the target was set "
    "from (8.9 M hops/s); its results are not checked to be messages, nor counted by connection."
)

TARGETS = (
    Target("dict chain 10", RATE, 100, "peer python 10"),
    Target("dict chain 10", RATE, 40, "peer native 10"),
    Target("dict chain 10", RATE, 2.5, "queue 10"),
    Target("dict chain 10, read", RATE, 40, "peer python 10"),
    Target("async chain 10", RATE, 80, "peer python 10"),
    Target("async chain 10", RATE, 2, "queue 10"),
    Target("value chain 10", RATE, 300, "peer python 10"),
    Target("value chain 10", RATE, 1, "bytewax 10", BYTEWAX),
    Target("batch chain 10", RATE, 1_000, "peer python 10"),
    Target("batch chain 10", RATE, 3, "bytewax 10", BYTEWAX),
    Target("fan-out 100", RATE, 100, "peer fan-out"),
    Target("fan-in 100", RATE, 100, "peer fan-in"),
    Target("diamond", RATE, 100, "peer python 10"),
    Target("dict chain 10", RATE, 3e6),
    Target("async chain 10", RATE, 2.5e6),
    Target("value chain 10", RATE, 9e6),
    Target("batch chain 10", RATE, 25e6, reason=SOURCE),
    Target("hop", "p50_us", 3, reason=ONE_AT_A_TIME),
    Target("hop", "p99_us", 20),
    Target("round trip", "p50_us", 15),
    Target("timers", "p99_us", 2_000),
    Target("idle actor", "actor_bytes", 512, reason=NODE),
    Target("start", "cpu_ms", 70, reason=CHECKED),
    Target("load", "cpu_ms", 150, reason=STRICT),
    Target("slow sink", "grown_mb", 1),
)
