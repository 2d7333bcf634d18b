"""Sending the outbox: each webhook at least once, with back-off, until it is taken or given up."""

from __future__ import annotations

import json
import logging
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now

from engine.errors import EngineError
from engine.http import HttpClient, HttpError, HttpLimits, HttpRedirectError
from engine.http.limits import MIB
from engine.http.response import shown
from workflows import outbox, surroundings
from workflows.event_rows import clean
from workflows.models import DeliveryStatus, WebhookDelivery
from workflows.signing import secrets_of
from workflows.webhooks import signature
from workflows.workers import from_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 3 * 3600.0
GROWTH = 3.0
GONE = 410  # the receiver asks not to be called again
LIMITS = HttpLimits(redirects=0, wire_bytes=MIB, decoded_bytes=MIB)
MAX_ERROR = 1000  # characters kept


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt."""

    status: DeliveryStatus  # PENDING: try again
    http_status: int | None = None
    error: str = ""


def deliver_due() -> int:
    """Send everything that is due now.

    Returns:
        How many attempts were made.
    """
    made = 0
    while delivery := _take():
        _record(delivery, async_to_sync(_send)(delivery, secrets_of(delivery)))
        made += 1
    return made


def _take() -> WebhookDelivery | None:
    """Take one for longer than an attempt lasts: if this process dies, it comes due again."""
    with transaction.atomic():
        delivery = outbox.due().select_for_update(skip_locked=True).first()
        if delivery is not None:
            WebhookDelivery.objects.filter(pk=delivery.pk).update(
                attempts=F("attempts") + 1, next_at=from_now(2 * settings.WEBHOOK_TIMEOUT_SECONDS)
            )
            delivery.attempts += 1
    return delivery


async def _send(delivery: WebhookDelivery, secrets: Sequence[str]) -> Answer:
    body = delivery.body.encode()
    try:
        async with HttpClient(surroundings.permissions(), limits=LIMITS) as client:
            response = await client.request(
                "POST",
                delivery.url,
                headers=_headers(delivery, body, secrets),
                content=body,
                total=settings.WEBHOOK_TIMEOUT_SECONDS,
            )
    except EngineError as error:
        return _refused(error)
    status = response.status
    if 200 <= status < 300:
        return Answer(DeliveryStatus.DELIVERED, status)
    if status == GONE:
        return Answer(DeliveryStatus.FAILED, status, "410: the receiver wants no further call")
    return Answer(DeliveryStatus.PENDING, status, f"the receiver answered {status}")


def _refused(error: EngineError) -> Answer:
    """An answer that was none; what is forbidden or impossible is not tried again."""
    again = not isinstance(error, HttpError) or error.retryable or _redirected(error)
    status = DeliveryStatus.PENDING if again else DeliveryStatus.FAILED
    text = "redirects are not followed" if _redirected(error) else str(error)
    return Answer(status, None, clean(text)[:MAX_ERROR])


def _redirected(error: EngineError) -> bool:
    return isinstance(error, HttpRedirectError)


def _headers(delivery: WebhookDelivery, body: bytes, secrets: Sequence[str]) -> Mapping[str, str]:
    given: dict[str, str] = json.loads(delivery.headers)
    ours = {
        "Content-Type": "application/json",
        "Reflow-Delivery": str(delivery.pk),
        "Idempotency-Key": str(delivery.pk),
    }
    if secrets:
        ours["Reflow-Signature"] = signature(body, secrets, int(time.time()))
    return given | ours


def _record(delivery: WebhookDelivery, answer: Answer) -> None:
    """Write down an attempt, unless another one has begun meanwhile."""
    columns: dict[str, Any] = {"last_status": answer.http_status, "last_error": answer.error}
    if answer.status is DeliveryStatus.DELIVERED:
        columns["delivered_at"] = Now()
    status: Any = answer.status
    if answer.status is DeliveryStatus.PENDING:
        again = from_now(pause(delivery.attempts))
        columns["next_at"] = again
        late = When(give_up_at__lt=again, then=Value(DeliveryStatus.GAVE_UP))
        status = Case(late, default=Value(DeliveryStatus.PENDING))
    mine = WebhookDelivery.objects.filter(
        pk=delivery.pk, attempts=delivery.attempts, status=DeliveryStatus.PENDING
    )
    mine.update(status=status, **columns)
    if answer.error:
        logger.warning("webhook %s to %s: %s", delivery.pk, shown(delivery.url), answer.error)


def pause(attempts: int) -> float:
    """Seconds until the next attempt: three times longer each time, and a quarter of chance."""
    longest = min(FIRST_PAUSE_SECONDS * GROWTH ** min(attempts - 1, 20), LONGEST_PAUSE_SECONDS)
    return longest * random.uniform(0.75, 1.0)  # noqa: S311 -- jitter


def redeliver(delivery: WebhookDelivery) -> None:
    """Send it again from the start, whatever came of it before."""
    with transaction.atomic():
        WebhookDelivery.objects.filter(pk=delivery.pk).update(
            status=DeliveryStatus.PENDING,
            attempts=F("attempts") + 1,  # an attempt that is under way writes nothing
            next_at=Now(),
            give_up_at=from_now(settings.WEBHOOK_RETRY_SECONDS),
            delivered_at=None,
            hinted_at=None,
        )
        transaction.on_commit(outbox.wake)
