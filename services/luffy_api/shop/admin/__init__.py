"""The shop in the administration."""

from shop.admin import coupons, orders

__all__ = ["coupons", "orders"]
