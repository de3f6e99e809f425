"""How the school is doing, in a number of queries that does not grow with it.

Days are those of the site's time zone. Their bounds are reckoned here, not by the database: it
would need its time zone tables for that, which not every MariaDB has.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from course.models import Course
from shop.models import Order, OrderDetail

DAYS = 30
BEST_COURSES = 10
# The states of an order whose money came, whatever became of it.
PAID = (Order.Status.PAID, Order.Status.REFUNDING, Order.Status.REFUNDED)


def last_days(today: date | None = None, days: int = DAYS) -> list[date]:
    """The last `days` days, today being the last of them."""
    today = today or timezone.localdate()
    return [today - timedelta(days=before) for before in range(days - 1, -1, -1)]


def bounds(day: date) -> tuple[datetime, datetime]:
    """When `day` begins and ends where the site is."""
    zone = timezone.get_default_timezone()
    begin = datetime.combine(day, time.min, tzinfo=zone)
    return begin, datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)


def by_day(
    rows: "QuerySet[Any]", moment: str, days: Sequence[date], counted: Any = None
) -> list[tuple[date, Any]]:
    """For each of `days` how many `rows` have their `moment` within it, in one query.

    `counted` makes another aggregate than a count, from the condition that it is given.
    """
    if not days:
        return []
    make = counted or (lambda condition: Count("pk", filter=condition))
    within = {
        f"day_{place}": make(Q(**{f"{moment}__gte": begin, f"{moment}__lt": end}))
        for place, (begin, end) in enumerate(map(bounds, days))
    }
    whole = {f"{moment}__gte": bounds(days[0])[0], f"{moment}__lt": bounds(days[-1])[1]}
    found = rows.filter(**whole).order_by().aggregate(**within)
    return [(day, found[f"day_{place}"] or 0) for place, day in enumerate(days)]


def new_people(days: Sequence[date]) -> list[tuple[date, int]]:
    """How many registered on each day; those who left since are among them."""
    return by_day(User.objects.all(), "date_joined", days)


def people() -> int:
    """How many have an account that is good."""
    return User.objects.filter(is_active=True).count()


def most_taken_courses(most: int = BEST_COURSES) -> list[tuple[str, int]]:
    """The courses with most students, as visitors see them."""
    courses = Course.objects.public().order_by("-students", "pk")[:most]
    return list(courses.values_list("name", "students"))


def sales(days: Sequence[date]) -> list[tuple[date, Decimal]]:
    """What was paid on each day, less what was given back of it since."""
    paid = Order.objects.filter(order_status__in=PAID)

    def kept(condition: Q) -> Sum:
        return Sum(F("total_amount") - F("refunded_amount"), filter=condition)

    return [(day, Decimal(amount)) for day, amount in by_day(paid, "pay_time", days, kept)]


def orders_by_state() -> list[tuple[str, int]]:
    """How many orders stand where, in the order of the states."""
    counts = dict(Order.objects.order_by().values_list("order_status").annotate(number=Count("pk")))
    return [(str(state.label), counts.get(state.value, 0)) for state in Order.Status]


def best_courses(days: Sequence[date], most: int = BEST_COURSES) -> list[tuple[str, Decimal]]:
    """The courses that brought most within `days`; what was given back is left out.

    A course that was renamed in between has one of its names.
    """
    if not days:
        return []
    rows = (
        OrderDetail.objects.filter(
            order__order_status__in=PAID,
            order__pay_time__gte=bounds(days[0])[0],
            order__pay_time__lt=bounds(days[-1])[1],
            refund=None,
        )
        .order_by()
        .values("course_id")
        .annotate(taken=Sum("real_price"), shown=Max("name"))
        .filter(taken__gt=0)
        .order_by("-taken", "course_id")[:most]
    )
    return [(row["shown"], row["taken"]) for row in rows]
