"""Runs are started over HTTP; a client tries again with the same id until it is answered."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.chaos.facts import Accepted

if TYPE_CHECKING:
    from tests.chaos.site import Site
    from tests.chaos.workflows import Kind

CLIENTS = 4
PAUSE_SECONDS = 0.2  # before a refused start is tried again
CANCELLED_SHARE = 0.03
REPEATED_SHARE = 0.05
POLITE = {429, 503}  # the refusals that a start may get


@dataclass
class _Start:
    execution_id: str
    kind: Kind
    cancel_after: float | None
    repeated: bool


class Load:
    """So many runs, of which at most ``outstanding`` are unfinished at any time."""

    def __init__(
        self, site: Site, kinds: tuple[Kind, ...], runs: int, seed: int, outstanding: int
    ) -> None:
        self.accepted: list[Accepted] = []
        self.refused: list[str] = []
        self.room = 0  # how many may be started now; the experiment says so
        self._site = site
        self._outstanding = outstanding
        self._starts = iter(_plan(kinds, runs, random.Random(seed)))  # noqa: S311 -- no secret
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, args=(number,), daemon=True)
            for number in range(CLIENTS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def allow(self, unfinished: int) -> None:
        """Say how many runs are unfinished now."""
        self.room = self._outstanding - unfinished

    @property
    def done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """Start nothing more; what was begun is brought to its answer."""
        self._closed = True

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def _work(self, number: int) -> None:
        clients = [self._site.client(machine) for machine in range(len(self._site.machines))]
        chance = random.Random(number)  # noqa: S311 -- no secret
        while not self._over.is_set():
            start = self._next()
            if start is None:
                return
            self._run(start, clients, chance)

    def _next(self) -> _Start | None:
        while not self._over.is_set() and not self._closed:
            with self._lock:
                if self.room > 0:
                    self.room -= 1
                    return next(self._starts, None)
            time.sleep(0.02)
        return None

    def _run(self, start: _Start, clients: list[httpx.Client], chance: random.Random) -> None:
        name, kind = start.execution_id, start.kind
        body = {
            "graph_json": kind.graph.to_dict(),
            "input": kind.given(name),
            "metadata": {"execution_id": name},
        }
        answers: list[str] = []
        while "200" not in answers and not self._over.is_set():
            answers.append(self._post(chance.choice(clients), "/workflows", body))
            if answers[-1] != "200":
                time.sleep(PAUSE_SECONDS)
        if start.repeated:
            self._repeat(clients, body, chance)
        cancelled = ""
        if start.cancel_after is not None:
            time.sleep(start.cancel_after)
            cancelled = self._post(chance.choice(clients), f"/workflows/{name}/cancel", None)
        if "200" in answers:
            self.accepted.append(Accepted(name, kind.name, time.time(), tuple(answers), cancelled))

    def _repeat(self, clients: list[httpx.Client], body: Any, chance: random.Random) -> None:
        """The same again answers the same run, other content with its id is refused."""
        again = self._post(chance.choice(clients), "/workflows", body)
        other = {**body, "input": {"order": "something else"}}
        conflict = self._post(chance.choice(clients), "/workflows", other)
        if again == "409" or conflict == "200":
            self.refused.append(f"a repeated start: {again}, {conflict}")

    def _post(self, client: httpx.Client, path: str, body: Any) -> str:
        try:
            answer = client.post(path, json=body)
        except httpx.HTTPError as error:
            return type(error).__name__
        wrong = answer.status_code >= 500 and answer.status_code not in POLITE
        if wrong or (path == "/workflows" and answer.status_code == 400):
            self.refused.append(f"{answer.status_code} {answer.text[:200]}")
        return str(answer.status_code)


def _plan(kinds: tuple[Kind, ...], runs: int, chance: random.Random) -> list[_Start]:
    """The runs in the order in which they start; of each kind its share, in every seed."""
    whole = sum(kind.share for kind in kinds)
    chosen = [kind for kind in kinds for _ in range(-(-runs * kind.share // whole))]
    chance.shuffle(chosen)
    return [
        _Start(
            f"chaos-{number}",
            kind,
            chance.uniform(0.1, 3) if kind.long and chance.random() < CANCELLED_SHARE else None,
            chance.random() < REPEATED_SHARE,
        )
        for number, kind in enumerate(chosen[:runs])
    ]
