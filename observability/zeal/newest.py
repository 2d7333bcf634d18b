"""The newest graphs of Zeal's workflows, as it told them, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from engine.codec import dumps, parse_json

if TYPE_CHECKING:
    from observability.zeal.wire import JsonObject

MOST_CHARACTERS = 16 * 1024 * 1024  # of all of them, as JSON


class Newest:
    """Those that were told last; Zeal tells again what is forgotten here."""

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._size = 0

    def keep(self, workflow_id: str, document: JsonObject) -> None:
        self._size -= len(self._texts.pop(workflow_id, ""))
        self._texts[workflow_id] = text = dumps(document)
        self._size += len(text)
        while self._size > self._most:
            self._size -= len(self._texts.popitem(last=False)[1])

    def of(self, workflow_id: str) -> JsonObject | None:
        text = self._texts.get(workflow_id)
        found: JsonObject | None = None if text is None else parse_json(text)
        return found
