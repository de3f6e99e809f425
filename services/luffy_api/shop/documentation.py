"""The shop's endpoints as the OpenAPI document describes them."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers

from luffy.documentation import ERROR, PAGE_PARAMETERS, answers, enveloped, number, word
from shop.models import Order
from shop.serializers import (
    CartAddition,
    CartItemSerializer,
    CouponCheck,
    OrderRequest,
    OrderSerializer,
    QuoteRequest,
    QuoteSerializer,
)

View = TypeVar("View", bound=Callable[..., Any])
_OF_A_BODY = (400, 413, 415)
"""Wrong, too large, or of another kind: any request with a body may be told so."""


class OrderPageSerializer(serializers.Serializer[Any]):
    """A page of orders."""

    count = serializers.IntegerField(help_text="How many there are on all pages.")
    next = serializers.CharField(allow_null=True, help_text="The next page's address.")
    previous = serializers.CharField(allow_null=True)
    results = OrderSerializer(many=True)


class CartSerializer(serializers.Serializer[Any]):
    """A cart."""

    items = CartItemSerializer(many=True)
    total_amount = serializers.CharField(help_text="Of what is available, before any coupon.")


PAY = inline_serializer(
    "PayAnswer",
    {
        "code": serializers.IntegerField(),
        "msg": serializers.CharField(),
        "pay_url": serializers.CharField(
            allow_blank=True, help_text="Where the buyer pays; empty when there is nothing to pay."
        ),
        "out_trade_no": serializers.CharField(help_text="The order's number."),
        "total_amount": serializers.CharField(),
        "order_status": serializers.ChoiceField(choices=Order.Status.choices),
    },
)
SUCCESS = inline_serializer(
    "SuccessAnswer",
    {
        "code": serializers.IntegerField(help_text="100: paid; 101: not known to be."),
        "msg": serializers.CharField(),
    },
)
CART = enveloped("CartAnswer", CartSerializer())
QUOTE = enveloped("QuoteAnswer", QuoteSerializer())
ORDER = enveloped("OrderAnswer", OrderSerializer())
ORDERS = enveloped("OrdersAnswer", OrderPageSerializer())
NUMBER = OpenApiParameter(
    "out_trade_no", OpenApiTypes.STR, OpenApiParameter.PATH, description="The order's number."
)
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,64}$"},
    OpenApiParameter.HEADER,
    description="The same with the same body is the same order.",
)
NOTIFICATION = {
    "application/x-www-form-urlencoded": {
        "type": "object",
        "properties": {
            name: {"type": "string"}
            for name in (
                "app_id", "charset", "out_trade_no", "seller_id", "sign", "sign_type",
                "total_amount", "trade_no", "trade_status",
            )
        },
    }
}  # fmt: skip


def _described(
    tag: str, operation_id: str, summary: str, responses: Any, **more: Any
) -> Callable[[View], View]:
    return extend_schema(
        operation_id=operation_id, tags=[tag], summary=summary, responses=responses, **more
    )


cart = _described("cart", "get_cart", "One's cart at today's prices", answers(CART, 401))
cart_add = _described(
    "cart",
    "add_to_cart",
    "Put a course into the cart",
    answers(CART, *_OF_A_BODY, 401, 404, 409),
    request=CartAddition,
)
cart_clear = _described("cart", "clear_cart", "Empty the cart", answers(CART, 401))
cart_remove = _described(
    "cart",
    "remove_from_cart",
    "Take a course out of the cart",
    answers(CART, 400, 401),
    parameters=[
        number("course_id", "The id of a course.", required=True, location=OpenApiParameter.PATH)
    ],
)
coupon_check = _described(
    "coupon",
    "check_coupon",
    "What a coupon takes off some courses, or off the cart",
    answers(QUOTE, *_OF_A_BODY, 401, 409, 429),
    request=CouponCheck,
)
orders = _described(
    "order",
    "list_orders",
    "A page of one's own orders, the newest first",
    answers(ORDERS, 400, 401, 404),
    parameters=[
        *PAGE_PARAMETERS,
        word(
            "order_status",
            "Those in this state: " + ", ".join(f"{one.value} {one.name}" for one in Order.Status),
            enum=[str(one.value) for one in Order.Status],
        ),
    ],
)
quote = _described(
    "order",
    "quote_order",
    "What courses would cost now",
    answers(QUOTE, *_OF_A_BODY, 401, 409, 429),
    request=QuoteRequest,
)
pay = _described(
    "order",
    "place_order",
    "Place an order, and learn where to pay it",
    answers(PAY, *_OF_A_BODY, 401, 409, 422, 429),
    request=OrderRequest,
    parameters=[KEY],
)
order = _described(
    "order", "get_order", "One of one's own orders", answers(ORDER, 401, 404), parameters=[NUMBER]
)
pay_again = _described(
    "order",
    "pay_order",
    "Where an unpaid order is paid",
    answers(PAY, 401, 404, 409),
    parameters=[NUMBER],
    request=None,
)
cancel = _described(
    "order",
    "cancel_order",
    "Cancel an unpaid order",
    answers(ORDER, 401, 404, 409),
    parameters=[NUMBER],
    request=None,
)
ask = _described(
    "order",
    "ask_about_order",
    "Ask the payment gateway now what became of an order",
    answers(ORDER, 401, 404, 429),
    parameters=[NUMBER],
    request=None,
)
success = _described(
    "order",
    "get_order_success",
    "Whether an order is paid: code 100, else 101",
    answers(SUCCESS, 400, 401, 404),
    parameters=[
        word("out_trade_no", "The order's number.", maxLength=64),
        word(
            "sign",
            "The gateway's, on the address that the buyer came back with, beside all its other "
            "parameters: then it is verified.",
        ),
    ],
)
notification = _described(
    "order",
    "take_notification",
    "The payment gateway's notification, answered with a bare word",
    {
        (200, "text/plain"): {"type": "string", "enum": ["success", "failed"]},
        **{(status, "application/json"): ERROR for status in (400, 413, 415, 503)},
    },
    request=NOTIFICATION,
    auth=[],
)
