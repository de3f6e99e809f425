"""The courses that somebody takes, each with how far they came. Five queries for any number."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from accounts.models import User
from course.models import Course
from learning.failures import NotEnrolled
from learning.models import Certificate, Enrolment
from learning.syllabus import CourseProgress, chapters, course_progress
from luffy.pages import Page
from luffy.picture_sizes import picture_set


def my_courses(user: User, page: Page) -> tuple[int, list[dict[str, Any]]]:
    """How many there are, and those of a page.

    Raises:
        NotFound: the page lies beyond the last one.
    """
    rows = _taken(user)
    count = rows.count()
    shown = list(rows[page.slice(count)])
    ids = [row.course_id for row in shown]
    progress = course_progress(user, ids)
    codes = _certificates(user, ids)
    return count, [_course(row, progress[row.course_id], codes) for row in shown]


def my_course(user: User, course_id: int) -> dict[str, Any]:
    """One of them, with its chapters and which of their sections are done.

    Raises:
        NotFound: there is no such course.
        NotEnrolled: `user` does not take it.
    """
    row = _taken(user).filter(course_id=course_id).first()
    if row is None:
        # What is out of sight is nothing to who does not take it.
        if Course.objects.public().filter(pk=course_id).exists():
            raise NotEnrolled
        raise NotFound(_("There is no course %(id)s.") % {"id": course_id})
    progress = course_progress(user, [course_id])[course_id]
    return {
        **_course(row, progress, _certificates(user, [course_id])),
        "chapters": [
            {
                "id": chapter.pk,
                "chapter": chapter.chapter,
                "name": chapter.name,
                "summary": chapter.summary,
                "coursesections": [
                    {
                        "id": section.pk,
                        "name": section.name,
                        "section_type": section.section_type,
                        "duration": section.duration,
                        "free_trail": section.free_trail,
                        "done": section.pk in progress.done_ids,
                    }
                    for section in chapter.coursesections.all()
                ],
            }
            for chapter in chapters(course_id)
        ],
    }


def _taken(user: User) -> QuerySet[Enrolment]:
    rows = Enrolment.objects.filter(user=user, ended=None, course__is_delete=False)
    return rows.select_related("course").defer("course__details")


def _certificates(user: User, course_ids: list[int]) -> dict[int, str]:
    rows = Certificate.objects.filter(user=user, course_id__in=course_ids)
    return dict(rows.values_list("course_id", "code"))


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
