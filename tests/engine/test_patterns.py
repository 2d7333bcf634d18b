"""Patterns: what is refused and why, and that no pattern can be slow."""

from __future__ import annotations

import time

import pytest

from engine.errors import LimitError
from engine.node_config import settings_of
from engine.patterns import MAX_TEXT, Pattern


def test_a_pattern_finds_groups_and_names() -> None:
    pattern = Pattern.from_setting(r"(?P<key>\w+)=(\d+)?")

    match = pattern.search("é a=1 b=")

    assert (match.group(0), match.groups(), match.span()) == ("a=1", ("a", "1"), (2, 5))
    assert (pattern.groups, pattern.group_names) == (2, {"key": 1})
    assert [item.group(0) for item in pattern.finditer("a=1 b=")] == ["a=1", "b="]
    assert pattern.fullmatch("a=1 b=") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ab(c", "missing ) at position 1: ab(c"),
        ("ab[c", "missing ] at position 3: [c"),
        ("ab**", "bad repetition operator at position 3: **"),
        ("ab\\", "trailing \\ at position 3"),
        ("x{2000}", "invalid repetition size at position 2: {2000}"),
        (
            "a(?=b)",
            (
                "invalid perl operator at position 2: (?=; "
                "lookaheads are not supported (the syntax is RE2's)"
            ),
        ),
        (
            "(?<!a)b",
            (
                "invalid perl operator at position 1: (?<!; "
                "lookbehinds are not supported (the syntax is RE2's)"
            ),
        ),
        (
            r"(a)\1",
            (
                r"invalid escape sequence at position 4: \1; "
                "references to groups are not supported (the syntax is RE2's)"
            ),
        ),
        ("a" * 5000, "the pattern is longer than 4096 characters"),
        ("a\ud800", "no character at position 2: half a pair"),
        (5, "must be a pattern, not 5"),
    ],
)
def test_a_bad_pattern_says_why_and_where(text: object, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the whole text is asserted
        Pattern.from_setting(text)

    assert str(caught.value) == reason


@pytest.mark.parametrize(
    "text", ["(a+)+$", "(a|aa)+$", "(.*a){20}", "(a?){50}a{50}", "(x+x+)+y", "^(a|a?)+$", "(a*)*b"]
)
def test_no_pattern_is_slow_on_27000_characters(text: str) -> None:
    pattern = Pattern.from_setting(text)
    begun = time.perf_counter()

    pattern.search("a" * 27_000 + "!")

    assert time.perf_counter() - begun < 0.5  # 50 ms on an idle machine


@pytest.mark.parametrize("text", ["a" * (MAX_TEXT + 1), "é" * (MAX_TEXT // 2 + 1)])
def test_a_text_over_the_limit_is_refused(text: str) -> None:
    with pytest.raises(LimitError, match="pattern_text"):
        Pattern.from_setting("a").search(text)


def test_equal_texts_are_equal_patterns() -> None:
    assert Pattern.from_setting("a+") == Pattern.from_setting("a+")
    assert repr(Pattern.from_setting("a+")) == "Pattern(text='a+')"


def test_a_pattern_serves_as_a_setting() -> None:
    from dataclasses import dataclass

    @dataclass(frozen=True, slots=True)
    class Config:
        pattern: Pattern

    Config.__annotations__["pattern"] = Pattern

    assert settings_of(Config)[0].coerce("a+") == Pattern.from_setting("a+")
