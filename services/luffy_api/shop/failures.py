"""What the shop refuses, each with its own word."""

from collections.abc import Collection
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException

from luffy.errors import FieldedException


class CoursesUnavailable(FieldedException):
    """Some of the courses cannot be bought now; their ids are told."""

    status_code = 409
    default_detail = gettext_lazy("Some of these courses cannot be bought now.")
    default_code = "courses_unavailable"

    def __init__(self, course_ids: Collection[int]) -> None:
        super().__init__({"courses": [str(course_id) for course_id in sorted(course_ids)]})


class AlreadyBought(FieldedException):
    """The buyer has some of the courses; their ids are told."""

    status_code = 409
    default_detail = gettext_lazy("You have some of these courses already.")
    default_code = "already_bought"

    def __init__(self, course_ids: Collection[int]) -> None:
        super().__init__({"courses": [str(course_id) for course_id in sorted(course_ids)]})


class CartFull(APIException):
    """The cart holds as much as it can."""

    status_code = 409
    default_detail = gettext_lazy("The cart is full. Buy or remove something first.")
    default_code = "cart_full"


class PriceChanged(FieldedException):
    """The buyer saw another total than that of now, which is told."""

    status_code = 409
    default_code = "price_changed"

    def __init__(self, total: Decimal, seen: Decimal) -> None:
        message = _("The total is %(total)s now, not %(seen)s. Please look again before you pay.")
        super().__init__(
            {"total_amount": [f"{total:.2f}"]},
            message % {"total": f"{total:.2f}", "seen": f"{seen:.2f}"},
        )


class CouponRefused(APIException):
    """A coupon does not apply; `default_code` of each tells why."""

    status_code = 409
    default_detail = gettext_lazy("This coupon cannot be used.")
    default_code = "coupon_refused"


class CouponUnknown(CouponRefused):
    """There is no such coupon, or it was switched off."""

    default_detail = gettext_lazy("There is no such coupon.")
    default_code = "coupon_unknown"


class CouponNotYet(CouponRefused):
    """Its time has not begun."""

    default_detail = gettext_lazy("This coupon is not valid yet.")
    default_code = "coupon_not_yet"


class CouponOver(CouponRefused):
    """Its time is over."""

    default_detail = gettext_lazy("This coupon is not valid any more.")
    default_code = "coupon_over"


class CouponUsedUp(CouponRefused):
    """It was used as often as it may be."""

    default_detail = gettext_lazy("This coupon is used up.")
    default_code = "coupon_used_up"


class CouponUsedByYou(CouponRefused):
    """The buyer used it as often as one person may."""

    default_detail = gettext_lazy("You have used this coupon already.")
    default_code = "coupon_used_by_you"


class CouponNotForThese(CouponRefused):
    """It takes nothing off any of the courses."""

    default_detail = gettext_lazy("This coupon is not for these courses.")
    default_code = "coupon_not_for_these"


class CouponMinimum(CouponRefused):
    """The order is too small for it."""

    default_code = "coupon_minimum"

    def __init__(self, minimum: Decimal) -> None:
        message = _("This coupon is for orders from %(minimum)s on.")
        super().__init__(message % {"minimum": f"{minimum:.2f}"})


class KeyReused(APIException):
    """The `Idempotency-Key` came with another order before."""

    status_code = 422
    default_detail = gettext_lazy("This Idempotency-Key was used for another order.")
    default_code = "idempotency_key_reused"


class TooManyOrders(APIException):
    """The buyer placed more orders of late than anybody needs to."""

    status_code = 429
    default_detail = gettext_lazy("You have placed many orders. Please pay or cancel some first.")
    default_code = "too_many_orders"
    wait = 600


class NotUnpaid(APIException):
    """What was asked is for orders that wait to be paid."""

    status_code = 409
    default_detail = gettext_lazy("This order does not wait to be paid any more.")
    default_code = "order_not_unpaid"


class PaymentNotConfigured(APIException):
    """No payment gateway is set up."""

    status_code = 503
    default_detail = gettext_lazy("This site takes no payments.")
    default_code = "payment_not_configured"


class PaymentUnavailable(APIException):
    """The payment gateway does not answer just now."""

    status_code = 503
    default_detail = gettext_lazy("The payment service does not answer just now. Please try again.")
    default_code = "payment_unavailable"
    wait = 30


class NotGenuineReturn(APIException):
    """The address that the buyer came back with is not of the gateway."""

    status_code = 400
    default_detail = gettext_lazy("This address was not made by the payment service.")
    default_code = "not_genuine"


class CannotRefund(APIException):
    """Nothing of this can be refunded now."""

    status_code = 409
    default_detail = gettext_lazy("This cannot be refunded now.")
    default_code = "cannot_refund"
