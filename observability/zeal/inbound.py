"""Obeys Zeal: runs started, stopped and paused there, and workflows published there."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from engine.errors import EngineError, describe
from observability.zeal import keeping
from observability.zeal.answers import Ok
from observability.zeal.book import note_error
from observability.zeal.client import ZealClient
from observability.zeal.commands import (
    Announced,
    ControlRun,
    Publish,
    StartRun,
    State,
    StrangeError,
    Unpublish,
    read_command,
)
from observability.zeal.live_events import refusal
from observability.zeal.newest import Newest
from workflows.errors import AdmissionError, ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.contrib.auth.models import User

    from observability.zeal.commands import Command
    from observability.zeal.config import ZealConfig
    from observability.zeal.wire import JsonObject
    from workflows.models import Workflow

logger = logging.getLogger(__name__)

T = TypeVar("T")
ANNOUNCED = 100  # starts whose commands have not come yet
WAITS = (0.2, 1.0, 3.0)  # seconds, for a database that does not answer
REFUSALS = (EngineError, ConflictError, AdmissionError)


@dataclass(frozen=True, slots=True)
class InboundStatus:
    """What became of what Zeal said, since the process started."""

    started: int = 0
    repeated: int = 0  # starts of a run that there is
    published: int = 0
    unpublished: int = 0
    controlled: int = 0  # stopped, paused, resumed
    refused: int = 0  # understood, and not possible
    strange: int = 0  # not understood
    ignored: int = 0  # understood by nobody: no command
    last_problem: str = ""


class ZealInbound:
    """One command after the other. Whatever is wrong with one is counted and told."""

    def __init__(self, config: ZealConfig) -> None:
        self._config = config
        self._counts: Counter[str] = Counter()
        self._problem = ""
        self._announced: OrderedDict[str, Announced] = OrderedDict()
        self._newest = Newest()

    @property
    def status(self) -> InboundStatus:
        return InboundStatus(**self._counts, last_problem=self._problem)

    async def command(self, name: str, payload: Any) -> Sequence[JsonObject]:
        """Do what Zeal says; a run that cannot start is answered by its failure.

        Never raises for what is in the payload.
        """
        try:
            command = read_command(name, payload)
        except StrangeError as error:
            await self._tell("strange", f"{name}: {error}")
            return ()
        try:
            return await self._obey(command)
        except REFUSALS as error:
            await self._tell("refused", f"{name}: {describe(error)}")
        except DatabaseError as error:
            await self._tell("refused", f"{name}: the database does not answer: {error}")
        return ()

    async def _obey(self, command: Command | None) -> Sequence[JsonObject]:
        match command:
            case None:
                self._counts["ignored"] += 1
            case Announced():
                self._announced[command.execution_id] = command
                if len(self._announced) > ANNOUNCED:
                    self._announced.popitem(last=False)
            case State():
                self._newest.keep(command.workflow_id, command.document)
            case Publish():
                owner = await self._call(keeping.zeal_owner)
                await self._call(
                    lambda: keeping.publish(owner, command.workflow_id, command.document)
                )
                self._counts["published"] += 1
            case Unpublish():
                owner = await self._call(keeping.zeal_owner)
                if await self._call(lambda: keeping.unpublish(owner, command.workflow_id)):
                    self._counts["unpublished"] += 1
            case ControlRun():
                await self._control(command)
            case StartRun():
                return await self._start(command)
        return ()

    async def _control(self, command: ControlRun) -> None:
        owner = await self._call(keeping.zeal_owner)
        if await self._call(lambda: keeping.control(owner, command.verb, command.execution_id)):
            self._counts["controlled"] += 1
        else:
            text = f"{command.verb}: there is no execution {command.execution_id!r}"
            await self._tell("refused", text)

    # --- starting ---

    async def _start(self, command: StartRun) -> Sequence[JsonObject]:
        try:
            await self._run(command)
        except (*REFUSALS, DatabaseError) as error:
            text = describe(error)
            await self._tell("refused", f"workflow {command.workflow_id} not started: {text}")
            if command.execution_id:
                return (refusal(command.workflow_id, command.execution_id, text),)
        return ()

    async def _run(self, command: StartRun) -> None:
        owner = await self._call(keeping.zeal_owner)
        execution_id = command.execution_id
        known = await self._call(lambda: keeping.is_known(owner, execution_id))
        if execution_id and known:
            self._counts["repeated"] += 1
            return
        given = command.input if not execution_id else await self._input(command)
        workflow = await self._workflow(owner, command)
        await self._call(
            lambda: keeping.start(
                owner, workflow, execution_id=execution_id, given=given, by=command.by
            )
        )
        self._counts["started"] += 1

    async def _input(self, command: StartRun) -> Any:
        """As it was announced; missed, as Zeal still knows it."""
        announced = self._announced.pop(command.execution_id, None)
        if announced is not None:
            return announced.input
        async with ZealClient(self._config) as client:
            answer = await client.started(command.workflow_id)
        for run in answer.data if isinstance(answer, Ok) else ():
            if isinstance(run, dict) and run.get("id") == command.execution_id:
                return run.get("input")
        await self._tell(
            "strange", f"the input of {command.execution_id} was not told: it has none"
        )
        return None

    async def _workflow(self, owner: User, command: StartRun) -> Workflow:
        """The workflow as it stands in Zeal, else as it was last told, else as it is kept here."""
        workflow_id = command.workflow_id
        async with ZealClient(self._config) as client:
            answer = await client.workflow(workflow_id)
        given = answer.data if isinstance(answer, Ok) else None
        if not isinstance(given, dict) or not isinstance(given.get("graphs"), list):
            given = self._newest.of(workflow_id)
        if given is not None:
            return await self._call(lambda: keeping.keep_workflow(owner, workflow_id, given))
        kept = await self._call(lambda: keeping.find_workflow(owner, workflow_id))
        if kept is None or kept.current is None:
            raise ConflictError(f"Zeal does not give the workflow {workflow_id}: {answer}")
        return kept

    # --- with the database ---

    async def _call(self, what: Callable[[], T]) -> T:
        """Ask the database; one that does not answer now is asked again."""
        for wait in WAITS:
            try:
                return await _in_thread(what)
            except DatabaseError as error:
                logger.warning("a command of Zeal's waits for the database: %s", error)
                await asyncio.sleep(wait)
        return await _in_thread(what)

    async def _tell(self, kind: str, problem: str) -> None:
        self._counts[kind] += 1
        self._problem = problem
        logger.warning("from Zeal: %s", problem)
        try:
            await note_error(self._config, problem)
        except DatabaseError as error:
            logger.warning("the last error of Zeal is not kept: %s", error)


async def _in_thread(what: Callable[[], T]) -> T:
    found: T = await database_sync_to_async(what)()
    return found
