"""Zeal's answers as values: only what we use of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TemplateResult:
    """What became of one template: Zeal never changes one that it has."""

    id: str
    registered: bool
    duplicate: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class CategoryResult:
    name: str
    status: str  # created, exists, updated or error
    error: str = ""


@dataclass(frozen=True, slots=True)
class SessionOpened:
    id: str


@dataclass(frozen=True, slots=True)
class ExecutionSeen:
    """One trace session as Zeal lists it."""

    session_id: str
    workflow_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Health:
    healthy: bool
    version: str


def template_results(body: Any) -> tuple[TemplateResult, ...]:
    return tuple(map(_template_result, body["templates"]))


def _template_result(item: Any) -> TemplateResult:
    error = str(item.get("error", ""))
    registered = item["status"] in ("registered", "updated")
    duplicate = not registered and "duplicate key" in error
    return TemplateResult(str(item["id"]), registered, duplicate, error)


def count(body: Any) -> int:
    return int(body["count"])


def category_results(body: Any) -> tuple[CategoryResult, ...]:
    return tuple(
        CategoryResult(str(item["name"]), str(item["status"]), str(item.get("error", "")))
        for item in body["categories"]
    )


def category_names(body: Any) -> tuple[str, ...]:
    return tuple(str(item["name"]) for item in body["categories"])


def session_opened(body: Any) -> SessionOpened:
    return SessionOpened(_text(body["sessionId"]))


def flow_session_opened(body: Any) -> SessionOpened:
    return SessionOpened(_text(data_of(body)["id"]))


def events_processed(body: Any) -> int:
    return int(body["eventsProcessed"])


def executions(body: Any) -> tuple[ExecutionSeen, ...]:
    return tuple(
        ExecutionSeen(str(item["sessionId"]), str(item["workflowId"]), str(item["status"]))
        for item in body["executions"]
    )


def event_numbers(body: Any) -> tuple[int, ...]:
    """The numbers that we gave; events that came by the live socket have none."""
    customs = [(item.get("metadata") or {}).get("custom") or {} for item in body["events"]]
    return tuple(int(custom["seq"]) for custom in customs if "seq" in custom)


def health(body: Any) -> Health:
    return Health(body["status"] == "healthy", str(body.get("version", "")))


def live_port(body: Any) -> int:
    port = int(body["port"])
    if not 0 < port < 65536:
        raise ValueError(f"{port} is not a port")
    return port


def data_of(body: Any) -> Any:
    """What is in the envelope of the editor's API."""
    if body["success"] is not True:
        raise ValueError("success is not true")
    return body["data"]


def listed(body: Any) -> list[Any]:
    found = data_of(body)
    if not isinstance(found, list):
        raise TypeError("data is no list")
    return found


def nothing(_body: Any) -> None:
    """Of an answer that says no more than yes."""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no id")
    return value
