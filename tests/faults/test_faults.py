"""Whatever statement breaks: no answer lies, nothing is half-written, every run ends right."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.cases import Tally, faults, statements, tried
from tests.faults.database import Fault, Plan, breaking
from tests.faults.readers import RECEIVER
from tests.faults.scenarios import post_bulk, post_start
from tests.faults.table import SCENARIOS
from tests.faults.world import World
from tests.nightly import AT_NIGHT, say
from tests.workflows.test_deliveries import answer, receiving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLE = 4  # cases of each scenario, beside the night

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("test_actors"),
    pytest.mark.timeout(0 if AT_NIGHT else 60),
]


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """No waits between tries, no tracebacks of what is broken on purpose, and a receiver."""
    monkeypatch.setattr("workflows.runner.RETRY_SECONDS", 0.0)
    settings.HTTP_ALLOW_PRIVATE = ["127.0.0.1"]
    logging.disable()
    with receiving(answer(204)) as receiver:
        RECEIVER["url"] = receiver.url
        yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_statement_breaks_every_promise_is_kept(
    name: str, request: pytest.FixtureRequest
) -> None:
    scenario, tally = SCENARIOS[name], Tally()

    count = statements(scenario)
    cases = [(fault, at) for at in range(1, count + 1) for fault in faults(scenario)]
    step = 1 if AT_NIGHT else max(1, len(cases) // SAMPLE) | 1  # odd: not the same fault each time
    for fault, at in cases[::step]:
        tried(name, scenario, fault, at, tally)

    say(request, f"{count} statements, {tally.cases.total()} cases, {dict(tally.cases)}")
    assert tally.offences == []


@pytest.mark.usefixtures("broken_broker")
@pytest.mark.parametrize(("post", "status"), [(post_start, 200), (post_bulk, 202)])
def test_what_is_stored_is_accepted_though_nobody_can_note_that_no_worker_was_told(
    post: Callable[[World], tuple[int, ...]], status: int
) -> None:
    with breaking(Plan()) as usual:
        post(World())
    at = usual.seen.index("UPDATE workflows_execution") + 1

    with breaking(Plan(at, Fault.REFUSED)) as plan:
        answers = post(World())

    assert plan.struck == "UPDATE workflows_execution"
    assert answers == (status,)
