"""Everything that reached the double, in order: in memory, and in a file if one is given."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.zeal.errors import now_ms

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.fakes.zeal.http import Json


@dataclass(frozen=True, slots=True)
class Tally:
    """How what arrived compares with what was sent."""

    delivered: int  # different things that arrived
    lost: int  # sent, and never arrived
    repeated: int  # arrived once more than they were sent
    unknown: int  # arrived, and never sent
    out_of_order: int  # first arrivals that came after one that was sent later


def tally(sent: Iterable[Any], arrived: Iterable[Any]) -> Tally:
    """Compare by key, such as a sequence number that the sender put into each event."""
    expected = list(sent)
    place = {key: index for index, key in enumerate(expected)}
    got = list(arrived)
    counts = Counter(got)
    firsts = [place[key] for key in dict.fromkeys(got) if key in place]
    late = sum(1 for before, after in itertools.pairwise(firsts) if after < before)
    return Tally(
        delivered=len(firsts),
        lost=len(place) - len(firsts),
        repeated=sum(counts[key] - 1 for key in counts if key in place),
        unknown=len([key for key in counts if key not in place]),
        out_of_order=late,
    )


class Record:
    """Entries are objects with ``kind`` and ``at`` (ms). They outlive a restart of the double.

    Kinds: ``http`` (method, path, status, fault), ``template``, ``category``, ``session``,
    ``event``, ``complete``, ``hop``, ``close`` (of section 7), ``connect``, ``auth``,
    ``runtime.event``, ``frame``, ``raw`` and ``disconnect``.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.entries: list[Json] = []
        self._file = file

    def add(self, kind: str, **fields: Any) -> None:
        entry = {"kind": kind, "at": now_ms(), **fields}
        self.entries.append(entry)
        if self._file:
            with self._file.open("a") as file:
                file.write(json.dumps(entry) + "\n")

    def of(self, kind: str) -> list[Json]:
        return [entry for entry in self.entries if entry["kind"] == kind]

    def paths(self) -> list[str]:
        """Each request as ``POST /api/zip/templates/register 200``."""
        return [f"{e['method']} {e['path']} {e['status']}" for e in self.of("http")]


def read_record(file: Path) -> list[Json]:
    """What a double wrote with ``--record``; a line that was cut off by a kill is left out."""
    lines = file.read_text().splitlines() if file.exists() else []
    entries = []
    for line in lines:
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries
