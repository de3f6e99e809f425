"""Addresses of the shop: below `cart/`, `coupon/` and `order/`."""

from django.urls import path

from shop.views.cart import CartItemView, CartView
from shop.views.coupons import CouponCheckView
from shop.views.orders import (
    AskView,
    CancelView,
    OrderListView,
    OrderView,
    PayAgainView,
    PayView,
    QuoteView,
)
from shop.views.success import SuccessView

urlpatterns = [
    path("cart/", CartView.as_view(), name="cart"),
    # Any text: one that is no number is told so, instead of "nothing at this address".
    path("cart/<str:course_id>/", CartItemView.as_view(), name="cart-item"),
    path("coupon/check/", CouponCheckView.as_view(), name="coupon-check"),
    path("order/", OrderListView.as_view(), name="order-list"),
    path("order/quote/", QuoteView.as_view(), name="order-quote"),
    path("order/pay/", PayView.as_view(), name="order-pay"),
    path("order/success/", SuccessView.as_view(), name="order-success"),
    path("order/<str:out_trade_no>/", OrderView.as_view(), name="order"),
    path("order/<str:out_trade_no>/pay/", PayAgainView.as_view(), name="order-pay-again"),
    path("order/<str:out_trade_no>/cancel/", CancelView.as_view(), name="order-cancel"),
    path("order/<str:out_trade_no>/ask/", AskView.as_view(), name="order-ask"),
]
