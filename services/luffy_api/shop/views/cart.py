"""The cart."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedInView
from accounts.models import User
from luffy.envelope import success
from luffy.numbers import positive_number
from shop import cart, documentation
from shop.serializers import CartAddition, CartItemSerializer


def cart_answer(user: User) -> Response:
    """The cart as it is now."""
    found = cart.cart(user)
    result: dict[str, Any] = {
        "items": CartItemSerializer(list(found.items), many=True).data,
        "total_amount": f"{found.total:.2f}",
    }
    return success(_("OK"), result)


class CartView(SignedInView):
    """`GET`, `POST` and `DELETE cart/`."""

    @documentation.cart
    def get(self, request: Request) -> Response:
        """The cart at today's prices."""
        return cart_answer(self.user)

    @documentation.cart_add
    def post(self, request: Request) -> Response:
        """Put a course into it."""
        form = CartAddition(data=request.data)
        form.is_valid(raise_exception=True)
        cart.add(self.user, form.validated_data["course"])
        return cart_answer(self.user)

    @documentation.cart_clear
    def delete(self, request: Request) -> Response:
        """Take everything out."""
        cart.clear(self.user)
        return cart_answer(self.user)


class CartItemView(SignedInView):
    """`DELETE cart/{course_id}/`."""

    @documentation.cart_remove
    def delete(self, request: Request, course_id: str) -> Response:
        """Take one course out."""
        cart.remove(self.user, positive_number("course_id", course_id))
        return cart_answer(self.user)
