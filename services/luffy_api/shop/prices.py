"""What an order costs. Amounts are `Decimal` yuan, rounded half up to the cent, by one rule."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from course.models import Course
from shop.models import Coupon

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")


def to_the_cent(amount: Decimal) -> Decimal:
    """`amount` rounded to the cent, half a cent up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Line:
    """A course with its price of today, and what is to be paid for it."""

    course_id: int
    name: str
    price: Decimal
    real_price: Decimal


@dataclass(frozen=True)
class Priced:
    """What several courses cost together."""

    lines: tuple[Line, ...]

    @property
    def amount(self) -> Decimal:
        """Before the discount."""
        return sum((line.price for line in self.lines), NOTHING)

    @property
    def total(self) -> Decimal:
        """What is to be paid: the sum of the lines, to the cent."""
        return sum((line.real_price for line in self.lines), NOTHING)

    @property
    def discount(self) -> Decimal:
        """What a coupon takes off."""
        return self.amount - self.total


def priced(courses: Iterable[Course]) -> Priced:
    """Today's prices without a coupon, in the order of the courses' ids."""
    ordered = sorted(courses, key=lambda course: course.pk)
    return Priced(
        tuple(Line(course.pk, course.name, course.price, course.price) for course in ordered)
    )


def discounted(prices: Priced, coupon: Coupon, course_ids: Collection[int] | None) -> Priced:
    """The same with what `coupon` takes off: of `course_ids`, or of all where it is None.

    The discount is spread in proportion to the prices. Each line's end is rounded, not its share:
    so the shares add up to the discount, and none is larger than its price.
    """
    base = sum((line.price for line in prices.lines if _takes(line, course_ids)), NOTHING)
    off = _off(base, coupon)
    lines, before, spread = [], NOTHING, NOTHING
    for line in prices.lines:
        if not base or not _takes(line, course_ids):
            lines.append(line)
            continue
        before += line.price
        until_here = to_the_cent(off * before / base)
        real_price = line.price - (until_here - spread)
        spread = until_here
        lines.append(Line(line.course_id, line.name, line.price, real_price))
    return Priced(tuple(lines))


def _takes(line: Line, course_ids: Collection[int] | None) -> bool:
    return course_ids is None or line.course_id in course_ids


def _off(base: Decimal, coupon: Coupon) -> Decimal:
    if coupon.kind == Coupon.Kind.PERCENT:
        return min(base, to_the_cent(base * coupon.value / 100))
    return min(base, coupon.value)
