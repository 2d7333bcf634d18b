from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.codec import JSON_LIMITS, JsonLimits, parse_json
from engine.errors import CodecError
from tests.engine.messages_strategy import JSON

SMALL = JsonLimits(depth=2, object_keys=2, document_keys=3, size_bytes=30)


@given(JSON)
def test_what_python_writes_is_read_as_python_reads_it(value: object) -> None:
    text = json.dumps(value)

    assert repr(parse_json(text, JsonLimits(nul=True))) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": 1}}',
        "[[1], [2], [3]]",
        '"[[[[[["',
        r'["\"[[[[", "\\"]',
        '{"a": 1, "b": 2}',
        " \n\t1 ",
        '"' + "x" * 28 + '"',
        "9223372036854775807",
        "-9223372036854775808",
    ],
)
def test_what_is_within_the_limits_is_accepted(text: str) -> None:
    assert parse_json(text, SMALL) == json.loads(text)
    assert parse_json(text.encode(), SMALL) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[[1]]]", "nested too deeply (limit: depth 2) at line 1, column 3"),
        ('{"é":\n {"[[": [1]}}', "nested too deeply (limit: depth 2) at line 2, column 9"),
        (r'["\\", [[1]]]', "nested too deeply (limit: depth 2) at line 1, column 9"),
        ('{"a":1,"b":2,"c":3}', "an object has 3 keys (limit: object_keys 2)"),
        (
            '[{"a":1,"b":2},{"a":1,"b":2}]',
            "the document has too many keys (limit: document_keys 3)",
        ),
        ('"' + "x" * 29 + '"', "31 bytes are too many (limit: size_bytes 30)"),
        ('"' + "é" * 15 + '"', "32 bytes are too many (limit: size_bytes 30)"),
        ('{"a":1,"a":2}', "the key 'a' stands twice in one object"),
        ("[1, NaN]", "NaN is not JSON at line 1, column 5"),
        ('["NaN", -Infinity]', "-Infinity is not JSON at line 1, column 9"),
        ("[1,\n1e400]", "the number 1e400 is too large for a float at line 2, column 1"),
        (
            "[9223372036854775808]",
            "the whole number 9223372036854775808 is outside i64 at line 1, column 2",
        ),
        ('"\\u0000"', "the text '\\x00' holds U+0000"),
        ('{"\\u0000": 1}', "the text '\\x00' holds U+0000"),
        ('"\\ud800"', "the text '\\ud800' holds a lone surrogate"),
        ('"\\uDFFF x"', "the text '\\udfff x' holds a lone surrogate"),
        ('"\ud800"', "a lone surrogate at line 1, column 2"),
        ("", "not JSON: Expecting value at line 1, column 1"),
        ("[1,]", "not JSON: "),
        ("[1", "not JSON: "),
        ("1 2", "not JSON: Extra data at line 1, column 3"),
        ("{'a': 1}", "not JSON: "),
        ('"\n"', "not JSON: Invalid control character at at line 1, column 2"),
        ("01", "not JSON: "),
        ("\ufeff1", "not JSON: "),
        ("nul", "not JSON: "),
        (b"\xff", "not UTF-8: invalid start byte at byte 0"),
        (b"\xed\xa0\x80", "not UTF-8: invalid continuation byte at byte 0"),
    ],
)
def test_what_is_refused_names_the_rule_or_limit_and_the_place(
    text: str | bytes, problem: str
) -> None:
    with pytest.raises(CodecError) as caught:
        parse_json(text, SMALL)

    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize("text", ['"\\\\u0000"', '"\\ud83d\\ude00"', '"\\\\ud800"'])
def test_what_only_looks_like_a_forbidden_escape_is_accepted(text: str) -> None:
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":', '["]",'])
def test_fifty_thousand_brackets_are_refused_at_once(opening: str) -> None:
    started = time.process_time()

    with pytest.raises(CodecError, match="limit: depth 64"):
        parse_json(opening * 50_000)

    assert time.process_time() - started < 2


def test_a_limit_that_python_cannot_keep_is_an_error_and_no_crash() -> None:
    with pytest.raises(CodecError, match="nested too deeply for this process"):
        parse_json("[" * 50_000, JsonLimits(depth=100_000))


@pytest.mark.parametrize("unclosed", ['"' * 99_999, '"\\' * 50_000, "[" * 60 + '"' + "[" * 99_999])
def test_text_that_never_ends_is_refused_at_once(unclosed: str) -> None:
    started = time.process_time()

    with pytest.raises(CodecError):
        parse_json(unclosed)

    assert time.process_time() - started < 2


def test_a_number_of_any_length_is_refused_at_once() -> None:
    started = time.process_time()

    with pytest.raises(CodecError, match=r"the whole number 9{40} is outside i64"):
        parse_json("9" * 1_000_000)

    assert time.process_time() - started < 2


@given(st.text() | st.binary())
def test_any_text_is_parsed_or_refused(text: str | bytes) -> None:
    try:
        value = parse_json(text)
    except CodecError:
        return

    assert value == json.loads(text)


def test_the_limits_for_what_comes_from_outside() -> None:
    assert JsonLimits(64, 10_000, 1_000_000, None, nul=False) == JSON_LIMITS
    assert len(parse_json(json.dumps(dict.fromkeys(map(str, range(10_000)))))) == 10_000
    with pytest.raises(CodecError, match="limit: object_keys 10000"):
        parse_json(json.dumps(dict.fromkeys(map(str, range(10_001)))))
