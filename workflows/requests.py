"""A request to start a run, read once into a frozen value with every problem named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from engine.codec import dumps
from engine.errors import CodecError, InputError, Problem
from workflows.event_rows import clean
from workflows.models import EXECUTION_ID

if TYPE_CHECKING:
    from engine.graph import Graph


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a caller asked for; ``digest`` is equal for equal requests."""

    execution_id: str  # empty: the server chooses
    workflow_label: str
    input: str  # JSON texts
    metadata: str
    digest: str


def read_request(graph: Graph, given: Any, metadata: Any, execution_id: str = "") -> StartRequest:
    """Check and write down what a run is given.

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
    if problems:
        raise InputError(problems)
    digest = sha256(f"{graph.checksum()}\n{input_text}\n{metadata_text}".encode())
    label = rest.get("workflow_id")
    return StartRequest(
        execution_id=execution_id,
        workflow_label=clean(str(label))[:200] if isinstance(label, str | int) else "",
        input=input_text,
        metadata=metadata_text,
        digest=digest.hexdigest(),
    )


def _execution_id(given: Any, problems: list[Problem]) -> str:
    if given in ("", None):
        return ""
    if isinstance(given, str) and re.match(EXECUTION_ID, given):
        return given
    message = "must be 1 to 128 of A-Z a-z 0-9 . _ : -"
    problems.append(_wrong("metadata.execution_id", message, "execution_id_invalid"))
    return ""


def _written(where: str, value: Any, problems: list[Problem]) -> str:
    """Canonical JSON text: equal values give equal texts."""
    try:
        return dumps(value, sort_keys=True)
    except CodecError as error:
        problems.append(_wrong(where, str(error), "message_invalid"))
        return ""


def _wrong(where: str, message: str, code: str) -> Problem:
    return Problem(where, message, code)
