"""What waits for a Zeal that is away: its limits, and moving to another Zeal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from observability.models import TraceSession
from observability.zeal import progress
from observability.zeal.backlog import lag, shorten
from observability.zeal.config import SocketKind, ZealConfig
from tests.observability.zeal.told import make_run, messages
from workflows.models import Execution, Status

if TYPE_CHECKING:
    from uuid import UUID

pytestmark = pytest.mark.django_db

URL = "http://zeal.test:3000"


def config(**more: Any) -> ZealConfig:
    return ZealConfig(URL, **more)


def session(events: int, **columns: Any) -> TraceSession:
    made: TraceSession = TraceSession.objects.create(
        execution=make_run(*messages(events)), **{"zeal": URL, **columns}
    )
    return made


def test_runs_that_are_too_old_are_given_up_and_counted() -> None:
    old, young = session(5, trace_seq=2), session(3)
    TraceSession.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))

    assert shorten(config()) == (1, 0)

    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.state, old.dropped, young.state) == ("gave_up", 3, "waiting")
    assert old.last_error == "older than 7 days (limit: ZEAL_BACKLOG_DAYS)"


def test_the_oldest_runs_go_on_without_their_messages() -> None:
    rows = [session(5) for _ in range(3)]

    assert shorten(config(backlog_events=6)) == (0, 2)
    assert shorten(config(backlog_events=6)) == (0, 0)

    found = [TraceSession.objects.get(pk=row.pk).without_messages for row in rows]
    assert found == [True, True, False]


def test_the_lag_is_counted_in_runs_events_and_seconds() -> None:
    session(5, trace_seq=2)
    session(4, state="delivered", trace_seq=4)
    session(3, trace_seq=3)

    runs, events, seconds = lag()

    assert (runs, events, seconds >= 0) == (2, 3, True)


def test_runs_are_found_once_and_none_from_before() -> None:
    before = make_run()
    Execution.objects.filter(pk=before.pk).update(created_at=timezone.now() - timedelta(hours=1))
    found = make_run()

    assert (progress.adopt(config()), progress.adopt(config())) == (1, 0)

    late = make_run()  # it was committed after others that are newer
    Execution.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(seconds=50))
    assert progress.adopt(config()) == 1
    assert keys() == {found.pk, late.pk}


def test_without_a_socket_no_run_waits_for_it() -> None:
    make_run()

    progress.adopt(config(socket=SocketKind.OFF))

    assert progress.live_due((), 9) == []
    assert len(progress.due((), 9)) == 1


def test_only_runs_with_something_to_tell_are_due() -> None:
    busy, later, told = session(1), session(1), session(1)
    idle = session(1, trace_seq=1)
    Execution.objects.filter(pk=idle.pk).update(status=Status.QUEUED, finished_at=None)
    progress.postpone(later, progress.NotNowError("503", 60))

    assert progress.due([busy.pk], 9) == [told.pk]

    progress.try_now()
    assert progress.due([busy.pk], 9) == [later.pk, told.pk]


def test_what_another_zeal_was_told_halfway_begins_anew() -> None:
    open_row = session(3, zeal="http://other.test", state="open", session_id="fts_1", trace_seq=2)
    done = session(3, zeal="http://other.test", state="delivered", session_id="fts_2")

    assert progress.move_to(config()) == 1

    open_row.refresh_from_db()
    done.refresh_from_db()
    assert (open_row.zeal, open_row.session_id, open_row.trace_seq) == (URL, "", 0)
    assert done.session_id == "fts_2"


def test_a_row_that_somebody_else_moved_is_left_alone() -> None:
    mine = session(3)
    theirs = TraceSession.objects.get(pk=mine.pk)
    progress.settle(theirs, trace_seq=2)

    with pytest.raises(progress.SupersededError):
        progress.settle(mine, trace_seq=1)
    with pytest.raises(progress.SupersededError):
        progress.settle_live(TraceSession(pk=mine.pk, live="off"), live_seq=1)

    assert TraceSession.objects.get().trace_seq == 2


def test_pauses_double_up_to_half_a_minute() -> None:
    longest = [max(progress.pause_after(fails) for _ in range(30)) for fails in (1, 4, 50)]

    assert [each <= most for each, most in zip(longest, (0.2, 1.6, 30.0), strict=True)] == [
        True
    ] * 3
    assert progress.pause_after(1, 7) == 7


def keys() -> set[UUID]:
    return set(TraceSession.objects.values_list("pk", flat=True))
