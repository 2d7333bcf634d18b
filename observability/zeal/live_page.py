"""A page of stored events on its way to Zeal: what of it is dealt with."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from observability.zeal.live import Sent
from observability.zeal.live_events import live_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from observability.zeal.line import Batch, Tally
    from observability.zeal.live import LiveRun
    from observability.zeal.traces import StoredEvent
    from observability.zeal.wire import JsonObject

TOO_LARGE = "too large"  # counted beside the types of events
DEADLY = "broke the connection"
SUSPECT = 3  # connections that broke at an event; from then on it is sent alone
GUILTY = 3  # as many again, alone; then it is left out
WINDOW = 50  # events of a run without an answer: as many are sent again if a connection breaks


class Page:
    """``left`` is what is still to be sent: numbers of events, and the events as Zeal's."""

    def __init__(self, run: LiveRun, rows: Sequence[StoredEvent]) -> None:
        made = [(row, live_event(run, row)) for row in rows]
        self.run = run
        self.left = [(row.seq, event) for row, event in made if event is not None]
        self.answered_seq = 0  # of the last event that Zeal has said something of
        self._last_seq = rows[-1].seq if rows else 0
        self._unmapped = [(row.seq, row.type) for row, event in made if event is None]
        self._large: list[int] = []
        self._deadly: list[int] = []
        self._breaks = 0  # connections in a row that broke before the next event was answered
        self._accepted = self._refused = self._repeated = 0

    @property
    def is_suspect(self) -> bool:
        """Its next event may be what breaks the connections: nothing else is sent beside it."""
        return self._breaks >= SUSPECT

    def frames(self, frame: Callable[[JsonObject], str], max_bytes: int) -> list[str]:
        """The next frames; an event that is too large for one leaves the page."""
        size = 1 if self.is_suspect else WINDOW
        window, rest = self.left[:size], self.left[size:]
        framed = [(seq, event, frame(event)) for seq, event in window]
        fitting = [each for each in framed if len(each[2].encode()) <= max_bytes]
        if len(fitting) < len(framed):
            kept = {seq for seq, _, _ in fitting}
            self._large += [seq for seq, _ in window if seq not in kept]
            self.left = [(seq, event) for seq, event, _ in fitting] + rest
        return [text for _, _, text in fitting]

    def count(self, batch: Batch, known: int) -> None:
        """Take off what has an answer.

        ``known`` is the number of the last event that was sent before without any.
        """
        written = self.left[: batch.written]
        self._repeated += sum(seq <= known for seq, _ in written)
        self._accepted += batch.accepted
        self._refused += batch.refused
        if batch.answered:
            self.answered_seq = self.left[batch.answered - 1][0]
        self.left = self.left[batch.answered :]
        self._breaks = 0 if batch.answered else self._breaks + bool(batch.written)
        if self._breaks >= SUSPECT + GUILTY:
            self.answered_seq = self.left.pop(0)[0]
            self._deadly.append(self.answered_seq)
            self._breaks = 0

    def result(self, tally: Tally) -> Sent:
        """What became of the page, up to its end or to the last answer."""
        last = self.answered_seq if self.left else self._last_seq
        dropped = Counter(kind for seq, kind in self._unmapped if seq <= last)
        dropped[TOO_LARGE] += sum(seq <= last for seq in self._large)
        dropped[DEADLY] += len(self._deadly)
        tally.dropped.update(+dropped)
        return Sent(last, self._accepted, dropped.total() + self._refused, self._repeated)
