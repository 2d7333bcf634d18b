"""The table of limits is held against the settings, the documentation and the tests."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings as own

from reflow_site.checks import settings_are_sound
from reflow_site.limits import LIMITS, Limit

TESTS = own.BASE_DIR / "tests"
CAPPED = [limit for limit in LIMITS if limit.most is not None]


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.setting)
def test_a_limit_has_a_setting_and_a_proof(limit: Limit) -> None:
    file, _, name = limit.proof.partition("::")

    assert hasattr(own, limit.setting)
    assert re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("limit", CAPPED, ids=lambda limit: limit.setting)
def test_a_setting_above_its_hard_cap_is_refused(limit: Limit, settings: Any) -> None:
    assert limit.most is not None
    setattr(settings, limit.setting, limit.most + 1)

    (found,) = settings_are_sound()

    assert found.id == "reflow.E009"
    assert limit.setting in found.msg
    assert f"{limit.most:,.0f}" in found.msg


def test_more_nodes_than_the_hard_cap_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFLOW_ACTOR_SYSTEM__MAX_ACTORS_PER_NODE", "10001")

    (found,) = settings_are_sound()

    assert (found.id, found.msg) == (
        "reflow.E009",
        "max_actors_per_node is 10001, above its hard cap of 10,000",
    )
