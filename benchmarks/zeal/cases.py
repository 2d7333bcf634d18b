"""The cases: what is sent, what is taken away meanwhile, and what has arrived."""

from __future__ import annotations

import random
import statistics
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings as settings_of_site
from django.contrib.auth import get_user_model
from django.db.models import Sum

from benchmarks.zeal.place import Double, SyncProcess, wait
from engine.events import ActorCompleted, EngineEvent, MessageSent
from observability.models import TraceSession, ZealConnection
from tests.factories import one_node_graph
from tests.fakes.zeal.record import read_record, tally
from workflows.event_log import append
from workflows.models import Execution, Status, Workflow, WorkflowVersion

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

BATCH = 500  # events of one write
LIVE_RATE = 200  # events a second
TOGETHER = 4  # events of one write, as a worker makes it
HEADING = ("case", "sent", "delivered", "lost", "repeated", "counted", "out of order", "seconds")


class Bench:
    """One case: a double, a sync process, and runs in a database that they share."""

    def __init__(self, folder: Path, mode: str = "intended", **settings: str) -> None:
        TraceSession.objects.all().delete()
        ZealConnection.objects.all().delete()
        Execution.objects.all().delete()
        self.double = Double(mode, folder / f"{uuid4().hex}.jsonl")
        self.double.start()
        settings_of_site.ZEAL_URL = self.double.url  # a worker tells sync of news, if there is one
        self.started = time.monotonic()
        self.settings = {"ZEAL_SOCKET": "off", "ZEAL_PREVIEWS": "1"} | settings
        self.sync = SyncProcess(self.double, **self.settings)
        wait(lambda: ZealConnection.objects.filter(connected=True).exists())
        self.runs: dict[str, int] = {}
        self.started = time.monotonic()

    def run(self, count: int, workflow: Workflow | None = None) -> Execution:
        """A run with so many messages, over."""
        execution = make_execution(workflow)
        numbers = range(1, count + 1)
        for first in range(0, count, BATCH):
            append(execution.pk, None, [sent(n) for n in numbers[first : first + BATCH]])
        end(execution.pk)
        self.runs[execution.execution_id] = count
        return execution

    def arrived(self) -> int:
        return int(TraceSession.objects.aggregate(n=Sum("sent"))["n"] or 0)

    def further(self, events: int) -> None:
        """Until so many more have arrived."""
        before = self.arrived()
        wait(lambda: self.arrived() > before + events)

    def delivered(self, seconds: float = 300) -> None:
        rows = TraceSession.objects.filter(state="delivered")
        wait(lambda: rows.count() == len(self.runs), seconds)

    def line(self, name: str) -> tuple[str, ...]:
        seconds = time.monotonic() - self.started
        counted = TraceSession.objects.aggregate(n=Sum("repeated"))["n"]
        self.close()
        found = self._tally()
        numbers = (sum(self.runs.values()), *found[:3], counted, found[3])
        return (name, *(f"{number:,}" for number in numbers), f"{seconds:.1f}")

    def _tally(self) -> tuple[int, int, int, int]:
        """Delivered, lost, repeated, out of order; by run, from what the double wrote down."""
        entries = read_record(self.double.record)
        run_of = {
            each["sessionId"]: each["metadata"]["executionId"]
            for each in entries
            if each["kind"] == "session"
        }
        got: dict[str, list[int]] = {run: [] for run in self.runs}
        for each in entries:
            if each["kind"] == "event":
                seq = each["event"]["metadata"]["custom"]["seq"]
                got[run_of[each["sessionId"]]].append(seq)
            elif each["kind"] == "hop":
                got[run_of[each["sessionId"]]].append(int(each["hop"]["data"]["preview"]))
        tallies = [tally(range(1, count + 1), got[run]) for run, count in self.runs.items()]
        names = ("delivered", "lost", "repeated", "out_of_order")
        return tuple(sum(getattr(each, name) for each in tallies) for name in names)

    def close(self) -> None:
        self.sync.end()
        self.double.kill()


def make_execution(workflow: Workflow | None = None, status: Status = Status.RUNNING) -> Execution:
    owner, _ = get_user_model().objects.get_or_create(username="bench")
    graph = one_node_graph()
    version, _ = WorkflowVersion.objects.get_or_create(
        owner=owner, checksum=graph.checksum(), workflow=None, defaults={"graph": graph.to_json()}
    )
    return Execution.objects.create(
        owner=owner,
        execution_id=uuid4().hex,
        version=version,
        workflow=workflow,
        request_hash="0" * 64,
        status=status,
        worker="bench",
        lease_until=datetime(2226, 1, 1, tzinfo=UTC),
    )


def end(pk: UUID) -> None:
    Execution.objects.filter(pk=pk).update(
        status=Status.COMPLETED, finished_at=datetime.now(UTC), nodes_executed=1, duration_ms=1
    )


