from __future__ import annotations

import io
from typing import TYPE_CHECKING

from reflow_site.supervisor.output import Output
from tests.reflow_site.fakes import Terminal

if TYPE_CHECKING:
    import pytest


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_lines_are_plain_where_nobody_sees_colours() -> None:
    stream = io.StringIO()

    Output(stream).line("web", "hello")

    assert stream.getvalue() == "web    | hello\n"


def test_names_are_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()

    Output(stream).line("web", "hello")

    assert stream.getvalue() == "\x1b[36mweb    |\x1b[0m hello\n"


def test_a_terminal_that_wants_no_colour_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()

    Output(stream).say("hello")

    assert stream.getvalue() == "up     | hello\n"


def test_the_server_goes_on_when_its_reader_has_gone() -> None:
    Output(Gone()).plain("hello")
