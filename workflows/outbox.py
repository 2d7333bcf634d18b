"""The outbox of completion webhooks: written with the end of a run, sent by ``deliveries``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from engine.codec import dumps
from workflows.hints import hint_deliveries
from workflows.models import DeliveryStatus, Execution, WebhookDelivery
from workflows.payloads import read_data, reference_of
from workflows.workers import from_now

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

REHINT_SECONDS = 30  # between two wake-ups for one delivery
ROWS_A_ROUND = 500


def put(execution_pk: UUID) -> None:
    """Note that the caller of this run is to hear of its end; nothing if it asked for none.

    Needs the transaction that ends the run: both are stored, or neither.
    """
    row = Execution.objects.filter(pk=execution_pk).exclude(webhook_url="").first()
    if row is None:
        return
    headers = json.loads(row.metadata).get("webhook_headers") or {}
    WebhookDelivery.objects.create(
        owner_id=row.owner_id,
        execution=row,
        url=row.webhook_url,
        headers=dumps(headers),
        body=_body(row),
        next_at=Now(),
        give_up_at=from_now(settings.WEBHOOK_RETRY_SECONDS),
    )
    transaction.on_commit(wake)


def wake() -> bool:
    """Ask a worker to send what is due; False if the broker did not take it."""
    return hint_deliveries()


def due() -> QuerySet[WebhookDelivery]:
    """What is to be sent now, the longest waiting first."""
    rows = WebhookDelivery.objects.filter(status=DeliveryStatus.PENDING, next_at__lte=Now())
    return rows.order_by("next_at", "pk")


def sweep() -> int:
    """Wake a worker for deliveries that nobody has sent. Busy workers are not told each second.

    Returns:
        How many it was about.
    """
    silent = Q(hinted_at__isnull=True) | Q(hinted_at__lt=from_now(-REHINT_SECONDS))
    forgotten = due().filter(silent, next_at__lt=from_now(-1))
    keys = list(forgotten.values_list("pk", flat=True)[:ROWS_A_ROUND])
    if not keys or not wake():
        return 0
    return WebhookDelivery.objects.filter(pk__in=keys).update(hinted_at=Now())


def _body(row: Execution) -> str:
    """JSON; without the result if that makes it larger than ``WEBHOOK_BYTES``."""
    apart = reference_of(row.result)
    large = apart is not None and apart.size_bytes > settings.WEBHOOK_BYTES
    facts: dict[str, Any] = {
        "type": f"execution.{row.status}",
        "execution_id": row.execution_id,
        "requeued_from": _origin(row),
        "workflow_id": row.workflow_label or str(row.workflow_id or ""),
        "status": row.status,
        "error": row.error,
        "error_code": row.error_code,
        "duration_ms": row.duration_ms,
        "created_at": _milliseconds(row.created_at),
        "started_at": _milliseconds(row.started_at),
        "finished_at": _milliseconds(row.finished_at),
        "result": read_data(row.result) if row.result and not large else None,
        "result_omitted": large,
    }
    body = dumps(facts)
    if len(body.encode()) <= settings.WEBHOOK_BYTES:
        return body
    return dumps(facts | {"result": None, "result_omitted": True})


def _origin(row: Execution) -> str | None:
    """The run whose dead letter this run began with."""
    origin: str | None = json.loads(row.metadata).get("execution")
    return origin if row.source == "dead_letter" else None


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)
