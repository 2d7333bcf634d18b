"""What services refuse, beside the engine's own errors; each with a stable code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ConflictError(Exception):
    """What was asked for stands against what is stored already."""

    code = "conflict"


class ExecutionConflictError(ConflictError):
    """The execution id is in use by a run of another graph, input or metadata."""

    code = "execution_id_conflict"

    def __init__(self, execution_id: str) -> None:
        self.execution_id = execution_id
        super().__init__(f"execution_id {execution_id!r} was used before with other content")


class LetterResolvedError(ConflictError):
    """It was decided about the dead letter already."""

    code = "dead_letter_resolved"

    def __init__(self, status: str) -> None:
        super().__init__(f"the dead letter is {status} already")


class NameTakenError(ConflictError):
    """The owner has a workflow of this name."""

    code = "name_taken"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is a workflow with the name {name!r} already")


class ExecutionOverError(ConflictError):
    """The run has ended, and so cannot be stopped, paused or resumed."""

    code = "execution_over"

    def __init__(self, status: str) -> None:
        super().__init__(f"the execution is {status} already")


class PauseError(ConflictError):
    """The run cannot be paused, or resumed, as it stands."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


class IdempotencyConflictError(ConflictError):
    """The key of this start was used for another one."""

    code = "idempotency_key_conflict"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used before with other content")


class AdmissionError(Exception):
    """No further run may start now; the text names the limit."""

    retry_after_seconds = 5

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


class NotWaitingError(ConflictError):
    """The run does not wait for a decision."""

    code = "not_waiting"

    def __init__(self, status: str) -> None:
        super().__init__(f"the execution is {status}: nothing of it is to be decided")


class DoubtDecidedError(ConflictError):
    """These firings are not open: decided before, or of another run."""

    code = "in_doubt_decided"

    def __init__(self, ids: Iterable[int]) -> None:
        self.ids = tuple(ids)
        super().__init__(f"not open in this execution: {', '.join(map(str, self.ids[:20]))}")


class PayloadError(Exception):
    """A text cannot be read from the payload storage."""

    code = "payload_unavailable"


class PayloadMissingError(PayloadError):
    """The storage has no such text: retention or somebody else has removed it."""

    code = "payload_missing"
