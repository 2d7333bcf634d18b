"""Regular expressions of users: google-re2, whose time grows with the text and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import re2

from engine.errors import LimitError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PATTERN = 4096  # characters
MAX_TEXT = 1024 * 1024  # bytes of UTF-8
_MEMORY = 8 * 1024 * 1024  # bytes that one pattern may take

_UNSUPPORTED = (
    ("(?=", "lookaheads are"),
    ("(?!", "lookaheads are"),
    ("(?<=", "lookbehinds are"),
    ("(?<!", "lookbehinds are"),
    ("(?>", "atomic groups are"),
    ("(?(", "conditional groups are"),
    ("(?P=", "references to groups are"),
    ("\\Z", "\\Z is not known (write \\z), and others are"),
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern. Its syntax is RE2's: no lookarounds, no references to groups.

    A text may be of at most 1 MiB, and every method raises LimitError for a larger one.
    """

    text: str
    _compiled: Any = field(repr=False, compare=False)

    @classmethod
    def from_setting(cls, text: Any) -> Self:
        """Compile a setting.

        Raises:
            ValueError: it is not a pattern; says why, and where if that is known.
        """
        if not isinstance(text, str):
            raise ValueError(f"must be a pattern, not {text!r}")  # noqa: TRY004 -- one error for all settings
        if len(text) > MAX_PATTERN:
            raise ValueError(f"the pattern is longer than {MAX_PATTERN} characters")
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY
        try:
            return cls(text, re2.compile(text, options))
        except UnicodeEncodeError as error:
            raise ValueError(f"no character at position {error.start + 1}: half a pair") from error
        except re2.error as error:
            raise ValueError(_explained(text, error.args[0])) from error

    @property
    def groups(self) -> int:
        return int(self._compiled.groups)

    @property
    def instructions(self) -> int:
        """How large the compiled program is."""
        return int(self._compiled.programsize)

    @property
    def group_names(self) -> dict[str, int]:
        """The named groups and their numbers."""
        return dict(self._compiled.groupindex)

    def search(self, text: str) -> Any:
        """The first match anywhere, as ``re`` gives it, or None."""
        return self._compiled.search(checked(text))

    def fullmatch(self, text: str) -> Any:
        """The match of the whole text, or None."""
        return self._compiled.fullmatch(checked(text))

    def finditer(self, text: str) -> Iterator[Any]:
        """Every match, from left to right."""
        matches: Iterator[Any] = self._compiled.finditer(checked(text))
        return matches


def checked(text: str) -> str:
    """The text, if a pattern may be tried on it.

    Raises:
        LimitError: it is larger than 1 MiB.
    """
    if len(text) > MAX_TEXT or (len(text) * 4 > MAX_TEXT and _size(text) > MAX_TEXT):
        raise LimitError("pattern_text", f"a text for a pattern is larger than {MAX_TEXT} bytes")
    return text


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _explained(pattern: str, reported: bytes | str) -> str:
    """What re2 says, with the position it leaves out, and what people try most."""
    reason = reported.decode("utf-8", "replace") if isinstance(reported, bytes) else reported
    what, _, where = reason.partition(": ")
    position = pattern.find(where) if where else len(pattern) - 1
    at = f" at position {position + 1}" if position >= 0 else ""
    message = f"{what}{at}{f': {where}' if where else ''}"
    if what.startswith("invalid escape") and where[1:2].isdecimal():
        return f"{message}; references to groups are not supported (the syntax is RE2's)"
    for syntax, name in _UNSUPPORTED:
        if where.startswith(syntax) or (what.startswith("invalid") and where.endswith(syntax)):
            return f"{message}; {name} not supported (the syntax is RE2's)"
    return message
