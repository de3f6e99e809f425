"""The shop's tables."""

from shop.models.cart import CartItem
from shop.models.coupons import Coupon, CouponUse
from shop.models.orders import Order, OrderDetail, OrderKey
from shop.models.payments import Payment, Refund

__all__ = [
    "CartItem",
    "Coupon",
    "CouponUse",
    "Order",
    "OrderDetail",
    "OrderKey",
    "Payment",
    "Refund",
]
