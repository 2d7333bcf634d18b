"""What components that work on lists share."""

from __future__ import annotations

from typing import Final

from engine.messages import ErrorValue, FrozenDict

NOT_AN_ARRAY: Final = FrozenDict(error=ErrorValue("Expected Array on input port"))
