"""Begins and ends that somebody takes a course, and tells whether they do.

The number of a course's students is counted here. Lists show it late, by the lifetime of their
cache at most: to drop them with each student would leave nothing of the cache.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from course.models import Course
from learning.models import Enrolment


def enrol(user: User, course_ids: Iterable[int], source: Enrolment.Source) -> set[int]:
    """Let `user` take courses, and tell which are new. Those that they take already stay.

    The caller holds the lock of the user's row (`accounts.authentication.locked`), so no two
    requests enrol one person at once.
    """
    wanted = set(course_ids)
    with transaction.atomic():
        known = dict(
            Enrolment.objects.filter(user=user, course_id__in=wanted).values_list(
                "course_id", "ended"
            )
        )
        again = {course_id for course_id, ended in known.items() if ended is not None}
        new = wanted - set(known)
        _lock(new | again)
        Enrolment.objects.bulk_create(
            Enrolment(user=user, course_id=course_id, source=source) for course_id in sorted(new)
        )
        Enrolment.objects.filter(user=user, course_id__in=again).update(ended=None, source=source)
        _count(new | again, 1)
    return new | again


def withdraw(user: User, course_ids: Iterable[int]) -> set[int]:
    """End that `user` takes courses, and tell which they took. The same lock is held."""
    with transaction.atomic():
        rows = Enrolment.objects.filter(user=user, course_id__in=set(course_ids), ended=None)
        taken = set(rows.values_list("course_id", flat=True))
        rows.update(ended=timezone.now())
        _count(taken, -1)
    return taken


def enrolled_ids(user: User, course_ids: Iterable[int]) -> set[int]:
    """Which of these courses `user` takes."""
    rows = Enrolment.objects.filter(user=user, course_id__in=set(course_ids), ended=None)
    return set(rows.values_list("course_id", flat=True))


def is_enrolled(user: User, course_id: int) -> bool:
    """Whether `user` takes a course."""
    return bool(enrolled_ids(user, [course_id]))


def _lock(course_ids: Iterable[int]) -> None:
    """Lock courses before rows are written that refer to them: each such row shares its course's
    lock, and of two people who shared it neither could count."""
    courses = Course.objects.select_for_update().filter(pk__in=set(course_ids))
    list(courses.order_by("pk").values_list("pk"))


def _count(course_ids: Iterable[int], by: int) -> None:
    # One after another in the order of their ids: two requests never wait for each other.
    for course_id in sorted(course_ids):
        row = Course.objects.filter(pk=course_id)
        if by < 0:
            row = row.filter(students__gt=0)
        row.update(students=F("students") + by)
