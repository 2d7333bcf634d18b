"""TraceCollector: a session for each run, its events in batches of 50, and its summary."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from asgiref.sync import sync_to_async
from django.utils import timezone

from observability.models import TraceState
from observability.zeal import progress
from observability.zeal.answers import Ambiguous, Later, Ok, Refused, lost_parameter
from observability.zeal.config import TraceApi
from observability.zeal.finding import find_session
from observability.zeal.progress import NotNowError
from observability.zeal.senders import FlowSender, ZipSender, not_now
from observability.zeal.translating import chunks_of
from observability.zeal.wire import whole

if TYPE_CHECKING:
    from observability.models import TraceSession
    from observability.zeal.client import ZealClient
    from observability.zeal.link import Link
    from observability.zeal.runs import Page, Run
    from observability.zeal.senders import Sent
    from observability.zeal.translating import Chunk

T = TypeVar("T")
logger = logging.getLogger(__name__)
settle = sync_to_async(progress.settle)

MAX_ERROR = 2_000  # characters of a run's error
ABOUT_CONTENT = frozenset({400, 404, 410, 413, 422})  # it would be refused again and again
ENDS = {"completed": "success", "failed": "error", "cancelled": "cancelled"}


class TraceCollector:
    """Sends the traces of any number of runs; each has a row, which says how far it is.

    Every method raises ``NotNowError`` when Zeal must be asked again later, and
    ``SupersededError`` when the row is somebody else's by now.
    """

    def __init__(self, client: ZealClient, link: Link) -> None:
        self._client = client
        self._link = link

    async def begin(self, row: TraceSession, run: Run) -> None:
        """Open the session, unless there is one; after a doubtful call it is looked for first."""
        if row.session_id:
            return
        profile = self._link.profile
        if row.asked_at is not None:
            found = await find_session(self._client, run)
            self._link.heard(found)
            if isinstance(found, Ok) and found.data:
                await self._opened(row, run, found.data)
                return
            if isinstance(found, (Later, Ambiguous)):
                raise not_now(found)
        await settle(row, asked_at=timezone.now(), profile=profile, workflow_id=run.workflow_id)
        if self._client.config.traces is TraceApi.FLOW_TRACES:
            answer = await self._client.open_flow_session(run.workflow_id, run.workflow_name)
        else:
            about = {"trigger": run.source, "tags": [self._client.config.namespace]}
            answer = await self._client.open_session(run.workflow_id, run.execution_id, about)
        self._link.heard(answer)
        if isinstance(answer, Ok):
            await self._opened(row, run, answer.data.id)
            return
        if not isinstance(answer, Ambiguous):
            await settle(row, asked_at=None)
        raise not_now(answer)

    async def _opened(self, row: TraceSession, run: Run, session_id: str) -> None:
        changes = {"session_id": session_id, "state": TraceState.OPEN, "asked_at": None}
        await settle(row, **changes, fails=0)
        logger.info("execution %s: trace session %s", run.execution_id, session_id)

    async def submit(self, row: TraceSession, run: Run, page: Page, *, all_of_it: bool) -> bool:
        """Send the full batches of a page, and with ``all_of_it`` what is left after them.

        Returns:
            Whether the cursor stands behind the whole page.
        """
        hops = self._hops(row)
        if hops and row.profile != TraceApi.FLOW_TRACES:
            await settle(row, profile=TraceApi.FLOW_TRACES)
        for chunk in chunks_of(page, run, row, self._client.config, hops=hops):
            if not (chunk.is_full or all_of_it):
                return False
            try:
                await self._send(row, run, chunk)
            except _SwitchedError:
                return await self.submit(row, run, page, all_of_it=all_of_it)
        return True

    def _hops(self, row: TraceSession) -> bool:
        return TraceApi.FLOW_TRACES in (row.profile, self._link.profile)

    async def _send(self, row: TraceSession, run: Run, chunk: Chunk) -> None:
        sender = (FlowSender if self._hops(row) else ZipSender)(self._client, self._link, row)
        if row.under_way_seq > row.trace_seq:  # nobody knows how much of this has arrived
            arrived = await sender.arrived(chunk, row.under_way_seq)
        else:
            arrived = (0, 0)
        fresh = chunk.documents[arrived[0] :]
        if fresh:
            await settle(row, under_way_seq=max(chunk.last_seq, row.under_way_seq))
        result = await sender.send(fresh)
        await self._settle(row, run, chunk, result, arrived)

    async def _settle(
        self, row: TraceSession, run: Run, chunk: Chunk, result: Sent, arrived: tuple[int, int]
    ) -> None:
        """Move the cursor behind what is known, and pass on what is to be done later."""
        stored, maybe = arrived
        done = stored + result.settled
        whole_chunk = done == len(chunk.documents) and result.trouble is None
        if whole_chunk:
            seq, data_bytes = chunk.last_seq, chunk.data_bytes
        else:
            seq, data_bytes = chunk.up_to(done, row.trace_seq)
        in_doubt = result.in_doubt and not whole_chunk
        doubt = chunk.documents[done + result.in_doubt - 1].seq if in_doubt else seq
        repeated = min(max(0, maybe - stored), result.settled + result.in_doubt)
        changes: dict[str, Any] = {
            "trace_seq": seq,
            "under_way_seq": doubt,
            "sent": row.sent + stored + result.settled - len(result.dropped),
            "dropped": row.dropped + len(result.dropped) + (chunk.left_out if whole_chunk else 0),
            "repeated": row.repeated + repeated,
            "data_bytes": row.data_bytes + data_bytes,
        }
        for why in (*result.dropped, *(chunk.told if whole_chunk else ())):
            changes |= progress.last_error(f"dropped: {why}")
            logger.warning("execution %s: an event was dropped: %s", run.execution_id, why)
        if whole_chunk:
            changes |= {"fails": 0, "next_try": None}
        await settle(row, **changes)
        if isinstance(result.trouble, Refused) and lost_parameter(result.trouble):
            await self._switch(row, result.trouble)
        if result.trouble is not None:
            raise not_now(result.trouble)

    async def _switch(self, row: TraceSession, answer: Refused) -> None:
        """This Zeal loses the ids in paths: turn to the other interface, if we may."""
        if not self._link.finds_out:
            why = f"{answer}: this Zeal loses ids in paths, use ZEAL_TRACES=auto or flow_traces"
            raise NotNowError(why, progress.LONGEST_PAUSE_SECONDS)
        self._link.loses_ids()
        await settle(row, profile=TraceApi.FLOW_TRACES)
        raise _SwitchedError

    async def complete(self, row: TraceSession, run: Run, page: Page) -> None:
        """Say how the run ended. Zeal takes it any number of times, so it is safe to repeat."""
        if self._hops(row):
            failed = page.status != "completed"
            answer = await self._client.close_flow_session(row.session_id, failed=failed)
        else:
            error = {"message": page.error[:MAX_ERROR]} if page.error else None
            answer = await self._client.complete(
                row.session_id, ENDS[page.status], summary=summary_of(row, page), error=error
            )
        self._link.heard(answer)
        if isinstance(answer, Refused) and lost_parameter(answer):
            try:
                await self._switch(row, answer)
            except _SwitchedError:
                await self.complete(row, run, page)
            return
        final = isinstance(answer, Refused) and answer.status in ABOUT_CONTENT
        if not isinstance(answer, Ok) and not final:
            raise not_now(answer)
        told = progress.last_error(f"the end was not taken: {answer}") if final else {}
        ended = {"state": TraceState.DELIVERED, "ended_at": timezone.now()}
        await settle(row, **ended, fails=0, next_try=None, **told)


class _SwitchedError(Exception):
    """The same again, over the other interface."""


def summary_of(row: TraceSession, page: Page) -> dict[str, int]:
    """The five numbers of a summary, those of our database."""
    return {
        "totalNodes": page.nodes,
        "successfulNodes": max(0, page.nodes - page.failed),
        "failedNodes": page.failed,
        "totalDuration": whole(page.duration_ms),
        "totalDataProcessed": row.data_bytes,
    }
