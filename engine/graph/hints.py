"""Nearest right names, for graphs of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_NAMES = 2_000  # comparing with more takes too long
MOST_HINTS = 100  # the reader of more than these problems needs no more help


class Hints:
    """The hints of one validation: each found once, and never so many that it gets slow."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], str] = {}

    def nearest(self, name: str, known: Iterable[str]) -> str:
        """As ``engine.errors.nearest``; empty once there were too many to look for."""
        key = (name, id(known) if not isinstance(known, (list, tuple)) else hash(tuple(known)))
        if key not in self._found:
            names = list(known)
            if len(self._found) >= MOST_HINTS or len(names) > MOST_NAMES or len(name) > 200:
                return ""
            self._found[key] = nearest(name, names)
        return self._found[key]
