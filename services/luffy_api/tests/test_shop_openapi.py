"""Requests made up from the OpenAPI document, to the shop, by somebody who is logged in."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from course.models import Course
from luffy.wsgi import application
from shop.models import Order
from tests.buyers import Buyer, coupon
from tests.payment_gateway import PaymentGateway
from tests.people import Person
from tests.test_openapi import CHECKS, takes_anything

# Not within one transaction: between requests Django closes connections that have one.
pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = 25  # of each operation and mode


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_made_up_request_of_a_buyer_is_a_fault_of_ours(
    mode: GenerationMode,
    make_course: Callable[..., Course],
    gateway: PaymentGateway,
    forget_limits: Callable[[], None],
) -> None:
    coupon()
    buyer = Buyer.of(Person.make("13800000001"))
    number = buyer.order(make_course()).json()["out_trade_no"]
    schema: Any = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    headers = {"Authorization": f"jwt {buyer.token}", "Host": "testserver"}
    statuses: set[int] = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        if not operation.path.startswith(("/api/v1/cart/", "/api/v1/coupon/", "/api/v1/order/")):
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode))
        def ask(case: Any) -> None:
            forget_limits()
            if mode is GenerationMode.POSITIVE and "out_trade_no" in (case.path_parameters or {}):
                case.path_parameters["out_trade_no"] = number
            response = case.call(headers=headers)
            statuses.add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        try:
            ask()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, operation.label
            assert takes_anything(operation), operation.label
    print(sorted(statuses))
    if mode is GenerationMode.POSITIVE:
        assert {200, 409} <= statuses
        assert 401 not in statuses, "the buyer is known throughout"
    else:
        # A wrong request may come without its token, too.
        assert {400, 415} & statuses
    assert Order.objects.exists()
