"""Prices and discounts: to the cent, by one rule."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.coupons import normalised
from shop.models import Coupon
from shop.prices import Line, Priced, discounted, to_the_cent

CENTS = st.integers(0, 99_999_999).map(lambda cents: Decimal(cents) / 100)
VALUES = st.integers(1, 10_000).map(lambda cents: Decimal(cents) / 100)


def prices(*amounts: str | Decimal) -> Priced:
    lines = enumerate((Decimal(amount) for amount in amounts), start=1)
    return Priced(tuple(Line(number, f"Course {number}", one, one) for number, one in lines))


def coupon(kind: str, value: str | Decimal) -> Coupon:
    return Coupon(kind=kind, value=Decimal(value))


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("0.004", "0.00"), ("1.115", "1.12"), ("2.675", "2.68"), ("1.125", "1.13")],
)
def test_half_a_cent_is_rounded_up(amount: str, rounded: str) -> None:
    assert to_the_cent(Decimal(amount)) == Decimal(rounded)


def test_percent_are_taken_off() -> None:
    found = discounted(prices("39.00", "99.90"), coupon("percent", "15"), None)
    assert (found.amount, found.discount, found.total) == (
        Decimal("138.90"),
        Decimal("20.84"),  # 20.835
        Decimal("118.06"),
    )


def test_an_amount_is_taken_off_and_never_more_than_there_is() -> None:
    assert discounted(prices("39"), coupon("amount", "10"), None).total == 29
    assert discounted(prices("39"), coupon("amount", "100"), None).total == 0


def test_it_is_taken_off_the_courses_that_it_is_for() -> None:
    found = discounted(prices("10", "20", "30"), coupon("percent", "50"), {1, 3})
    assert [line.real_price for line in found.lines] == [5, 20, 15]
    nothing = discounted(prices("10"), coupon("percent", "50"), {7})
    assert nothing.discount == 0


def test_a_discount_that_does_not_divide_is_spread_to_the_cent() -> None:
    found = discounted(prices("0.10", "0.10", "0.10"), coupon("amount", "0.10"), None)
    assert [line.real_price for line in found.lines] == [
        Decimal("0.07"),
        Decimal("0.06"),
        Decimal("0.07"),
    ]
    assert found.total == Decimal("0.20")


@settings(database=None, deadline=None, derandomize=True)
@given(st.lists(CENTS, min_size=1, max_size=50), st.sampled_from(["percent", "amount"]), VALUES)
def test_whatever_the_prices_the_lines_add_up(
    amounts: list[Decimal], kind: str, value: Decimal
) -> None:
    before = prices(*amounts)
    found = discounted(before, coupon(kind, value), None)
    off = value if kind == "amount" else to_the_cent(before.amount * value / 100)
    assert found.discount == min(off, before.amount)
    assert found.total == before.amount - found.discount
    for line in found.lines:
        assert 0 <= line.real_price <= line.price
        assert line.real_price == to_the_cent(line.real_price)


@pytest.mark.parametrize("typed", ["AUTUMN-1", "autumn-1", " Autumn - 1\n", "ＡＵＴＵＭＮ－１"])
def test_a_code_is_the_same_however_it_is_typed(typed: str) -> None:
    assert normalised(typed) == "AUTUMN-1"
