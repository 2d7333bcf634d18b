"""The session with Zeal: one live socket for all runs, opened again whenever it breaks."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine.errors import describe
from observability.zeal.answers import Ok
from observability.zeal.client import ZealClient
from observability.zeal.commands import is_wanted
from observability.zeal.config import SocketKind
from observability.zeal.connecting import Connector
from observability.zeal.dialing import SocketError
from observability.zeal.line import Line, SilentError, Tally, UnknownWorkflowError
from observability.zeal.live import LiveProfile, LiveUnavailableError, SessionStatus
from observability.zeal.live_page import Page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from observability.zeal.config import ZealConfig
    from observability.zeal.connection import Connection
    from observability.zeal.live import Inbound, LiveRun, Sent
    from observability.zeal.traces import StoredEvent

logger = logging.getLogger(__name__)

COMMANDS = 64  # of Zeal's that may wait here; then it is not read from
MOST_FOLLOWED = 1_000  # workflows whose commands we hear
LISTED = 100  # workflows in one answer


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds.

    Args:
        auth: until Zeal has answered a question for a workflow; then polling is tried.
        answer: without any answer to what was sent, until the connection is given up.
        wait: of a sender for a connection.
        flush: of the last acknowledgements, when the process ends.
        follow: between two looks for new workflows in Zeal.
        first, longest: of the waits between two attempts to connect, which double.
    """

    auth: float = 5
    answer: float = 30
    wait: float = 30
    flush: float = 5
    follow: float = 30
    first: float = 0.5
    longest: float = 30


