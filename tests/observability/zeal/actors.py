"""Actors that an editor has trouble with."""

from __future__ import annotations

from typing import Any

from engine.actor import Actor
from engine.ports import Port


class NoTitle(Actor):
    """An icon that is no text."""

    component = "no_title"
    inports = (Port("input"),)
    outports = (Port("output"),)
    icon = None  # type: ignore[assignment]

    def process_value(self, value: Any) -> Any:
        return value
