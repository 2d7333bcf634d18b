from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import FAR_AHEAD, DeadLetterFactory, ExecutionFactory, WorkerFactory
from workflows.admin.attention import attention
from workflows.models import CircuitBreaker, CircuitKind, CircuitState, LetterStatus, Status

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

pytestmark = pytest.mark.django_db


def trouble_of(user: User) -> None:
    ExecutionFactory(owner=user, status=Status.WAITING)
    DeadLetterFactory.create_batch(2, owner=user)
    DeadLetterFactory(owner=user, status=LetterStatus.DISCARDED, resolved_at=timezone.now())
    CircuitBreaker.objects.create(
        owner=user,
        kind=CircuitKind.NAME,
        name="crm",
        state=CircuitState.OPEN,
        since=timezone.now(),
        retry_at=timezone.now(),
    )


def test_the_first_page_says_what_needs_a_person_and_leads_there(
    pages: Client, admin_user: User
) -> None:
    trouble_of(admin_user)
    WorkerFactory(quarantined_until=FAR_AHEAD)

    items = pages.get(reverse("admin:index")).context["attention"]

    assert [item["text"] for item in items] == [
        "1 run waits for a decision",
        "2 open dead letters",
        "1 open circuit breaker",
        "1 worker in quarantine",
    ]
    lists = [pages.get(item["url"]).context["cl"].result_count for item in items[:3]]
    assert lists == [1, 2, 1]


def test_where_nothing_needs_a_person_the_first_page_has_no_such_panel(
    pages: Client, admin_user: User, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(4):
        assert attention(admin_user) == []

    assert "Needs you" not in pages.get(reverse("admin:index")).content.decode()


def test_nobody_sees_the_trouble_of_others_or_of_the_server(
    admin_user: User, django_user_model: type[User]
) -> None:
    trouble_of(admin_user)
    WorkerFactory(quarantined_until=FAR_AHEAD)
    reader = django_user_model.objects.create(username="reader", is_staff=True)

    assert attention(reader) == []