def sent(number: int) -> EngineEvent:
    ends: dict[str, Any] = {"from_port": "output", "to_node": "pass", "to_port": "input"}
    about: dict[str, Any] = {"connection": "c", "message": number, "size": 8}
    return MessageSent(timestamp=time.time(), node="pass", **ends, **about)


def zeal_killed(folder: Path, mode: str) -> tuple[str, ...]:
    bench = Bench(folder, mode)
    bench.run(5_000)
    for _ in range(2):
        bench.further(500)
        bench.double.kill()
        time.sleep(3)
        bench.double.start()
    bench.delivered()
    return bench.line(f"Zeal killed twice and started again, `{mode}`")


def sync_killed(folder: Path, mode: str) -> tuple[str, ...]:
    bench = Bench(folder, mode)
    bench.double.tell("faults", {"slow_seconds": 0.05 if mode == "intended" else 0.005})
    bench.run(3_000)
    for _ in range(5):
        bench.further(100)
        time.sleep(random.random() / 10)  # noqa: S311 -- a moment
        bench.sync.kill()
        bench.sync.start()
    bench.delivered()
    return bench.line(f"the sync process killed with -9 five times, `{mode}`")


def network_cut(folder: Path, mode: str) -> tuple[str, ...]:
    bench = Bench(folder, mode, ZEAL_TIMEOUT_SECONDS="20")
    bench.run(5_000)
    wait(lambda: bench.arrived() > 500)
    bench.double.stop_for(60)
    bench.delivered()
    return bench.line(f"no answer for 60 s, `{mode}`")


def parallel(folder: Path) -> tuple[str, ...]:
    bench = Bench(folder)
    bench.double.tell("faults", {"slow_seconds": 2})
    for _ in range(20):
        bench.run(100)
    bench.delivered()
    return bench.line("20 runs at once, Zeal answers in 2 s")


def long_run(folder: Path, mode: str) -> tuple[str, ...]:
    bench = Bench(folder, mode)
    bench.run(10_000)
    bench.delivered()
    return bench.line(f"one run of 10,000 events, `{mode}`")


def memory(folder: Path) -> tuple[tuple[str, ...], str]:
    bench = Bench(folder)
    bench.run(1_000)
    bench.delivered()
    before = bench.sync.rss_mib
    for _ in range(20):
        bench.run(5_000)
    bench.delivered()
    after = bench.sync.rss_mib
    line = bench.line("20 runs of 5,000 events")
    return line, f"{before:.0f} MiB after 1,000 events, {after:.0f} MiB after 101,000"


def latency(folder: Path, seconds: float = 10) -> str:
    """From a node that completes to its event in Zeal, at 200 events/s of four runs."""
    bench = Bench(folder, "shipped", ZEAL_SOCKET="auto")
    graph = {"id": "main", "name": "Main", "namespace": "main", "isMain": True}
    document = {"id": "wf_bench", "name": "bench"}
    bench.double.tell(
        "workflows", document | {"graphs": [graph | {"nodes": [], "connections": []}]}
    )
    owner, _ = get_user_model().objects.get_or_create(username="bench")
    workflow, _ = Workflow.objects.get_or_create(owner=owner, name="bench", zeal_id="wf_bench")
    wait(lambda: ZealConnection.objects.filter(socket_connected=True).exists())
    runs = [make_execution(workflow) for _ in range(4)]
    made: list[int] = []
    feed(runs, seconds, made)
    for each in runs:
        end(each.pk)
        bench.runs[each.execution_id] = 0
    wait(lambda: TraceSession.objects.filter(live="delivered").count() == len(runs))
    profile = ZealConnection.objects.get().socket
    bench.close()
    seen = [each for each in read_record(bench.double.record) if each["kind"] == "runtime.event"]
    delays = [each["at"] - float(each["event"]["data"]["duration"]) for each in seen]
    late = sorted(delays)[int(len(delays) * 0.95)]
    return (
        f"{len(made):,} events in {seconds:g} s by {profile}, {len(seen):,} arrived:"
        f" median {statistics.median(delays):.0f} ms, 95 of 100 within {late:.0f} ms"
    )


def feed(runs: list[Execution], seconds: float, made: list[int]) -> None:
    """Each event says when it was made, in its duration: milliseconds since the epoch."""
    started = time.monotonic()
    done = threading.Event()
    while time.monotonic() - started < seconds:
        due = started + len(made) / LIVE_RATE
        done.wait(max(0.0, due - time.monotonic()))
        now = time.time()
        about: dict[str, Any] = {"node": "pass", "component": "tpl_passthrough", "output_size": 8}
        event = ActorCompleted(timestamp=now, duration_ms=now * 1000, **about)
        append(runs[len(made) // TOGETHER % len(runs)].pk, None, [event] * TOGETHER)
        made.extend([1] * TOGETHER)
