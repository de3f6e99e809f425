"""Buying courses: cart, coupons, orders, payments and refunds."""
