from __future__ import annotations

from typing import TYPE_CHECKING

from tests.workflows.api.test_deliveries import SECRET, delivery_of
from workflows.models import DeliveryStatus, WebhookDelivery

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

LIST = "/admin/workflows/webhookdelivery/"


def test_deliveries_are_shown_without_their_headers(pages: Client, admin_user: User) -> None:
    delivery = delivery_of(admin_user)

    listed = pages.get(LIST).content.decode()
    page = pages.get(f"{LIST}{delivery.pk}/change/").content.decode()

    assert "http://a.example/" in listed
    assert "execution.failed" in page
    assert SECRET not in listed + page


def test_deliveries_are_sent_again_by_an_action(pages: Client, admin_user: User) -> None:
    delivery = delivery_of(admin_user)
    WebhookDelivery.objects.update(status=DeliveryStatus.GAVE_UP)

    pages.post(LIST, {"action": "redeliver", "_selected_action": [str(delivery.pk)]})

    assert WebhookDelivery.objects.get().status == DeliveryStatus.PENDING


def test_a_strangers_deliveries_are_not_there(stranger_pages: Client, admin_user: User) -> None:
    delivery = delivery_of(admin_user)

    assert "http://a.example/" not in stranger_pages.get(LIST).content.decode()
    assert stranger_pages.get(f"{LIST}{delivery.pk}/change/").status_code == 302
