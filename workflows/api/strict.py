"""Bodies in which every key must be known."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from engine.errors import nearest


class StrictInput(serializers.Serializer[Any]):
    """A command on many things, of at most eight keys: a misspelt one would make it one on all."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        problems: dict[str, Any] = {name: [self._unknown(name)] for name in sorted(unknown)}
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
