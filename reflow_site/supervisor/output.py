"""What the supervisor and its children say: whole lines, each with the name of its source."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Protocol

WIDTH = 7  # "worker" and "keeper", and a space
COLOURS = {
    "up": "1",
    "web": "36",
    "worker": "32",
    "keeper": "35",
    "beat": "33",
    "broker": "34",
}


class Stream(Protocol):
    """The part of a text file that is needed; Django's wrapper has it too."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


class Output:
    """Writes whole lines from several threads; coloured on a terminal, plain elsewhere."""

    def __init__(self, stream: Stream, *, coloured: bool | None = None) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._coloured = wants_colour(stream) if coloured is None else coloured

    def line(self, source: str, text: str) -> None:
        label = f"{source:<{WIDTH}}|"
        if self._coloured:
            label = f"\x1b[{COLOURS.get(source, '37')}m{label}\x1b[0m"
        self._write(f"{label} {text}\n")

    def say(self, text: str) -> None:
        """A line of the supervisor itself."""
        self.line("up", text)

    def plain(self, text: str) -> None:
        """A block that a reader may copy from."""
        self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        with self._lock, suppress(OSError):  # whoever read us may have gone: we still run
            self._stream.write(text)
            self._stream.flush()


def wants_colour(stream: Stream) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ
