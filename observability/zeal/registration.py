"""Registering templates: in chunks, and with each item's own answer understood."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from observability.models import TemplateState
from observability.zeal.answers import Later, Ok, Refused, lost_parameter
from observability.zeal.book import Outcome, TemplateBook, note_error
from observability.zeal.templates import checksum, problems_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from observability.zeal.answers import Answer
    from observability.zeal.client import ZealClient
    from observability.zeal.documents import TemplateResult
    from observability.zeal.wire import JsonObject

ATTEMPTS = 5  # of one request; registering twice does no harm
FIRST_PAUSE_SECONDS = 1.0
MAX_TOLD = 20  # refusals that a report names


class StoppedError(Exception):
    """Zeal does not take templates now; the text says what it answered."""


@dataclass(slots=True)
class Report:
    """Counts of templates, and what was wrong with the first few."""

    registered: int = 0
    unchanged: int = 0  # there already, and the same
    updated: int = 0
    outdated: int = 0  # there already, and older, or not to be compared
    refused: int = 0
    told: list[str] = field(default_factory=list)
    stopped: str = ""  # why it ended early

    @property
    def total(self) -> int:
        return self.registered + self.unchanged + self.updated + self.outdated + self.refused

    def refuse(self, why: str) -> None:
        self.refused += 1
        if len(self.told) < MAX_TOLD:
            self.told.append(why)


class Registration:
    """One pass over all templates; may be repeated at every start.

    Registering never changes a template that Zeal has. One that is outdated is sent once more
    as an update, until Zeal shows that it loses the ids of such calls: then they are counted.
    """

    def __init__(
        self, client: ZealClient, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._client = client
        self._book = TemplateBook(client.config)
        self._sleep = sleep
        self._updates_work = client.config.profile != "seed"
        self.report = Report()

    async def run(self, templates: Iterable[JsonObject]) -> Report:
        """Register them all; what is wrong with one stops no other."""
        pending = iter(templates)
        try:
            while chunk := list(islice(pending, self._client.config.chunk)):
                await self._chunk(list(self._sound(chunk)))
        except StoppedError as error:
            self.report.stopped = str(error)
            await note_error(self._client.config, f"templates: {error}")
        else:
            await self._book.ended(self.report.total)
        return self.report

    def _sound(self, chunk: Iterable[JsonObject]) -> Iterator[JsonObject]:
        for template in chunk:
            if problems := problems_of(template):
                self.report.refuse("; ".join(map(str, problems)))
            else:
                yield template

    async def _chunk(self, chunk: list[JsonObject]) -> None:
        while chunk:
            answer = await self._sent(chunk)
            if isinstance(answer, Ok):
                await self._settle(chunk, answer.data)
                return
            spoilt = _places(answer) & set(range(len(chunk)))
            if not spoilt:
                raise StoppedError(str(answer))
            for place in sorted(spoilt):
                self.report.refuse(f"template {chunk[place]['id']!r}: {answer}")
            chunk = [each for place, each in enumerate(chunk) if place not in spoilt]

    async def _sent(self, chunk: Sequence[JsonObject]) -> Ok[tuple[TemplateResult, ...]] | Refused:
        """The answer of an attempt that has one.

        Raises:
            StoppedError: none had.
        """
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            answer = await self._client.register_templates(chunk)
            if isinstance(answer, (Ok, Refused)):
                return answer
            if attempt < ATTEMPTS:
                asked = answer.seconds if isinstance(answer, Later) else 0
                await self._sleep(max(asked, pause))
                pause *= 2
        raise StoppedError(f"{ATTEMPTS} attempts, the last one: {answer}")

    async def _settle(self, chunk: Sequence[JsonObject], results: Sequence[TemplateResult]) -> None:
        said = {result.id: result for result in results}
        known = await self._book.checksums(said)
        outcomes = []
        for template in chunk:
            name, text = template["id"], checksum(template)
            result = said.get(name)
            if result is None:
                self.report.refuse(f"template {name!r}: Zeal gave no result for it")
            elif result.registered:
                self.report.registered += 1
                outcomes.append(Outcome(name, text, TemplateState.REGISTERED))
            elif not result.duplicate:
                self.report.refuse(f"template {name!r}: {result.error}")
                outcomes.append(Outcome(name, "", TemplateState.REFUSED, result.error))
            elif known.get(name) == text:
                self.report.unchanged += 1
                outcomes.append(Outcome(name, text, TemplateState.REGISTERED))
            else:
                outcomes.append(await self._update(template, known.get(name, "")))
        await self._book.save(outcomes)

    async def _update(self, template: JsonObject, before: str) -> Outcome:
        name = template["id"]
        why = "Zeal cannot change templates"
        if self._updates_work:
            answer = await self._client.update_template(name, template)
            if isinstance(answer, Ok):
                self.report.updated += 1
                return Outcome(name, checksum(template), TemplateState.REGISTERED)
            self._updates_work = not lost_parameter(answer)
            why = str(answer)
        self.report.outdated += 1
        return Outcome(name, before, TemplateState.OUTDATED, why)


def _places(answer: Answer[object]) -> set[int]:
    """Which templates of the request a refusal names."""
    found = set()
    for detail in answer.details if isinstance(answer, Refused) else ():
        path = detail.get("path") if isinstance(detail, dict) else None
        if isinstance(path, list) and path[:1] == ["templates"] and len(path) > 1:
            found.add(path[1])
    return {place for place in found if isinstance(place, int)}


async def register_categories(client: ZealClient, categories: Sequence[JsonObject]) -> str:
    """Make the categories of our templates known; what went wrong, or an empty text.

    Templates can be registered without them, so nothing stops for it.
    """
    if not categories or client.config.profile == "seed":
        return ""
    answer = await client.add_categories(categories)
    if not isinstance(answer, Ok):
        return str(answer)
    return "; ".join(f"{each.name}: {each.error}" for each in answer.data if each.error)
