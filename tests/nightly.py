"""How many examples a property test tries: hundreds with every change, thousands at night."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = 10_000  # of each property, by ``make nightly``
AT_NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


def examples(usual: int) -> int:
    """So many examples, or those of the night; for tests that set a number of their own."""
    return max(usual, EXAMPLES) if AT_NIGHT else usual


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
