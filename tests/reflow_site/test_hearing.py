from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery
from celery.worker import state

from reflow_site.hearing import Hearing, messages_wait

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def app() -> Iterator[Celery]:
    made = Celery("hearing", broker="memory://", set_as_current=False)
    made.conf.task_default_queue = "hearing"
    yield made
    with made.connection_for_write() as connection:
        channel: Any = connection.default_channel
        channel.queue_delete("hearing")


def looking(app: Celery, *, room: int = 1) -> tuple[Hearing, SimpleNamespace]:
    consumer = SimpleNamespace(app=app, initial_prefetch_count=room)
    hearing = Hearing(consumer)
    hearing.look(consumer)  # the first look only counts
    return hearing, consumer


def test_a_worker_that_gets_none_of_the_messages_that_wait_gives_its_connection_up(
    app: Celery,
) -> None:
    app.send_task("any")
    hearing, consumer = looking(app)

    hearing.look(consumer)
    with pytest.raises(ConnectionResetError):
        hearing.look(consumer)


def test_without_messages_silence_is_right(app: Celery) -> None:
    app.send_task("any")
    hearing, consumer = looking(app)
    with app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        channel.queue_purge("hearing")

    for _ in range(3):
        hearing.look(consumer)

    assert not messages_wait(app)


def test_a_worker_without_room_waits(app: Celery) -> None:
    app.send_task("any")
    hearing, consumer = looking(app, room=0)

    for _ in range(3):
        hearing.look(consumer)

    assert messages_wait(app)


def test_a_worker_that_has_just_got_one_is_not_deaf(app: Celery) -> None:
    app.send_task("any")
    hearing, consumer = looking(app)

    for _ in range(3):
        state.total_count["any"] += 1
        hearing.look(consumer)

    assert messages_wait(app)


def test_a_broker_that_is_away_is_no_reason_to_give_it_up() -> None:
    away = Celery("away", broker="redis+socket:///nowhere/broker.sock", set_as_current=False)

    assert not messages_wait(away)


def test_it_looks_as_long_as_the_worker_is_connected() -> None:
    timer = SimpleNamespace(calls=[], cancelled=False)
    entry = SimpleNamespace(cancel=lambda: timer.calls.append("cancelled"))
    timer.call_repeatedly = lambda seconds, *_: (timer.calls.append(seconds), entry)[1]
    consumer = SimpleNamespace(timer=timer)
    hearing = Hearing(consumer)

    hearing.stop(consumer)
    hearing.start(consumer)
    hearing.stop(consumer)

    assert timer.calls == [2.0, "cancelled"]
