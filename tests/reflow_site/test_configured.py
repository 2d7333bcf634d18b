"""What ``doctor`` shows of an address: never a password, and nothing that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from reflow_site.configured import configured


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:secret@127.0.0.1:6379/0", "redis://:**@127.0.0.1:6379/0"),
        ("amqp://ann:secret@host:5672//", "amqp://ann:**@host:5672//"),
    ],
)
def test_only_a_password_that_is_there_is_hidden(settings: Any, url: str, shown: str) -> None:
    settings.BROKER_URL, settings.PRIVATE_BROKER = url, False

    assert configured()["broker"] == shown
