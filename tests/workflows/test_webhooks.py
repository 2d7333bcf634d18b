from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workflows.webhooks import read_webhook

if TYPE_CHECKING:
    from engine.errors import Problem

URL = "https://a.example/hook?token=1"


def test_an_address_with_headers_is_taken() -> None:
    problems: list[Problem] = []

    url = read_webhook({"webhook_url": URL, "webhook_headers": {"X-Key": "v"}}, problems)

    assert (url, problems) == (URL, [])


@pytest.mark.parametrize("metadata", [{}, {"webhook_url": None}, {"webhook_url": ""}])
def test_no_address_is_no_webhook(metadata: dict[str, Any]) -> None:
    problems: list[Problem] = []

    assert (read_webhook(metadata, problems), problems) == ("", [])


@pytest.mark.parametrize(
    "url",
    [
        7,
        "ftp://a.example/",
        "a.example",
        "http://",
        "http://u:p@a.example/",
        "http://a b/",
        "x" * 9000,
    ],
)
def test_what_is_no_web_address_is_refused(url: Any) -> None:
    problems: list[Problem] = []

    read_webhook({"webhook_url": url}, problems)

    assert [(p.where, p.code) for p in problems] == [("metadata.webhook_url", "webhook_invalid")]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        "text",
        {"X-Key": 7},
        {"X-Key": "s3cret\r\nX-Other: 1"},
        {"X-Key": "s3cret\n"},
        {"X Key": "s3cret"},
        {"X-Key\r\n": "s3cret"},
        {"": "s3cret"},
        {"Host": "s3cret"},
        {"content-LENGTH": "s3cret"},
        {"Reflow-Signature": "s3cret"},
        {"Idempotency-Key": "s3cret"},
        {f"X-{number}": "s3cret" for number in range(21)},
    ],
)
def test_unfit_headers_are_refused_without_naming_a_value(headers: Any) -> None:
    problems: list[Problem] = []

    read_webhook({"webhook_url": URL, "webhook_headers": headers}, problems)

    assert [p.where for p in problems] == ["metadata.webhook_headers"]
    assert "s3cret" not in str(problems[0])


def test_headers_without_an_address_are_a_mistake() -> None:
    problems: list[Problem] = []

    read_webhook({"webhook_headers": {"X-Key": "v"}}, problems)

    assert [p.where for p in problems] == ["metadata.webhook_url"]
