"""What somebody means to buy, at today's prices."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from accounts.authentication import locked
from accounts.models import User
from course.models import Course
from learning.enrolment import enrolled_ids
from shop.failures import CartFull
from shop.models import CartItem
from shop.offers import is_for_sale, to_buy
from shop.prices import NOTHING
from shop.transactions import in_transaction

NOT_FOR_SALE, HAS_IT = "not_for_sale", "already_bought"


@dataclass(frozen=True)
class Item:
    """A course in a cart, and why it cannot be ordered, if it cannot."""

    course: Course
    why_not: str

    @property
    def is_available(self) -> bool:
        """Whether an order of it would be taken."""
        return not self.why_not


@dataclass(frozen=True)
class Cart:
    """All of somebody's cart, the newest first."""

    items: tuple[Item, ...]

    @property
    def total(self) -> Decimal:
        """Of what is available, before any coupon."""
        prices = (item.course.price for item in self.items if item.is_available)
        return sum(prices, NOTHING)

    @property
    def course_ids(self) -> frozenset[int]:
        """What an order of the cart would hold."""
        return frozenset(item.course.pk for item in self.items if item.is_available)


def cart(user: User) -> Cart:
    """The cart of `user`."""
    rows = CartItem.objects.filter(user=user).select_related("course").defer("course__details")
    courses = [row.course for row in rows]
    owned = enrolled_ids(user, [course.pk for course in courses])
    return Cart(tuple(Item(course, _why_not(course, owned)) for course in courses))


def add(user: User, course_id: int) -> None:
    """Put a course into the cart; one that lies there stays.

    Raises:
        NotFound: there is no course that visitors may see.
        CoursesUnavailable: it cannot be bought now.
        AlreadyBought: `user` has it.
        CartFull: there is no room.
    """
    if not Course.objects.public().filter(pk=course_id).exists():
        raise NotFound(_("There is no course %(id)s.") % {"id": course_id})
    to_buy(user, {course_id})

    def work() -> None:
        owner = locked(user)
        rows = CartItem.objects.filter(user=owner)
        if rows.filter(course_id=course_id).exists():
            return
        if rows.count() >= settings.CART_SIZE:
            raise CartFull
        CartItem.objects.create(user=owner, course_id=course_id)

    in_transaction(work)


def remove(user: User, course_id: int) -> None:
    """Take a course out of the cart; one that is not there is out of it already."""
    CartItem.objects.filter(user=user, course_id=course_id).delete()


def clear(user: User) -> None:
    """Take everything out of the cart."""
    CartItem.objects.filter(user=user).delete()


def _why_not(course: Course, owned: set[int]) -> str:
    if course.pk in owned:
        return HAS_IT
    return "" if is_for_sale(course) else NOT_FOR_SALE
