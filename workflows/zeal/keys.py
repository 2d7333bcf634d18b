"""The keys of a Zeal document in both spellings: ``propertyValues`` and ``property_values``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_CAPITAL = re.compile(r"[A-Z]")


def snake(key: str) -> str:
    return _CAPITAL.sub(lambda match: f"_{match.group().lower()}", key)


def spelt(holder: Mapping[str, Any], key: str) -> str:
    """The spelling of a key that a document uses; the camelCase one if it has neither."""
    return snake(key) if key not in holder and snake(key) in holder else key


def value_of(holder: Mapping[str, Any], *keys: str) -> Any:
    """The first of these keys that is there and not null, in either spelling; else None."""
    for key in keys:
        for name in (key, snake(key)):
            if holder.get(name) is not None:
                return holder[name]
    return None
