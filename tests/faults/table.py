"""Every scenario by its name: what is done to it statement by statement, in ``test_faults``."""

from __future__ import annotations

from tests.faults.readers import (
    heard_all,
    long_over,
    over,
    pruned,
    pruned_or_whole,
    remove,
    replay,
    told,
    with_webhook,
)
from tests.faults.scenarios import (
    Scenario,
    acted,
    all_completed,
    cancelled,
    count_is,
    decided,
    doubtful,
    failed_once,
    has_workflow,
    held,
    is_cancelled,
    journal_ended,
    kept,
    large_ended,
    neglected,
    none_or_all,
    nothing,
    post_bulk,
    post_cancel,
    post_decision,
    post_pause_and_resume,
    post_requeue,
    post_start,
    post_workflow,
    put_aside,
    queued,
    requeued,
    requeued_at_once,
    short_ended,
    skipped,
    start_failing,
    start_journal,
    start_large,
    start_paused,
    start_short,
    waiting,
    with_letter,
)
from tests.faults.world import work
from workflows.deliveries import deliver_due
from workflows.recovery import round_of_keeper

SCENARIOS: dict[str, Scenario] = {
    "start": Scenario(
        prepare=nothing,
        act=post_start,
        good=(200,),
        now=lambda world: count_is(world, 1),
        torn=lambda world: none_or_all(world, 1),
        end=all_completed(1),
    ),
    "bulk start": Scenario(
        prepare=nothing,
        act=post_bulk,
        good=(202,),
        now=lambda world: count_is(world, 3),
        torn=lambda world: none_or_all(world, 3),
        end=all_completed(3),
    ),
    "keep a workflow": Scenario(
        prepare=nothing,
        act=post_workflow,
        good=(201,),
        again=(409,),
        now=has_workflow,
        end=has_workflow,
    ),
    "short run": Scenario(
        start_short,
        acted(lambda _: work()),
        short_ended,
        torn=lambda w: count_is(w, 1),
        has_run=True,
    ),
    "large run": Scenario(start_large, acted(lambda _: work()), large_ended, has_run=True),
    "run with a journal": Scenario(
        start_journal, acted(lambda _: work()), journal_ended, has_run=True
    ),
    "retry and dead letter": Scenario(
        start_failing, acted(lambda _: work()), failed_once, has_run=True
    ),
    "pause of a run that goes": Scenario(start_paused, acted(put_aside), short_ended, has_run=True),
    "cancel a queued run": Scenario(
        queued, post_cancel, cancelled, good=(202,), again=(409,), now=is_cancelled
    ),
    "cancel a run that goes": Scenario(
        held, post_cancel, cancelled, good=(202,), again=(409,), now=is_cancelled
    ),
    "pause and resume": Scenario(
        queued, post_pause_and_resume, short_ended, good=(202,), again=(409,)
    ),
    "wait in doubt": Scenario(
        doubtful(inDoubt="ask"), acted(lambda _: work()), decided, has_run=True
    ),
    "skip in doubt": Scenario(
        doubtful(inDoubt="skip"), acted(lambda _: work()), skipped, has_run=True
    ),
    "decide": Scenario(waiting, post_decision, decided, good=(200, 202), again=(409,)),
    "requeue a letter": Scenario(
        with_letter, post_requeue, requeued, good=(200, 202), torn=requeued_at_once
    ),
    "round of the keeper": Scenario(
        neglected, acted(lambda _: round_of_keeper()), kept, torn=lambda w: count_is(w, 4)
    ),
    "webhook": Scenario(with_webhook, acted(lambda _: deliver_due()), told),
    "prune": Scenario(long_over, acted(lambda _: remove()), pruned, torn=pruned_or_whole),
    "live view": Scenario(over, acted(replay), heard_all),
}
