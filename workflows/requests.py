"""A request to start a run, read once into a frozen value with every problem named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from engine.codec import dumps
from engine.errors import CodecError, InputError, Problem
from workflows.event_rows import clean
from workflows.models import EXECUTION_ID
from workflows.run_time import read_seconds
from workflows.webhooks import read_webhook

IDEMPOTENCY_KEY = r"[!-~]{1,255}\Z"


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a caller asked for; ``digest`` is equal for equal requests."""

    execution_id: str  # empty: the server chooses
    workflow_label: str
    input: str  # JSON texts
    metadata: str
    digest: str
    idempotency_key: str = ""
    webhook_url: str = ""
    priority: int = 0
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """What a start depends on beside its content."""

    idempotency_key: str = ""
    priorities: range = range(-100, 101)


def read_request(
    checksum: str,
    given: Any,
    metadata: Any,
    execution_id: str = "",
    caller: Caller = Caller(),
) -> StartRequest:
    """Check and write down what a run of the graph with this checksum is given.

    Raises:
        InputError: with one problem for each part that is wrong.
    """
    problems: list[Problem] = []
    if not isinstance(metadata, Mapping | None):
        problems.append(_wrong("metadata", "must be an object", "metadata_not_object"))
        metadata = None
    rest = dict(metadata or {})
    execution_id = _execution_id(execution_id or rest.pop("execution_id", ""), problems)
    rest.pop("execution_id", None)
    input_text = _written("input", {} if given is None else given, problems)
    metadata_text = _written("metadata", rest, problems)
    webhook_url = read_webhook(rest, problems)
    priority = _priority(rest.get("priority"), caller.priorities, problems)
    where = "metadata.timeout_seconds"
    timeout_seconds = read_seconds(rest.get("timeout_seconds"), where, problems)
    key = _key(caller.idempotency_key, problems)
    if problems:
        raise InputError(problems)
    digest = sha256(f"{checksum}\n{input_text}\n{metadata_text}".encode())
    label = rest.get("workflow_id")
    return StartRequest(
        execution_id=execution_id,
        workflow_label=clean(str(label))[:200] if isinstance(label, str | int) else "",
        input=input_text,
        metadata=metadata_text,
        digest=digest.hexdigest(),
        idempotency_key=key,
        webhook_url=webhook_url,
        priority=priority,
        timeout_seconds=timeout_seconds,
    )


def _execution_id(given: Any, problems: list[Problem]) -> str:
    if given in ("", None):
        return ""
    if isinstance(given, str) and re.match(EXECUTION_ID, given):
        return given
    message = "must be 1 to 128 of A-Z a-z 0-9 . _ : -"
    problems.append(_wrong("metadata.execution_id", message, "execution_id_invalid"))
    return ""


def _key(given: str, problems: list[Problem]) -> str:
    if given and not re.match(IDEMPOTENCY_KEY, given):
        message = "must be 1 to 255 printable ASCII characters"
        problems.append(_wrong("Idempotency-Key", message, "idempotency_key_invalid"))
    return given


def _priority(given: Any, allowed: range, problems: list[Problem]) -> int:
    if given is None:
        return 0
    if isinstance(given, int) and not isinstance(given, bool) and given in allowed:
        return given
    message = f"must be a whole number from {allowed[0]} to {allowed[-1]} for this user"
    problems.append(_wrong("metadata.priority", message, "priority_invalid"))
    return 0


def _written(where: str, value: Any, problems: list[Problem]) -> str:
    """Canonical JSON text: equal values give equal texts."""
    try:
        return dumps(value, sort_keys=True)
    except CodecError as error:
        problems.append(_wrong(where, str(error), "message_invalid"))
        return ""


def _wrong(where: str, message: str, code: str) -> Problem:
    return Problem(where, message, code)
