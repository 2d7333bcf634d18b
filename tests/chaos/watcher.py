"""What pages and sockets say while faults run: samples of REST, and clients of the WebSocket."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from typing import TYPE_CHECKING

import httpx
from websockets import ConnectionClosed, InvalidHandshake
from websockets.asyncio.client import connect

from tests.chaos.database import ERRORS
from tests.chaos.facts import TERMINAL, Followed, Said, Stall

if TYPE_CHECKING:
    from tests.chaos.load import Load
    from tests.chaos.site import Site

SAMPLE_SECONDS = 0.5
BEAT_SECONDS = 0.2
STALL_SECONDS = 2.0  # between two beats; a busy machine takes a tenth of it
PAGE = 100
FOLLOWERS = 3
BROKEN = (OSError, ConnectionClosed, InvalidHandshake, TimeoutError)


class Watcher:
    """A thread that looks until it is stopped."""

    patience = 30  # seconds for its last look

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(self.patience)

    def _watch(self) -> None:
        raise NotImplementedError


class Pulse(Watcher):
    """Notices when the machine itself stands still, as a virtual one may: no process can tell."""

    def __init__(self) -> None:
        super().__init__()
        self.stalls: list[Stall] = []

    def _watch(self) -> None:
        last = time.time()
        while not self._over.wait(BEAT_SECONDS):
            now = time.time()
            if now - last > STALL_SECONDS:
                self.stalls.append(Stall(last, now))
            last = now


class Pages(Watcher):
    """Asks a page twice a second which runs are running, and the database whose leases are over."""

    def __init__(self, site: Site, load: Load) -> None:
        super().__init__()
        self.said: list[Said] = []
        self.changed: list[str] = []
        self.samples = 0
        self._site = site
        self._load = load
        self._ends: dict[str, str] = {}

    def _watch(self) -> None:
        chance = random.Random(0)  # noqa: S311 -- no secret
        clients = [self._site.client(number) for number in range(len(self._site.machines))]
        while not self._over.wait(SAMPLE_SECONDS):
            try:
                self._sample(chance.choice(clients))
                self._look_back(chance.choice(clients), chance)
            except (*ERRORS, httpx.HTTPError, ValueError):
                continue  # nobody can be told anything now, so nobody is lied to

    def _sample(self, client: httpx.Client) -> None:
        now = time.time()
        late = {said.execution_id: said for said in self._site.database.overdue(now)}
        query: dict[str, str | int] = {"status": "running", "limit": PAGE}
        answer = client.get("/api/v1/executions", params=query)
        if answer.status_code != 200:
            return
        self.samples += 1
        names = {row["execution_id"] for row in answer.json()["results"]}
        self.said += [late[name] for name in names & set(late) if late[name].overdue > 0]

    def _look_back(self, client: httpx.Client, chance: random.Random) -> None:
        """What was over stays as it was."""
        if not self._load.accepted:
            return
        name = chance.choice(self._load.accepted).execution_id
        answer = client.get(f"/workflows/{name}")
        if answer.status_code != 200:
            if answer.status_code == 404:
                self.changed.append(name)
            return
        status = answer.json()["data"]["status"]
        if self._ends.get(name, status) != status:
            self.changed.append(name)
        if status in TERMINAL:
            self._ends[name] = status


class Sockets(Watcher):
    """Clients that follow one run after the other, and lose their connections on the way."""

    patience = 60

    def __init__(self, site: Site, load: Load, seed: int) -> None:
        super().__init__()
        self.followed: list[Followed] = []
        self.connections = 0
        self._site = site
        self._load = load
        self._seed = seed

    def _watch(self) -> None:
        asyncio.run(self._all())

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(FOLLOWERS):
                group.create_task(self._follow_all(random.Random(self._seed + number)))  # noqa: S311

    async def _follow_all(self, chance: random.Random) -> None:
        while not self._over.is_set():
            runs = self._load.accepted[-8:]
            if not runs:
                await asyncio.sleep(0.2)
                continue
            await self._follow(chance.choice(runs).execution_id, chance)

    async def _follow(self, name: str, chance: random.Random) -> None:
        """To its end, over as many connections as it takes; not counted if the suite ends first."""
        seqs: list[int] = []
        while not self._over.is_set():
            try:
                status = await self._listen(name, seqs, chance)
            except BROKEN:
                await asyncio.sleep(0.3)
                continue
            if not status:
                await asyncio.sleep(0.1)
            else:
                self.followed.append(Followed(name, tuple(seqs), status))
                return

    async def _listen(self, name: str, seqs: list[int], chance: random.Random) -> str:
        url = chance.choice(self._site.machines).url.replace("http", "ws", 1)
        token = {"Authorization": f"Bearer {self._site.token}"}
        patience = chance.choice((1, 3, 60))
        ask = {"type": "subscribe_workflow", "execution_id": name}
        async with connect(
            f"{url}/ws", additional_headers=token, proxy=None, open_timeout=5, close_timeout=1
        ) as socket:
            self.connections += 1
            await socket.send(json.dumps({**ask, "after_seq": seqs[-1] if seqs else 0}))
            async with asyncio.timeout(patience):
                async for text in socket:
                    frame = json.loads(text)
                    if frame["type"] == "network_event":
                        seqs.append(frame["event"]["seq"])
                    elif frame["type"] == "execution_finished":
                        return str(frame["status"])
                    elif frame["type"] == "error":
                        return ""  # such as a database that is away: asked again
        return ""
