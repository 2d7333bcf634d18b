"""What starts a workflow by itself, as Zeal's ``triggerConfig`` says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.messages import FrozenDict

_UNIT_SECONDS = {
    "second": 1,
    "seconds": 1,
    "minute": 60,
    "minutes": 60,
    "hour": 3600,
    "hours": 3600,
    "day": 86_400,
    "days": 86_400,
}


@dataclass(frozen=True, slots=True)
class WebCall:
    """An HTTP request to ``path``."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class NamedEvent:
    """An event of this name."""

    event: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron expression, or a number of seconds between runs (0 for none)."""

    cron: str = ""
    interval_seconds: float = 0.0
    timezone: str = ""
    once: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """``starts_by`` is None if the configuration says nothing that is known here."""

    id: str
    type: str  # Zeal's own word
    name: str
    starts_by: WebCall | NamedEvent | Schedule | None
    config: FrozenDict = field(hash=False)  # all of it; may hold secrets


def read_trigger(given: Mapping[str, Any]) -> Trigger:
    """Read it leniently: it only means something once somebody sets the trigger up."""
    config = given.get("config")
    config = config if isinstance(config, FrozenDict) else FrozenDict()
    return Trigger(
        id=_text(given, "id"),
        type=_text(given, "type"),
        name=_text(given, "name"),
        starts_by=_start(config),
        config=config,
    )


def _start(config: Mapping[str, Any]) -> WebCall | NamedEvent | Schedule | None:
    if _text(config, "path"):
        return WebCall((_text(config, "method") or "POST").upper(), _text(config, "path"))
    if _text(config, "event"):
        return NamedEvent(_text(config, "event"), _text(config, "namespace"))
    cron = _text(config, "cronExpression", "cron_expression")
    seconds = _seconds(config.get("interval"))
    if not cron and not seconds:
        return None
    once = config.get("isOneTime", config.get("is_one_time")) is True
    return Schedule(cron, seconds, _text(config, "timezone"), once)


def _seconds(interval: Any) -> float:
    if not isinstance(interval, Mapping):
        return 0.0
    value, unit = interval.get("value"), interval.get("unit")
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        return 0.0
    return float(value) * _UNIT_SECONDS.get(str(unit), 0)


def _text(holder: Mapping[str, Any], *keys: str) -> str:
    found = next((holder[key] for key in keys if key in holder), "")
    return found if isinstance(found, str) else ""
