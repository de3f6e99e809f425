"""Coupons, for buyers."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedInView
from luffy.caller import caller_network
from luffy.envelope import success
from shop import cart, documentation
from shop.coupons import counted_try
from shop.placing import quote
from shop.serializers import CouponCheck, QuoteSerializer


class CouponCheckView(SignedInView):
    """`POST coupon/check/`."""

    @documentation.coupon_check
    def post(self, request: Request) -> Response:
        """What a coupon takes off some courses, or off the cart."""
        form = CouponCheck(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        if "courses" in given:
            course_ids = frozenset(given["courses"])
        else:
            course_ids = cart.cart(self.user).course_ids
        if not course_ids:
            raise ValidationError({"courses": [_("There is nothing in the cart to buy.")]})
        with counted_try(given["code"], self.user, caller_network(request)):
            found = quote(self.user, course_ids, given["code"])
        return success(_("OK"), QuoteSerializer(found).data)
