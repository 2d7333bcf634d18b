"""Nearest right names, for graphs of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

MOST_NAMES = 2_000  # comparing with more takes too long
MOST_HINTS = 100  # the reader of more problems than these needs no more help


class Hints:
    """The hints of one validation: each found once, and never so many that it gets slow."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], str] = {}

    def nearest(self, name: str, known: Collection[str], among: str) -> str:
        """As ``engine.errors.nearest``; empty once there were too many to look for.

        Args:
            among: a name for ``known``, the same each time.
        """
        key = (name, among)
        if key in self._found:
            return self._found[key]
        if len(self._found) >= MOST_HINTS or len(known) > MOST_NAMES or len(name) > 200:
            return ""
        self._found[key] = nearest(name, known)
        return self._found[key]
