"""The two ways of a batch into Zeal: in one request, or hop by hop."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from observability.zeal.answers import Ambiguous, Later, Ok, Refused, lost_parameter
from observability.zeal.progress import NotNowError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from observability.models import TraceSession
    from observability.zeal.answers import Answer
    from observability.zeal.client import ZealClient
    from observability.zeal.link import Link
    from observability.zeal.translating import Chunk, Document

T = TypeVar("T")
Trouble: TypeAlias = Refused | Later | Ambiguous

ABOUT_CONTENT = frozenset({400, 413, 422})
SUSPECT_FAILS = 4  # tries, and each time as many again
HOPELESS_FAILS = 16  # tries, which take some four minutes


@dataclass(slots=True)
class Sent:
    """What became of documents: the first ``settled`` are done, ``in_doubt`` follow them."""

    settled: int = 0
    dropped: list[str] = field(default_factory=list)  # why, of those among the settled
    in_doubt: int = 0
    trouble: Trouble | None = None

    def drop(self, document: Document, answer: Answer[Any]) -> None:
        self.settled += 1
        self.dropped.append(f"event {document.seq}: {answer}")


class ZipSender:
    """A batch is one request."""

    def __init__(self, client: ZealClient, link: Link, row: TraceSession) -> None:
        self._client = client
        self._link = link
        self._row = row

    async def arrived(self, chunk: Chunk, under_way_seq: int) -> tuple[int, int]:
        """How many of the first documents are stored for sure, and how many perhaps.

        Zeal shows the events of its newest session only.
        """
        maybe = sum(1 for each in chunk.documents if each.seq <= under_way_seq)
        answer = await self._client.stored_numbers(self._row.session_id)
        _wait_for(answer, self._row)
        if not isinstance(answer, Ok):
            return 0, maybe
        known = set(answer.data)
        stored = 0
        while stored < len(chunk.documents) and chunk.documents[stored].seq in known:
            stored += 1
        return stored, stored

    async def send(self, documents: Sequence[Document]) -> Sent:
        """Send them; those that Zeal names, or that it refuses alone, are dropped."""
        if suspects(self._row.fails):
            return await one_by_one(
                documents, lambda each: self._ask([each]), self._link, self._row.fails
            )
        result = Sent()
        await self._send(list(documents), result)
        return result

    async def _send(self, documents: list[Document], result: Sent) -> None:
        if not documents or result.trouble is not None:
            return
        answer = await self._ask(documents)
        if isinstance(answer, Ok):
            result.settled += len(documents)
        elif not about_content(answer):
            result.trouble = answer
            result.in_doubt = len(documents) if isinstance(answer, Ambiguous) else 0
        elif len(documents) == 1:
            result.drop(documents[0], answer)
        elif places := places_of(answer, len(documents)):
            await self._around(documents, places, answer, result)
        else:
            half = len(documents) // 2
            await self._send(documents[:half], result)
            await self._send(documents[half:], result)

    async def _ask(self, documents: Sequence[Document]) -> Answer[int]:
        bodies = [each.body for each in documents]
        answer = await self._client.add_events(self._row.session_id, bodies)
        return _noted(self._link, answer)

    async def _around(
        self, documents: list[Document], places: set[int], answer: Answer[Any], result: Sent
    ) -> None:
        """In order, without those that Zeal named: that must not become a hole before the rest."""
        start = 0
        for place in sorted(places):
            await self._send(documents[start:place], result)
            if result.trouble is None:
                result.drop(documents[place], answer)
            start = place + 1
        await self._send(documents[start:], result)


class FlowSender:
    """A hop is one request, and the next follows when it was answered."""

    def __init__(self, client: ZealClient, link: Link, row: TraceSession) -> None:
        self._client = client
        self._link = link
        self._row = row

    async def arrived(self, chunk: Chunk, under_way_seq: int) -> tuple[int, int]:
        """Counted: as many hops as the session has more than were stored before."""
        possible = sum(1 for each in chunk.documents if each.seq <= under_way_seq)
        answer = await self._client.flow_session(self._row.session_id)
        _wait_for(answer, self._row)
        hops = answer.data.get("traces") if isinstance(answer, Ok) and answer.data else None
        if not isinstance(hops, list):
            return 0, possible
        most, least = self._row.sent + self._row.repeated, self._row.sent
        stored = min(max(0, len(hops) - most), possible)
        return stored, min(max(stored, len(hops) - least), possible)

    async def send(self, documents: Sequence[Document]) -> Sent:
        if suspects(self._row.fails):
            return await one_by_one(documents, self._ask, self._link, self._row.fails)
        result = Sent()
        for document in documents:
            answer = await self._ask(document)
            if not isinstance(answer, Ok) and not about_content(answer):
                result.trouble = answer
                result.in_doubt = 1 if isinstance(answer, Ambiguous) else 0
                break
            if isinstance(answer, Ok):
                result.settled += 1
            else:
                result.drop(document, answer)
        return result

    async def _ask(self, document: Document) -> Answer[None]:
        answer = await self._client.add_hop(self._row.session_id, document.body)
        return _noted(self._link, answer)


def _wait_for(answer: Answer[Any], row: TraceSession) -> None:
    """Ask another time what has arrived, rather than repeat a batch; but not for ever."""
    if isinstance(answer, (Later, Ambiguous)) and row.fails < HOPELESS_FAILS:
        raise not_now(answer)


def not_now(answer: Answer[Any]) -> NotNowError:
    seconds = answer.seconds if isinstance(answer, Later) else 0
    return NotNowError(str(answer), seconds)


def _noted(link: Link, answer: Answer[T]) -> Answer[T]:
    link.heard(answer)
    if isinstance(answer, Ok):
        link.took()
    return answer


async def one_by_one(
    documents: Sequence[Document],
    ask: Callable[[Document], Awaitable[Answer[Any]]],
    link: Link,
    fails: int,
) -> Sent:
    """Send them one by one, and drop those at which Zeal fails while it takes one behind them.

    An outage looks the same to each of them, so without one that is taken none is dropped; but
    what has failed ``HOPELESS_FAILS`` times is, if Zeal takes the events of other runs.
    """
    result = Sent()
    failed: list[tuple[Document, Trouble]] = []
    for document in documents:
        answer = await ask(document)
        if isinstance(answer, Ok):
            _drop_all(failed, result)
            result.settled += 1
        elif broke(answer) or about_content(answer):
            failed.append((document, answer))
        else:
            result.trouble = answer
            result.in_doubt = int(isinstance(answer, Ambiguous))
            break
    if failed and fails >= HOPELESS_FAILS and link.takes:
        _drop_all(failed, result)
    if failed:
        result.in_doubt += len(failed)
        result.trouble = result.trouble or failed[0][1]
    return result


def _drop_all(failed: list[tuple[Document, Trouble]], result: Sent) -> None:
    for document, why in failed:
        result.drop(document, why)
    failed.clear()


def suspects(fails: int) -> bool:
    """Whether it is time to ask which event it is; not each time, for it takes many requests."""
    return fails >= SUSPECT_FAILS and fails % SUSPECT_FAILS == 0


def broke(answer: Answer[Any]) -> bool:
    """Whether Zeal failed at what was sent: a 500 of its own, and no proxy's answer for it."""
    return isinstance(answer, Ambiguous) and answer.status == HTTPStatus.INTERNAL_SERVER_ERROR


def about_content(answer: Answer[Any]) -> bool:
    """Whether what was sent is refused, and not that it was sent."""
    refused = isinstance(answer, Refused) and answer.status in ABOUT_CONTENT
    return refused and not lost_parameter(answer)


def places_of(answer: Answer[Any], count: int) -> set[int]:
    """Which events of a request a refusal names."""
    found: set[int] = set()
    for detail in answer.details if isinstance(answer, Refused) else ():
        path = detail.get("path") if isinstance(detail, dict) else None
        if isinstance(path, list) and path[:1] == ["events"] and len(path) > 1:
            found |= {path[1]} if isinstance(path[1], int) and 0 <= path[1] < count else set()
    return found
