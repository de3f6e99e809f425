"""What the shop counts for Prometheus."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from course.models import Course
from luffy.redis_store import redis_client
from shop.models import Order
from shop.tasks import expire_orders
from tests.buyers import Buyer, notify
from tests.payment_gateway import PaymentGateway

# What is counted is what was kept.
pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Course]


def told(series: str) -> float:
    text = Client().get("/metrics").content.decode()
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_orders_and_notifications_are_counted(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    names = [f'luffy_orders_total{{event="{event}"}}' for event in ("placed", "paid", "cancelled")]
    names += [
        f'luffy_payment_notifications_total{{outcome="{outcome}"}}'
        for outcome in ("paid", "known", "not_genuine", "mismatch")
    ]
    before = [told(name) for name in names]
    paid = gateway.pay(buyer.pay_url(make_course("Knots", price=39)))
    for form in (
        gateway.notification(paid, total_amount="1.00"),
        gateway.notification(paid, app_id="1"),
        gateway.notification(paid),
        gateway.notification(paid),
    ):
        notify(form)
    number = buyer.order(make_course("Sails")).json()["out_trade_no"]
    buyer.post(f"order/{number}/cancel/")
    assert [told(name) - old for name, old in zip(names, before, strict=True)] == [
        2, 1, 1, 1, 1, 1, 1,
    ]  # fmt: skip


def test_what_the_worker_counts_reaches_the_web_process(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    series = 'luffy_worker_orders_total{event="timed_out"}'
    expire_orders()
    before = told(series)
    buyer.order(make_course())
    Order.objects.update(expires=timezone.now() - timedelta(minutes=1), next_ask=timezone.now())
    expire_orders()
    assert told(series) == before + 1
    expire_orders()
    assert told(series) == before + 1, "handed over once"
    assert redis_client().exists("luffy:shop:counts")
