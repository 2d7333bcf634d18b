"""Bodies in which every key must be known."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from engine.errors import nearest

MOST = 20  # unknown keys that an answer names


class StrictInput(serializers.Serializer[Any]):
    """A body in which a misspelt key is an error: ignored, it would mean something else."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        problems: dict[str, Any] = {name: [self._unknown(name)] for name in sorted(unknown)[:MOST]}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not isinstance(error.detail, dict):
                raise
            problems |= error.detail
        if problems:
            raise serializers.ValidationError(problems)
        return values

    def _unknown(self, name: str) -> ErrorDetail:
        return ErrorDetail(f"is not known ({nearest(name, self.fields)})", code="unknown_key")
