"""Which courses can be bought, and by whom."""

from collections.abc import Collection

from accounts.models import User
from course.models import Course, CourseQuerySet
from learning.enrolment import enrolled_ids
from shop.failures import AlreadyBought, CoursesUnavailable


def for_sale() -> CourseQuerySet:
    """The courses that can be bought: neither hidden nor deleted, and online, not coming soon."""
    return Course.objects.shown().filter(status=Course.Status.ONLINE)


def is_for_sale(course: Course) -> bool:
    """The same of one that was read."""
    return course.is_show and not course.is_delete and course.status == Course.Status.ONLINE


def to_buy(user: User, course_ids: Collection[int], *, lock: bool = False) -> list[Course]:
    """The courses with these ids, all of which `user` can buy, by id.

    `lock`: keep them as they are until the transaction ends.

    Raises:
        CoursesUnavailable: some cannot be bought by anybody.
        AlreadyBought: `user` has some.
    """
    wanted = set(course_ids)
    rows = Course.objects.filter(pk__in=wanted).defer("details").order_by("pk")
    if lock:
        rows = rows.select_for_update()
    courses = [course for course in rows if is_for_sale(course)]
    missing = wanted - {course.pk for course in courses}
    if missing:
        raise CoursesUnavailable(missing)
    owned = enrolled_ids(user, wanted)
    if owned:
        raise AlreadyBought(owned)
    return courses
