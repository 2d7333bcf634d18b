"""One chaos run: a site is brought up, loaded, hurt at random, mended, and asked what it knows."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.database import ERRORS
from tests.chaos.facts import Evidence, Injected, Trial
from tests.chaos.faults import table
from tests.chaos.ledger import read_book
from tests.chaos.load import Load
from tests.chaos.site import LEASE_SECONDS, Site
from tests.chaos.trials import trials
from tests.chaos.watcher import Pages, Pulse, Sockets
from tests.chaos.workflows import kinds
from tests.e2e.server import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.faults import Fault
    from tests.chaos.workflows import Kind

TICK_SECONDS = 0.05
LOOK_SECONDS = 0.25
PROGRESS_SECONDS = 10.0
LONGEST_GAP_SECONDS = 5.0  # between two faults, if no run ends meanwhile
SHORTEST_GAP_SECONDS = 0.3
STILL_SECONDS = 120.0
DRAIN_SECONDS = 150.0
WHOLE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Plan:
    profile: str = "sqlite"
    seed: int = 1
    runs: int = 2000
    faults: int = 500
    outstanding: int = 16
    workers: int = 6
    trials: int = 3
    minutes: float = 0.0  # after which it is over, however much was done; 0: when all is done
    only: tuple[str, ...] = ()  # kinds of faults; all, if empty
    kinds: tuple[str, ...] = ()  # of workflows; all, if empty
    without: str = ""  # the safeguard that is taken away


@dataclass
class Experiment:
    """All that one run needs; ``run`` gives the evidence."""

    plan: Plan
    say: Callable[[str], None]
    injected: list[Injected] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    _undo: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _finished: int = 0
    _looked_at: float = 0.0
    _told_at: float = 0.0
    _moved_at: float = field(default_factory=time.monotonic)

    def run(self, folder: Path) -> Evidence:
        self.folder = folder
        with _ledger(folder / "ledger.jsonl") as url:
            self.kinds: tuple[Kind, ...] = kinds(url)
            plan = self.plan
            self.site = Site(folder, plan.profile, url, plan.workers, plan.without)
            try:
                self.say(f"starting the site in {folder}")
                self.site.start()
                return self._hurt()
            except BaseException:
                self._end()
                self.site.remove(keep=True)
                raise
            finally:
                self._end()

    def _end(self) -> None:
        self._undo_all()
        self.site.stop()

    def _hurt(self) -> Evidence:
        plan = self.plan
        chosen = tuple(kind for kind in self.kinds if not plan.kinds or kind.name in plan.kinds)
        self.load = Load(self.site, chosen, plan.runs, plan.seed, plan.outstanding)
        pages = Pages(self.site, self.load)
        sockets = Sockets(self.site, self.load, plan.seed)
        pulse = Pulse()
        for part in (pulse, self.load, pages, sockets):
            part.start()
        self._storm()
        self._undo_all()
        self.say("the faults are over; what is left has to end")
        self.until(self.site.is_whole, WHOLE_SECONDS)
        self.until(lambda: not self._unfinished(), DRAIN_SECONDS)
        self.trials += trials(self, plan.trials)
        for part in (sockets, pages, self.load, pulse):
            part.stop()
        return Evidence(
            accepted=tuple(self.load.accepted),
            rows=tuple(self.site.database.rows()),
            events=tuple(self.site.database.events()),
            calls=tuple(read_book(self.folder / "ledger.jsonl")),
            injected=tuple(self.injected),
            said=tuple(pages.said),
            followed=tuple(sockets.followed),
            changed=tuple(pages.changed),
            refused=tuple(self.load.refused),
            trials=tuple(self.trials),
            stalls=tuple(pulse.stalls),
            lease=LEASE_SECONDS,
        )

    def _storm(self) -> None:
        """A fault whenever as large a part of the runs is over as of the faults."""
        plan = self.plan
        chance = random.Random(plan.seed)  # noqa: S311 -- repeatable, no secret
        faults = table(self.site, plan.only)
        last = self._moved_at = time.monotonic()
        over_at = last + plan.minutes * 60
        while len(self.injected) < plan.faults or not self.load.done:
            self.tick()
            if time.monotonic() - self._moved_at > STILL_SECONDS:
                self.say("nothing moves any more")
                return
            if plan.minutes and time.monotonic() > over_at:
                self.load.close()
                self.until(lambda: self.load.done, DRAIN_SECONDS)
                done = len(self.load.accepted), len(self.injected)
                self.plan = replace(plan, runs=done[0], faults=done[1])
                return
            gap = time.monotonic() - last
            behind = len(self.injected) * plan.runs < self._finished * plan.faults
            due = gap > SHORTEST_GAP_SECONDS and (behind or gap > LONGEST_GAP_SECONDS)
            if due and len(self.injected) < plan.faults:
                self._inject(faults, chance)
                last = time.monotonic()

    def _inject(self, faults: tuple[Fault, ...], chance: random.Random) -> None:
        chosen = chance.choices(faults, [fault.weight for fault in faults])[0]
        self.strike(chosen, chance)

    def strike(self, fault: Fault, chance: random.Random) -> Injected | None:
        """Do it now, and undo it when its time is over; None if there was nothing to hit."""
        hit = fault.strike(self.site, chance)
        if hit is None:
            return None
        self.injected.append(hit.record)
        if hit.undo is not None:
            wait = hit.record.until - hit.record.at
            self._undo.append((time.monotonic() + wait, hit.undo))
        return hit.record

    def tick(self) -> None:
        """What has to go on all the time, whatever is waited for."""
        time.sleep(TICK_SECONDS)
        now = time.monotonic()
        for item in [item for item in self._undo if item[0] <= now]:
            self._undo.remove(item)
            item[1]()
        self.site.tend()
        if now - self._looked_at > LOOK_SECONDS:
            self._looked_at = now
            self._unfinished()
        if now - self._told_at > PROGRESS_SECONDS:
            self._told_at = now
            self.say(
                f"{self._finished} of {self.plan.runs} runs are over,"
                f" {len(self.injected)} of {self.plan.faults} faults are injected"
            )

    def _unfinished(self) -> int:
        try:
            count = self.site.database.unfinished()
        except ERRORS:
            return 1
        self.load.allow(count)
        finished = len(self.load.accepted) - count
        if finished != self._finished:
            self._finished, self._moved_at = finished, time.monotonic()
        return count

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.tick()
        return True

    def _undo_all(self) -> None:
        for _, undo in self._undo:
            undo()
        self._undo.clear()


@contextmanager
def _ledger(file: Path) -> Iterator[str]:
    """Its address, as long as the block runs."""
    command = [sys.executable, "-m", "tests.chaos.ledger", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout
        port = int(process.stdout.readline())
        try:
            yield f"http://127.0.0.1:{port}/effects"
        finally:
            process.kill()


def folder_for(profile: str) -> Path:
    """A folder with a short path that another user may enter."""
    made = Path(tempfile.mkdtemp(prefix=f"reflow-chaos-{profile}-", dir="/tmp"))
    made.chmod(0o755)
    return made
