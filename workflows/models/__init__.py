"""What is stored: workflows, their versions, executions, events, and the leases around them."""

from workflows.models.breaker import CircuitBreaker, CircuitKind, CircuitState
from workflows.models.delivery import DeliveryStatus, WebhookDelivery
from workflows.models.doubt import DoubtAction, DoubtfulFiring
from workflows.models.event import ExecutionEvent, JournalEntry
from workflows.models.execution import (
    EXECUTION_ID,
    FIRST_DAY,
    HELD,
    IS_QUEUED,
    TERMINAL,
    Execution,
    Status,
    today,
)
from workflows.models.letter import DeadLetter, LetterStatus
from workflows.models.payload import Payload, PayloadUse
from workflows.models.process import KeeperLease, Worker
from workflows.models.retention import PruneRun
from workflows.models.workflow import MOST_KEEP_DAYS, WhenFull, Workflow, WorkflowVersion

__all__ = [
    "EXECUTION_ID",
    "FIRST_DAY",
    "HELD",
    "IS_QUEUED",
    "MOST_KEEP_DAYS",
    "TERMINAL",
    "CircuitBreaker",
    "CircuitKind",
    "CircuitState",
    "DeadLetter",
    "DeliveryStatus",
    "DoubtAction",
    "DoubtfulFiring",
    "Execution",
    "ExecutionEvent",
    "JournalEntry",
    "KeeperLease",
    "LetterStatus",
    "Payload",
    "PayloadUse",
    "PruneRun",
    "Status",
    "WebhookDelivery",
    "WhenFull",
    "Worker",
    "Workflow",
    "WorkflowVersion",
    "today",
]
