"""The one way a request's JSON becomes values: strict, bounded, before anything else sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from engine.errors import CodecError
from workflows.api.errors import BodyTooLargeError
from workflows.surroundings import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO


class StrictJSONParser(BaseParser):
    """JSON by the engine's strict reader, within ``API_MAX_BODY_BYTES``.

    Refused: too large (413); NaN, duplicate keys, deep nesting, NUL, lone surrogates (400).
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        _media_type: str | None = None,
        _parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.API_MAX_BODY_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLargeError(limit)
        try:
            return read_json(body)
        except CodecError as error:
            raise ParseError(str(error), code="json_invalid") from error
