"""The secrets that sign the webhooks of one workflow, so that no two owners need share one."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from engine.codec import dumps
from workflows.models import Workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.models import WebhookDelivery

KEPT = 2  # the new one and the one before, until receivers have changed


def new_secret(workflow: Workflow) -> str:
    """Make another secret, and sign with it too; nothing shows it again."""
    secret = f"whsec_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        row = Workflow.objects.select_for_update(no_key=True).get(pk=workflow.pk)
        kept = [secret, *json.loads(row.webhook_secrets)][:KEPT]
        Workflow.objects.filter(pk=workflow.pk).update(webhook_secrets=dumps(kept))
    return secret


def forget_secrets(workflow: Workflow) -> None:
    """Sign with the server's own secrets again, if it has any."""
    Workflow.objects.filter(pk=workflow.pk).update(webhook_secrets="[]")


def has_secret(workflow: Workflow) -> bool:
    return bool(json.loads(workflow.webhook_secrets))


def secrets_of(delivery: WebhookDelivery) -> Sequence[str]:
    """What signs this webhook: the secrets of its workflow, or else of the server."""
    rows = Workflow.objects.filter(executions=delivery.execution_id)
    own: list[str] = json.loads(rows.values_list("webhook_secrets", flat=True).first() or "[]")
    server: list[str] = settings.WEBHOOK_SECRETS
    return own or server
