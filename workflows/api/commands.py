"""What a client of Reflow's wire may ask for, by REST or WebSocket: read, checked, done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.exceptions import NotFound

from engine.errors import CodecError, nearest
from workflows.api.errors import BodyTooLargeError, MalformedError
from workflows.errors import ExecutionOverError
from workflows.models import EXECUTION_ID, Execution, Status
from workflows.pausing import pause_execution, resume_execution
from workflows.selectors import executions_of
from workflows.services import cancel_execution, start_execution
from workflows.surroundings import read_json

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from workflows.services import Start

COMMANDS = (
    "start_workflow",
    "subscribe_workflow",
    "cancel_workflow",
    "pause_workflow",
    "resume_workflow",
)


class ObjectField(serializers.DictField):
    """A JSON object, its values as they are."""


class MetadataInput(serializers.Serializer[Any]):
    """What a caller says about a run; unknown keys are kept with it."""

    execution_id = serializers.RegexField(EXECUTION_ID, required=False, allow_null=True)
    workflow_id = serializers.CharField(required=False, allow_null=True, max_length=200)
    source = serializers.CharField(  # type: ignore[assignment]
        required=False, allow_null=True, max_length=40
    )
    webhook_url = serializers.CharField(
        required=False, allow_null=True, help_text="called once the run is over"
    )
    priority = serializers.IntegerField(
        required=False, allow_null=True, help_text="higher runs first; -10 to 10, staff -100 to 100"
    )
    timeout_seconds = serializers.FloatField(
        required=False, allow_null=True, help_text="then it fails; by default as its graph says"
    )
    webhook_headers = ObjectField(required=False, allow_null=True)
    trace_webhook_url = serializers.URLField(required=False, allow_null=True)
    enable_tracing = serializers.BooleanField(required=False, allow_null=True)


class StartInput(serializers.Serializer[Any]):
    """The body of ``POST /workflows``, and the ``data`` of ``start_workflow``."""

    graph_json = ObjectField()
    input = ObjectField(required=False, allow_null=True)
    metadata = MetadataInput(required=False, allow_null=True)


class CancelCommand(serializers.Serializer[Any]):
    execution_id = serializers.CharField(max_length=128)


class PauseCommand(CancelCommand):
    """The body of ``pause_workflow`` and ``resume_workflow``."""

    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=1000)


class SubscribeCommand(CancelCommand):
    after_seq = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)


def checked(kind: type[serializers.Serializer[Any]], body: Any) -> dict[str, Any]:
    """The values that a serializer finds in a body.

    Raises:
        ValidationError: with every problem of the body.
    """
    serializer = kind(data=body)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data  # type: ignore[no-any-return]


def command_of(text: str | None) -> tuple[str, dict[str, Any]]:
    """The kind and body of a socket message.

    Raises:
        MalformedError: it is binary, no JSON object, or of no kind that we know.
        BodyTooLargeError: over ``API_MAX_BODY_BYTES`` for a start, else over ``WS_MESSAGE_BYTES``.
    """
    if text is None:
        raise MalformedError("a message is a text frame, not a binary one")
    size = len(text.encode(errors="replace"))
    if size > settings.API_MAX_BODY_BYTES:
        raise BodyTooLargeError(settings.API_MAX_BODY_BYTES)
    try:
        body = read_json(text)
    except CodecError as error:
        raise MalformedError(str(error), code="json_invalid") from error
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise MalformedError('a message is an object such as {"type": "subscribe_workflow"}')
    kind = body["type"]
    if kind not in COMMANDS:
        raise MalformedError(f"unknown type {kind[:80]!r}: {nearest(kind[:80], COMMANDS)}")
    if kind != "start_workflow" and size > settings.WS_MESSAGE_BYTES:
        raise BodyTooLargeError(settings.WS_MESSAGE_BYTES, "WS_MESSAGE_BYTES")
    return kind, body


def start(user: User, body: Any, *, source: str, idempotency_key: str = "") -> Start:
    """Start the run that a body describes.

    Raises:
        ValidationError: the body is not of the shape of ``StartInput``.
        GraphError, InputError: what is wrong with it; nothing is stored.
        ConflictError: its ``execution_id`` or key stands for a run with other content.
        AdmissionError: a limit says that no further run may be queued now.
    """
    values = checked(StartInput, body)
    metadata = body.get("metadata") or {}  # not the checked one: unknown keys are kept
    return start_execution(
        owner=user,
        graph=values["graph_json"],
        input=values.get("input"),
        metadata=metadata,
        idempotency_key=idempotency_key,
        source=metadata.get("source") or source,
    )


def find_execution(user: User, execution_id: str) -> Execution:
    """The caller's own run of this id.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    try:
        return executions_of(user).get(execution_id=execution_id)
    except Execution.DoesNotExist:
        raise NotFound(f"there is no execution {execution_id!r}") from None


def cancel(user: User, execution_id: str, reason: str = "") -> Execution:
    """Stop a run; one that is cancelled stays so.

    Raises:
        NotFound: the caller has no such run.
        ExecutionOverError: it has ended already, in another way.
    """
    execution = find_execution(user, execution_id)
    status = cancel_execution(execution=execution, by=user.get_username(), reason=reason)
    if status in (Status.COMPLETED, Status.FAILED):
        raise ExecutionOverError(status)
    return execution


def pause(user: User, execution_id: str, reason: str = "") -> Execution:
    """Pause a run between messages.

    Raises:
        NotFound: the caller has no such run.
        ConflictError: it is over, paused already, or waits for an answer.
    """
    execution = find_execution(user, execution_id)
    pause_execution(execution=execution, by=user.get_username(), reason=reason)
    return execution


def resume(user: User, execution_id: str, reason: str = "") -> Execution:
    """Let a paused run go on.

    Raises:
        NotFound: the caller has no such run.
        ConflictError: it is over, or not paused.
    """
    execution = find_execution(user, execution_id)
    resume_execution(execution=execution, by=user.get_username(), reason=reason)
    return execution
