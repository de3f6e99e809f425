"""The courses that somebody takes, each with how far they came. Five queries for any number."""

from typing import Any

from accounts.models import User
from learning.models import Certificate, Enrolment
from learning.syllabus import CourseProgress, course_progress
from luffy.pages import Page
from luffy.picture_sizes import picture_set


def my_courses(user: User, page: Page) -> tuple[int, list[dict[str, Any]]]:
    """How many there are, and those of a page.

    Raises:
        NotFound: the page lies beyond the last one.
    """
    rows = Enrolment.objects.filter(user=user, ended=None, course__is_delete=False)
    count = rows.count()
    shown = list(rows.select_related("course").defer("course__details")[page.slice(count)])
    ids = [row.course_id for row in shown]
    progress = course_progress(user, ids)
    codes = dict(
        Certificate.objects.filter(user=user, course_id__in=ids).values_list("course_id", "code")
    )
    return count, [_course(row, progress[row.course_id], codes) for row in shown]


def _course(row: Enrolment, progress: CourseProgress, codes: dict[int, str]) -> dict[str, Any]:
    course, go_on = row.course, progress.go_on
    return {
        "id": course.pk,
        "name": course.name,
        "course_img": course.course_img.url if course.course_img else None,
        "course_img_set": picture_set(course, "course_img"),
        "began": row.began.isoformat(),
        "done": progress.done,
        "sections": progress.sections,
        "percent": progress.percent,
        "go_on": {"id": go_on.id, "name": go_on.name} if go_on else None,
        "position": progress.position_s,
        "certificate": codes.get(course.pk),
    }
