"""Everything that can happen to runs, in any order, on the database and on the model at once."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.events import NetworkIdle
from engine.journal import Intent
from tests.factories import FAR_AHEAD, LONG_AGO, UserFactory, WorkerFactory, one_node_graph
from tests.workflows.machine.model import OVER, Run, in_use, live
from workflows.bulk import Item, start_executions
from workflows.doubts import wait
from workflows.endings import End, give_back, write_end
from workflows.errors import AdmissionError, ExecutionOverError, PauseError
from workflows.event_log import FencedError, append
from workflows.in_doubt import decide
from workflows.journal import RunJournal
from workflows.lifecycle import Claim, claim_next, renew
from workflows.models import Execution, ExecutionEvent, Status, Worker, Workflow
from workflows.pausing import hand_back, hold, pause_execution, resume_execution
from workflows.pruning import Pace, prune
from workflows.recovery import round_of_keeper
from workflows.retention import Policy
from workflows.services import cancel_execution, create_workflow, start_execution

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

WORKERS = ("celery@a", "celery@b", "celery@c")
SLOTS = {"queue": 2, "reject": 2, "replace": 1}  # by the policy for a full workflow
ENDS = {"Completed": "completed", "Failed": "failed", "Cancelled": "cancelled"}
DAYS = 30
ANY_OF = st.integers(0, 10**6)  # picks one, of however many there are


class Machine(RuleBasedStateMachine):
    """Users, workers and the keeper; a claim is kept for ever, and so is tried when superseded."""

    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[UUID, Run] = {}
        self.claims: list[tuple[Claim, str]] = []
        self.tokens: dict[UUID, int] = defaultdict(int)
        self.refusing: set[str] = set()
        self.started = 0

    @initialize()
    def begin(self) -> None:
        Worker.objects.all().delete()
        for name in WORKERS:
            WorkerFactory(name=name)
        self.owner = UserFactory(is_staff=True)
        graph = one_node_graph()
        self.workflows: dict[str, Workflow] = {
            policy: create_workflow(
                owner=self.owner, name=policy, graph=graph, when_full=policy, max_concurrent=slots
            )
            for policy, slots in SLOTS.items()
        }
        # Something is under way already, and one worker has lost its run to another.
        self.submit_many(4)
        for worker in WORKERS[:2]:
            self.claim(worker)
        self.crash(0, WORKERS[2])

    # Users.

    @rule(priority=st.integers(-2, 2), workflow=st.sampled_from(["", *SLOTS]))
    def submit(self, priority: int, workflow: str) -> None:
        full = live(self.runs.values(), workflow)
        over = len(full) - SLOTS.get(workflow, 0) + 1
        given: dict[str, Any] = {"workflow": self.workflows[workflow]} if workflow else {}
        given = given or {"graph": one_node_graph()}
        try:
            execution = start_execution(
                owner=self.owner, metadata={"priority": priority}, **given
            ).execution
        except AdmissionError:
            assert workflow == "reject"
            assert over > 0
            return
        assert workflow != "reject" or over <= 0
        if workflow == "replace":
            for old in full[: max(over, 0)]:
                old.cancel()
        self._add(execution, priority, workflow)

    @rule(index=ANY_OF)
    @precondition(lambda self: self.runs)
    def submit_again(self, index: int) -> None:
        row = Execution.objects.get(pk=self._pick(index)[0])
        if row.workflow_id is None and row.source == "api":
            start = start_execution(
                owner=self.owner,
                graph=one_node_graph(),
                metadata=json.loads(row.metadata),
                execution_id=row.execution_id,
            )
            assert (start.created, start.execution.pk) == (False, row.pk)

    @rule(count=st.integers(1, 3))
    def submit_many(self, count: int) -> None:
        items = [Item() for _ in range(count)]
        for answer in start_executions(owner=self.owner, items=items, graph=one_node_graph()):
            assert answer.execution is not None
            self._add(answer.execution, 0, "")

    @rule(index=ANY_OF)
    @precondition(lambda self: self.runs)
    def cancel(self, index: int) -> None:
        pk, run = self._pick(index)
        run.cancel()
        cancel_execution(execution=Execution.objects.get(pk=pk), by="ann")

    @rule(index=ANY_OF)
    @precondition(lambda self: self.runs)
    def pause(self, index: int) -> None:
        pk, run = self._pick(index)
        self._refused_or(run.pause(), pause_execution, pk)

    @rule(index=ANY_OF)
    @precondition(lambda self: self.runs)
    def resume(self, index: int) -> None:
        pk, run = self._pick(index)
        self._refused_or(run.resume(), resume_execution, pk)

    @rule(index=ANY_OF)
    @precondition(lambda self: any(run.status == "waiting" for run in self.runs.values()))
    def decide(self, index: int) -> None:
        waiting = [(pk, run) for pk, run in self.runs.items() if run.status == "waiting"]
        pk, run = waiting[index % len(waiting)]
        decide(execution=Execution.objects.get(pk=pk), action="rerun", by=self.owner)
        run.events += 1
        run.leave(told=False)

    # Workers.

    @rule(worker=st.sampled_from(WORKERS))
    def claim(self, worker: str) -> None:
        claim = claim_next(worker, 1)
        found = claim and self.runs[claim.pk]
        if worker in self.refusing:
            assert claim is None
            return
        startable = self._startable()
        # What a worker has just lost it leaves to others, for some seconds.
        eager = _best(startable)
        polite = _best([run for run in startable if run.lost_by != worker])
        assert found in (eager, polite), (found, eager, polite)
        if claim and found:
            found.status, found.holder, found.lease_over = "running", claim, False
            self.claims.append((claim, worker))

    @rule(index=ANY_OF)
    @precondition(lambda self: self.claims)
    def beat(self, index: int) -> None:
        claim, run, _ = self._claim(index)
        good = run is not None and run.holder is claim and run.may_write
        assert renew(claim) is good
        if good and run:
            run.lease_over = False

    @rule(index=ANY_OF, count=st.integers(1, 3))
    @precondition(lambda self: self.claims)
    def write(self, index: int, count: int) -> None:
        claim, run, _ = self._claim(index)
        events = [NetworkIdle(timestamp=time.time()) for _ in range(count)]
        if self._fenced(lambda: append(claim.pk, claim.token, events), claim, run) and run:
            run.events += count

    @rule(index=ANY_OF, status=st.sampled_from([Status.COMPLETED, Status.FAILED]))
    @precondition(lambda self: self.claims)
    def finish(self, index: int, status: Status) -> None:
        claim, run, _ = self._claim(index)
        if self._fenced(lambda: write_end(claim, End(status)), claim, run) and run:
            run.end(status)

    @rule(index=ANY_OF)
    @precondition(lambda self: self.claims)
    def give_back(self, index: int) -> None:
        claim, run, worker = self._claim(index)
        if run is not None:
            give_back(claim, "the engine broke")
            if run.holder is claim:
                run.lose(worker, settings.LOST_ATTEMPTS)

    @rule(index=ANY_OF, reason=st.sampled_from(["", "the worker was shut down"]))
    @precondition(lambda self: self.claims)
    def hand_back(self, index: int, reason: str) -> None:
        claim, run, _ = self._claim(index)
        if self._fenced(lambda: hand_back(claim, reason), claim, run) and run:
            run.hand_back(told=bool(reason))

    @rule(index=ANY_OF)
    @precondition(lambda self: self.claims)
    def hold(self, index: int) -> None:
        claim, run, _ = self._claim(index)
        mine = run is not None and run.holder is claim
        if mine and run and run.status == "paused":
            return  # a worker holds once
        held = hold(claim)
        assert held is bool(mine and run and run.pause_asked)
        if held and run:
            run.status, run.lease_over = "paused", False
            run.events += 1

    @rule(index=ANY_OF)
    @precondition(lambda self: self.claims)
    def wait_in_doubt(self, index: int) -> None:
        claim, run, _ = self._claim(index)
        written = Execution.objects.filter(pk=claim.pk).values_list("journal__seq", flat=True)
        last = max((seq or 0 for seq in written), default=0)
        intent = Intent("pass", f"key {last}", "digest", {}, time.time())

        def act() -> None:
            RunJournal(claim, last)._write([intent])
            if not wait(claim, [intent]):
                write_end(claim, End(Status.CANCELLED))

        if self._fenced(act, claim, run) and run:
            run.wait()

    # Time, losses and the keeper.

    @rule(index=ANY_OF)
    @precondition(lambda self: any(run.may_write for run in self.runs.values()))
    def lease_passes(self, index: int) -> None:
        """The worker has crashed, is frozen, or is only late."""
        held = [(pk, run) for pk, run in self.runs.items() if run.may_write]
        pk, run = held[index % len(held)]
        Execution.objects.filter(pk=pk).update(lease_until=LONG_AGO)
        run.lease_over = True

    @rule(index=ANY_OF)
    @precondition(lambda self: self.runs)
    def deadline_passes(self, index: int) -> None:
        pk, run = self._pick(index)
        if not run.is_over and run.status in ("queued", "running"):
            Execution.objects.filter(pk=pk).update(deadline_at=LONG_AGO)
            run.overdue = True

    @rule()
    def keeper(self) -> None:
        workers = {claim.pk: worker for claim, worker in self.claims}
        for pk, run in self.runs.items():
            if run.may_write and run.lease_over:
                if run.cancel_asked:
                    run.end("cancelled")
                else:
                    run.lose(workers[pk], settings.LOST_ATTEMPTS)
            if run.overdue and run.status in ("queued", "running"):
                run.end("failed")
        round_of_keeper()
        # Losses may quarantine a worker: a rule of its own does that here.
        sick = Worker.objects.exclude(name__in=self.refusing)
        sick.update(quarantined_until=None, losses=0, lost_at=None)

    @rule(index=ANY_OF, worker=st.sampled_from(WORKERS))
    @precondition(lambda self: any(run.may_write for run in self.runs.values()))
    def crash(self, index: int, worker: str) -> None:
        """A worker is gone, and another one takes what may start."""
        self.lease_passes(index)
        self.keeper()
        self.claim(worker)

    @rule(worker=st.sampled_from(WORKERS))
    def quarantine(self, worker: str) -> None:
        sick = worker not in self.refusing
        self.refusing ^= {worker}
        until = FAR_AHEAD if sick else None
        Worker.objects.filter(name=worker).update(quarantined_until=until)

    @rule(index=ANY_OF)
    @precondition(lambda self: any(run.is_over for run in self.runs.values()))
    def prune(self, index: int) -> None:
        ended = [(pk, run) for pk, run in self.runs.items() if run.is_over]
        pk, _ = ended[index % len(ended)]
        Execution.objects.filter(pk=pk).update(created_at=LONG_AGO, finished_at=LONG_AGO)
        policy = Policy(FAR_AHEAD.replace(year=LONG_AGO.year, month=3), DAYS, 0, 0)
        prune(source="command", policy=policy, pace=Pace(60.0, rest=0.0))
        del self.runs[pk], self.tokens[pk]

    # What holds after each step.

    @invariant()
    def as_the_model_says(self) -> None:
        type(self).steps += 1
        rows = {row.pk: row for row in Execution.objects.all()}
        events: dict[UUID, list[str]] = defaultdict(list)
        stored = ExecutionEvent.objects.order_by("execution_id", "seq")
        for pk, seq, kind in stored.values_list("execution_id", "seq", "type"):
            events[pk].append(kind)
            assert seq == len(events[pk]), "a gap"
        assert rows.keys() == self.runs.keys()
        for pk, row in rows.items():
            self._agrees(row, self.runs[pk], events[pk])
        for policy, slots in SLOTS.items():
            assert in_use(self.runs.values(), policy) <= slots

    def _agrees(self, row: Execution, run: Run, events: list[str]) -> None:
        found = (row.status, row.last_seq, row.attempts_lost)
        assert found == (run.status, run.events, run.lost), (row.execution_id, run)
        assert len(events) == run.events
        assert row.token >= self.tokens[row.pk]
        self.tokens[row.pk] = row.token
        ends = [ENDS[kind] for kind in events if kind in ENDS]
        assert ends == ([run.status] if run.is_over else [])
        assert not ends or events[-1] in ENDS
        held = run.may_write
        assert (bool(row.worker), row.lease_until is not None) == (held, held) or run.is_over
        assert not held or row.token == run.holder.token

    def teardown(self) -> None:
        """Time passes and workers work: then every run that was accepted is over."""
        Worker.objects.all().delete()
        self.refusing.clear()
        for _ in range(3):
            Execution.objects.exclude(lease_until=None).update(lease_until=LONG_AGO)
            round_of_keeper()
            for row in Execution.objects.filter(status=Status.WAITING):
                decide(execution=row, action="rerun", by=self.owner)
            for row in Execution.objects.filter(status=Status.PAUSED):
                resume_execution(execution=row, by="ann")
            while claim := claim_next("celery@last", 1):
                write_end(claim, End(Status.COMPLETED, journaled=True))
        stuck = Execution.objects.exclude(status__in=OVER)
        assert list(stuck.values_list("execution_id", "status")) == []
        Execution.objects.all().delete()

    # Helpers.

    def _add(self, execution: Execution, priority: int, workflow: str) -> None:
        self.started += 1
        self.runs[execution.pk] = Run(self.started, priority, workflow)

    def _pick(self, index: int) -> tuple[UUID, Run]:
        return list(self.runs.items())[index % len(self.runs)]

    def _claim(self, index: int) -> tuple[Claim, Run | None, str]:
        """A claim that holds its run, or one of a run that another has by now, or any."""
        held = [item for item in self.claims if self._holds(item[0])]
        others = [item for item in self.claims if self._is_superseded(item[0])]
        among = (held, others, self.claims)[index % 3] or self.claims
        claim, worker = among[index // 3 % len(among)]
        return claim, self.runs.get(claim.pk), worker

    def _holds(self, claim: Claim) -> bool:
        run = self.runs.get(claim.pk)
        return run is not None and run.holder is claim

    def _is_superseded(self, claim: Claim) -> bool:
        run = self.runs.get(claim.pk)
        return run is not None and run.may_write and run.holder is not claim

    def _startable(self) -> list[Run]:
        runs = self.runs.values()
        full = {name for name, slots in SLOTS.items() if in_use(runs, name) >= slots}
        return [run for run in runs if run.status == "queued" and run.workflow not in full]

    def _fenced(self, act: Callable[[], object], claim: Claim, run: Run | None) -> bool:
        """Whether it was written; it is refused exactly where the claim is superseded."""
        try:
            act()
        except (FencedError, Execution.DoesNotExist):
            assert not self._holds(claim)
            return False
        assert self._holds(claim)
        return True

    def _refused_or(self, allowed: bool, act: Callable[..., object], pk: UUID) -> None:
        try:
            act(execution=Execution.objects.get(pk=pk), by="ann")
        except (ExecutionOverError, PauseError):
            assert not allowed
        else:
            assert allowed


def _best(runs: list[Run]) -> Run | None:
    """The highest priority goes first, then the oldest."""
    return min(runs, key=lambda run: (-run.priority, run.number), default=None)