class ZipSession:
    """One live socket; any number of tasks may send by it. It belongs to one event loop."""

    def __init__(
        self, config: ZealConfig, inbound: Inbound, *, patience: Patience = Patience()
    ) -> None:
        self._config = config
        self._inbound = inbound
        self._patience = patience
        self._tally = Tally()
        self._line: Line | None = None
        self._opened = asyncio.Event()
        self._since: datetime | None = None
        self._closing = False
        self._polling = False
        self._heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue(COMMANDS)
        self._wanted: dict[str, None] = {}  # workflows of runs
        self._unanswered: dict[UUID, int] = {}  # run -> last event that was sent in vain
        self._alone = asyncio.Lock()  # whoever sends what may break the connection

    @property
    def status(self) -> SessionStatus:
        line, tally = self._line, self._tally
        return SessionStatus(
            connected=line is not None,
            since=self._since,
            profile=line.profile if line is not None else LiveProfile.OFF,
            last_error=tally.last_error,
            sent=tally.sent,
            acknowledged=tally.acknowledged,
            refused=tally.refused,
            dropped=tally.dropped.total(),
            dropped_types=tuple(sorted(tally.dropped.items())),
        )

    # --- the connection ---

    async def run(self) -> None:
        """Connect and reconnect until cancelled; what is under way is flushed on the way out."""
        if self._config.socket is SocketKind.OFF:
            await asyncio.Event().wait()
        obeying = asyncio.create_task(self._obey())
        try:
            async with ZealClient(self._config) as client:
                await self._keep_open(Connector(self._config, client), client)
        finally:
            self._closing = True
            obeying.cancel()
            await asyncio.gather(obeying, return_exceptions=True)

    async def _keep_open(self, connector: Connector, client: ZealClient) -> None:
        fails = 0
        while True:
            chosen = False
            try:
                chosen = await self._hold(await connector.open(), client)
            except SocketError as error:
                self._note(str(error))
            except Exception as error:
                logger.exception("Zeal's live socket failed")
                self._note(describe(error))
            fails = 0 if chosen else fails + 1
            if self._polling and not connector.polling:
                connector.polling = True  # at once
                continue
            wait = min(self._patience.longest, self._patience.first * 2 ** min(fails, 16))
            await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 -- jitter

    async def _hold(self, connection: Connection, client: ZealClient) -> bool:
        """Use a connection to its end; whether Zeal answered by it."""
        line = Line(connection, self._hear, self._tally, patience=self._patience.answer)
        tasks = [
            asyncio.create_task(line.listen()),
            asyncio.create_task(self._follow(line, client)),
        ]
        for task in tasks:
            task.add_done_callback(line.lost)
        self._line, self._since = line, datetime.now(UTC)
        self._opened.set()
        try:
            error = await asyncio.shield(line.over)
        except asyncio.CancelledError:
            self._closing = True
            await line.flush(self._patience.flush)
            raise
        finally:
            self._line, self._since = None, datetime.now(UTC)
            self._opened.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await line.close()
        self._note(str(error))
        return bool(line.chosen)

    def _note(self, error: str) -> None:
        if error != self._tally.last_error:
            logger.warning("Zeal's live socket: %s", error)
        self._tally.last_error = error

    async def _follow(self, line: Line, client: ZealClient) -> None:
        """Ask for every workflow of Zeal's, so that its commands are heard."""
        while True:
            for workflow_id in [*self._wanted, *await _listed(client)][:MOST_FOLLOWED]:
                try:
                    await self._choose(line, workflow_id)
                except UnknownWorkflowError:
                    self._wanted.pop(workflow_id, None)
                except SocketError:
                    return  # it is over
            await asyncio.sleep(self._patience.follow)

    async def _choose(self, line: Line, workflow_id: str) -> None:
        try:
            await line.choose(workflow_id, self._patience.auth)
        except SilentError as error:
            if line.profile is LiveProfile.WEBSOCKET and not line.chosen:
                self._polling = True
            line.fail(error)
            raise

    # --- what Zeal says ---

    async def _hear(self, name: str, payload: Any) -> None:
        if is_wanted(name, payload):
            await self._heard.put((name, payload))

    async def _obey(self) -> None:
        while True:
            name, payload = await self._heard.get()
            try:
                answers = await self._inbound.command(name, payload)
            except Exception:  # a boundary: nothing that Zeal says may end the session
                logger.exception("a command of Zeal's failed: %s", name)
                continue
            if answers and self._line is not None:
                await self._line.deliver([self._line.frame(event) for event in answers])

    # --- what Zeal is told ---

    async def send(self, run: LiveRun, rows: Sequence[StoredEvent], told_to: int = 0) -> Sent:
        """Send a page of a run, and wait until Zeal has acknowledged it.

        ``told_to`` is the number of the last event that another process may have sent already.

        Raises:
            LiveUnavailableError: the socket is off, or Zeal does not know the workflow; or nobody
                answered for long, and nothing of the page is dealt with.
        """
        page = Page(run, rows)
        self._sent_without_answer(run, told_to)
        while page.left:
            try:
                line = await self._ready(run.workflow_id)
            except LiveUnavailableError:
                if not page.answered_seq:
                    raise
                break
            async with self._alone:
                if page.is_suspect:
                    await self._deliver(line, page)
                    continue
            await self._deliver(line, page)
        return page.result(self._tally)

    async def _deliver(self, line: Line, page: Page) -> None:
        frames = page.frames(line.frame, line.max_bytes)
        known = self._unanswered.get(page.run.execution_pk, 0)
        before = page.left
        batch = await line.deliver(frames)
        page.count(batch, known)
        if batch.written > batch.answered:
            self._sent_without_answer(page.run, before[batch.written - 1][0])
        elif not page.left:
            self._unanswered.pop(page.run.execution_pk, None)

    def _sent_without_answer(self, run: LiveRun, seq: int) -> None:
        """Events of a run up to this number may be there already; 0: there is none."""
        if seq > self._unanswered.get(run.execution_pk, 0):
            self._unanswered[run.execution_pk] = seq

    async def _ready(self, workflow_id: str) -> Line:
        """The line, once Zeal has said yes to the workflow on it."""
        if self._closing or self._config.socket is SocketKind.OFF:
            off = "it is ending" if self._closing else "off (setting: ZEAL_SOCKET)"
            raise LiveUnavailableError(f"the live socket: {off}", retry=self._closing)
        if len(self._wanted) < MOST_FOLLOWED:
            self._wanted[workflow_id] = None
        try:
            async with asyncio.timeout(self._patience.wait):
                return await self._chosen(workflow_id)
        except TimeoutError as error:
            text = f"no live socket for {self._patience.wait:g} s: {self._tally.last_error}"
            raise LiveUnavailableError(text, retry=True) from error
        except UnknownWorkflowError as error:
            raise LiveUnavailableError(str(error), retry=False) from error

    async def _chosen(self, workflow_id: str) -> Line:
        while True:
            line = self._line
            if line is None or line.over.done():
                self._opened.clear()
                await self._opened.wait()
                continue
            try:
                await self._choose(line, workflow_id)
            except SocketError:
                continue
            return line


async def _listed(client: ZealClient) -> list[str]:
    """The ids of Zeal's workflows, as far as it tells them."""
    found: list[str] = []
    for page in range(1, MOST_FOLLOWED // LISTED + 1):
        answer = await client.workflows(page=page, limit=LISTED)
        items = answer.data if isinstance(answer, Ok) and isinstance(answer.data, list) else []
        ids = [item.get("id") for item in items if isinstance(item, dict)]
        found += [text for text in ids if isinstance(text, str) and text]
        if len(items) < LISTED:
            break
    return found
