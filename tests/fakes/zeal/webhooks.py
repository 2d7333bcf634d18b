"""Webhooks and their delivery, which only those of the namespace ``default`` get: section 8."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from tests.fakes.zeal.errors import body_of, new_id, now_iso, zip_error
from tests.fakes.zeal.http import answer
from tests.fakes.zeal.routes import Route
from tests.fakes.zeal.shapes import address, listing, mapping, record, text

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Json, Request, Response
    from tests.fakes.zeal.server import FakeZeal

WEBHOOK = record(
    {"namespace": text, "url": address},
    {"events": listing(text), "headers": mapping(text), "metadata": mapping()},
)
CHANGES = record({}, {"url": address, "events": listing(text), "headers": mapping(text)})
NO_ROOTS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it posts to plain http only
COLLECT_SECONDS = 0.1
BATCH = 50
RETRIES = (1, 2, 4)  # seconds, times the double's own factor


class Webhooks:
    """Collects what Zeal raises, and posts it in batches."""

    def __init__(self, retry_factor: float) -> None:
        self.rows: dict[str, Json] = {}
        self._waiting: list[Json] = []
        self._factor = retry_factor
        self._tasks: set[asyncio.Task[None]] = set()

    def raised(self, source: str, kind: str, session: Json, data: Json | None = None) -> None:
        event = {
            "id": new_id("evt"),
            "timestamp": now_iso(),
            "source": source,
            "type": kind,
            "workflowId": session.get("workflowId", ""),
            "sessionId": session["id"],
            "data": data or {},
        }
        self._waiting.append(event)
        if len(self._waiting) == 1 and self.rows:
            self._start(self._later())

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _later(self) -> None:
        await asyncio.sleep(COLLECT_SECONDS)
        await self.flush()

    async def flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            for row in list(self.rows.values()):
                fires = row["namespace"] == "default" and row["isActive"]
                if fires and any(_matches(row["events"], event) for event in batch):
                    await self._deliver(row, batch)

    async def _deliver(self, row: Json, batch: list[Json]) -> None:
        delivery = new_id("del")
        metadata = {"namespace": "default", "delivery_id": delivery, "timestamp": now_iso()}
        body = {"webhook_id": row["id"], "events": batch, "metadata": metadata}
        headers = row["headers"] | {
            "X-Zeal-Webhook-Id": row["id"],
            "X-Zeal-Delivery-Id": delivery,
            "X-Zeal-Event-Count": str(len(batch)),
        }
        async with httpx.AsyncClient(timeout=10, trust_env=False, verify=NO_ROOTS) as client:
            for wait in (*RETRIES, None):
                try:
                    answered = await client.post(row["url"], json=body, headers=headers)
                    if answered.is_success:
                        return
                except httpx.HTTPError:
                    pass
                if wait is not None:
                    await asyncio.sleep(wait * self._factor)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _matches(patterns: list[str], event: Json) -> bool:
    name = f"{event['source']}.{event['type']}"
    return any(
        pattern in ("*", name) or (pattern.endswith(".*") and name.startswith(pattern[:-1]))
        for pattern in patterns
    )


async def create(zeal: FakeZeal, request: Request) -> Response:
    body = body_of(request, WEBHOOK)
    row = {
        "id": str(uuid4()),
        "namespace": body["namespace"],
        "url": body["url"],
        "events": body.get("events") or ["*"],
        "headers": body.get("headers", {}),
        "isActive": True,
        "registeredAt": now_iso(),
    }
    zeal.webhooks.rows[row["id"]] = row
    shown = {name: row[name] for name in ("namespace", "url", "events")}
    made = {"success": True, "webhookId": row["id"], **shown}
    return answer(made | {"message": "Webhook registered successfully"})


async def every(zeal: FakeZeal, request: Request) -> Response:
    names = ("id", "namespace", "url", "events", "isActive", "registeredAt")
    found = [
        {name: row[name] for name in names}
        for row in zeal.webhooks.rows.values()
        if request.query.get("namespace") in (None, row["namespace"])
    ]
    return answer({"webhooks": found, "count": len(found)})


async def change(zeal: FakeZeal, request: Request, webhook_id: str) -> Response:
    changes = body_of(request, CHANGES)
    if webhook_id not in zeal.webhooks.rows:
        return zip_error(404, "RESOURCE_NOT_FOUND", "Webhook not found")
    zeal.webhooks.rows[webhook_id] |= changes
    return answer({"success": True, "webhookId": webhook_id})


async def delete(zeal: FakeZeal, _request: Request, webhook_id: str) -> Response:
    zeal.webhooks.rows.pop(webhook_id, None)
    return answer({"success": True})


_LOST = zip_error(400, "VALIDATION_ERROR", "Missing webhook ID in request parameters")
ROUTES = [
    Route("POST", "/api/zip/webhooks", create),
    Route("GET", "/api/zip/webhooks", every),
    Route("PATCH", "/api/zip/webhooks/{}", change, lost=_LOST),
    Route("DELETE", "/api/zip/webhooks/{}", delete, lost=_LOST),
]
