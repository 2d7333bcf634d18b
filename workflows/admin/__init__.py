"""The admin: workflows with graphs and versions, executions, dead letters, webhooks."""

from __future__ import annotations

from workflows.admin.dead_letter import DeadLetterAdmin
from workflows.admin.delivery import WebhookDeliveryAdmin
from workflows.admin.execution import ExecutionAdmin
from workflows.admin.version import WorkflowVersionAdmin
from workflows.admin.workflow import WorkflowAdmin

__all__ = [
    "DeadLetterAdmin",
    "ExecutionAdmin",
    "WebhookDeliveryAdmin",
    "WorkflowAdmin",
    "WorkflowVersionAdmin",
]
