"""A double of Zeal that answers as the program does, on real HTTP and a real live socket.

In a test: ``async with FakeZeal("shipped") as zeal: ... zeal.url``. As its own process, for tests
that kill things: ``python -m tests.fakes.zeal --mode shipped --port 0 --record file``.
"""

from __future__ import annotations

from tests.fakes.zeal.access import make_token
from tests.fakes.zeal.faults import Faults
from tests.fakes.zeal.record import Record, Tally, read_record, tally
from tests.fakes.zeal.server import FakeZeal

__all__ = ["FakeZeal", "Faults", "Record", "Tally", "make_token", "read_record", "tally"]
