"""The admin: workflows, versions, executions, dead letters, breakers, webhooks and storage."""

from __future__ import annotations

from workflows.admin.breaker import CircuitBreakerAdmin
from workflows.admin.dead_letter import DeadLetterAdmin
from workflows.admin.delivery import WebhookDeliveryAdmin
from workflows.admin.execution import ExecutionAdmin
from workflows.admin.storage import StorageAdmin
from workflows.admin.version import WorkflowVersionAdmin
from workflows.admin.workflow import WorkflowAdmin

__all__ = [
    "CircuitBreakerAdmin",
    "DeadLetterAdmin",
    "ExecutionAdmin",
    "StorageAdmin",
    "WebhookDeliveryAdmin",
    "WorkflowAdmin",
    "WorkflowVersionAdmin",
]
