"""The session that a call may have opened, whose answer never came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from observability.models import TraceSession
from observability.zeal.answers import Ok

if TYPE_CHECKING:
    from observability.zeal.answers import Answer
    from observability.zeal.client import ZealClient
    from observability.zeal.runs import Run

LISTED = 100  # of the newest sessions of a workflow
LOOKED_AT = 20


async def find_session(client: ZealClient, run: Run) -> Answer[str]:
    """Zeal's id of the session of this run; empty if Zeal has none, or does not say whose it is.

    Zeal's list does not name the execution; the editor's view of a session does.
    """
    listed = await client.executions(run.workflow_id, limit=LISTED)
    if not isinstance(listed, Ok):
        return listed
    ids = [
        each.session_id
        for each in listed.data
        if each.status == "running" and each.workflow_id == run.workflow_id
    ]
    known = await sync_to_async(_known)(ids)
    for session_id in [each for each in ids if each not in known][:LOOKED_AT]:
        seen = await client.flow_session(session_id)
        about = seen.data.get("metadata") if isinstance(seen, Ok) and seen.data else None
        if isinstance(about, dict) and about.get("executionId") == run.execution_id:
            return Ok(session_id)
    return Ok("")


def _known(ids: list[str]) -> set[str]:
    rows = TraceSession.objects.filter(session_id__in=ids)
    return set(rows.values_list("session_id", flat=True))
