"""How many examples a property test tries: hundreds with every change, thousands at night."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import pytest

EXAMPLES = 10_000  # of each property, by ``make nightly``
AT_NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


def examples(usual: int) -> int:
    """So many examples, or those of the night; for tests that set a number of their own."""
    return max(usual, EXAMPLES) if AT_NIGHT else usual


def say(request: pytest.FixtureRequest, text: str) -> None:
    """A figure for the reader of the night's output."""
    if AT_NIGHT:
        capture = request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            request.config.get_terminal_writer().line(f"{request.node.name}: {text}")


def load_profile() -> None:
    """Take the profile that ``HYPOTHESIS_PROFILE`` names, if it names one.

    Raises:
        InvalidArgument: there is no such profile.
    """
    settings.register_profile(
        "nightly",
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        print_blob=True,
    )
    name = os.environ.get("HYPOTHESIS_PROFILE")
    if name:
        settings.load_profile(name)
