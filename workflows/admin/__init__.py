"""The admin: workflows with graphs and versions, executions, dead letters, breakers, webhooks."""

from __future__ import annotations

from workflows.admin.breaker import CircuitBreakerAdmin
from workflows.admin.dead_letter import DeadLetterAdmin
from workflows.admin.delivery import WebhookDeliveryAdmin
from workflows.admin.execution import ExecutionAdmin
from workflows.admin.version import WorkflowVersionAdmin
from workflows.admin.workflow import WorkflowAdmin

__all__ = [
    "CircuitBreakerAdmin",
    "DeadLetterAdmin",
    "ExecutionAdmin",
    "WebhookDeliveryAdmin",
    "WorkflowAdmin",
    "WorkflowVersionAdmin",
]
