"""Reviews of a course, one by each who takes it, and what they come to.

A course's row holds the number and the sum of its reviews that are shown, so that a list of courses
costs no query more. It is counted anew under the row's lock whenever a review changes. Lists show
it late, by the lifetime of their cache at most.
"""

from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from accounts.authentication import locked
from accounts.models import User
from course.models import Course
from learning.enrolment import is_enrolled
from learning.failures import NotEnrolled
from learning.models import Review
from luffy.pages import Page

RATINGS = range(1, 6)


def write(user: User, course_id: int, rating: int, text: str) -> Review:
    """Write or change the review of `user`. One that staff hid stays hidden.

    Raises:
        NotEnrolled: they do not take the course.
        AuthenticationFailed: the account is gone by now.
    """
    with transaction.atomic():
        # Under the user's lock, so that two at once write one review.
        user = locked(user)
        if not is_enrolled(user, course_id):
            raise NotEnrolled
        # Before the row that refers to it is written, or two who then count wait for each other.
        _lock(course_id)
        review = Review.objects.filter(user=user, course_id=course_id).first()
        review = review or Review(user=user, course_id=course_id)
        review.rating, review.text = rating, text
        review.save()
    return review


def withdraw(user: User, course_id: int) -> None:
    """Delete the review of `user`, if there is one."""
    with transaction.atomic():
        user = locked(user)
        _lock(course_id)
        review = Review.objects.filter(user=user, course_id=course_id).first()
        if review is not None:
            review.delete()


def page_of(course_id: int, page: Page) -> tuple[int, list[Review]]:
    """How many reviews of a course are shown, and those of a page, the newest first.

    Raises:
        NotFound: there is no course that visitors may see, or no such page.
    """
    if not Course.objects.public().filter(pk=course_id).exists():
        raise NotFound(_("There is no course %(id)s.") % {"id": course_id})
    rows = Review.objects.filter(course_id=course_id, is_show=True)
    count = rows.count()
    return count, list(rows.select_related("user")[page.slice(count)])


def distribution(course_id: int) -> dict[str, int]:
    """How often each rating was given."""
    rows = Review.objects.filter(course_id=course_id, is_show=True).order_by()
    found = dict(rows.values_list("rating").annotate(Count("id")))
    return {str(rating): found.get(rating, 0) for rating in RATINGS}


def count_on_change() -> None:
    """Connect a saved or deleted review with what its course's row says of all of them."""

    def changed(instance: Review, **_signal: Any) -> None:
        _count(instance.course_id)

    for signal in (post_save, post_delete):
        # weak=False: nothing else holds this function
        signal.connect(changed, sender=Review, weak=False, dispatch_uid="learning.review")


def _count(course_id: int) -> None:
    with transaction.atomic():
        # Whoever waits here then sees what the one before has committed.
        _lock(course_id)
        rows = Review.objects.filter(course_id=course_id, is_show=True).order_by()
        found = rows.aggregate(reviews=Count("id"), rating_total=Sum("rating", default=0))
        Course.objects.filter(pk=course_id).update(**found)


def _lock(course_id: int) -> None:
    list(Course.objects.select_for_update().filter(pk=course_id).values_list("pk"))
