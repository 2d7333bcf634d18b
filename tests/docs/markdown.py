"""What the tests read of a Markdown page: its fenced blocks, its links, its headings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block, and the output that is shown right after it."""

    where: str
    language: str
    text: str
    output: str = ""

    def __str__(self) -> str:
        return self.where


def blocks(file: Path) -> list[Block]:
    page = file.read_text("utf-8")
    found = list(FENCE.finditer(page))
    return [
        Block(
            where=f"{file.name}:{page.count(chr(10), 0, match.start()) + 1}",
            language=match[1],
            text=match[2],
            output=_output(page, match, after),
        )
        for match, after in zip_longest(found, found[1:])
    ]


def links(file: Path) -> list[str]:
    """The relative links and images of a page."""
    page = FENCE.sub("", file.read_text("utf-8"))
    return [link for link in LINK.findall(page) if not link.startswith(("http:", "https:"))]


def anchors(file: Path) -> set[str]:
    """What a link into the page may name, by GitHub's rule."""
    page = FENCE.sub("", file.read_text("utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(page)
    }


def _output(page: str, code: re.Match[str], after: re.Match[str] | None) -> str:
    """The text block that follows a block with nothing between them."""
    if after is None or after[1] != "text" or page[code.end() : after.start()].strip():
        return ""
    return after[2]
