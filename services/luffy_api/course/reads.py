"""The catalogue's answers, cached. The number of queries is the same however many rows there are.

Listed is what visitors may see: neither hidden nor deleted, and no course that is offline. A
section or chapter that is hidden takes what lies below it along.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import F, Prefetch, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from course.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseSection,
    HotWord,
    Teacher,
)
from course.pages import CourseQuery
from course.serializers import (
    CategorySerializer,
    ChapterSerializer,
    CourseSerializer,
    HotWordSerializer,
    TeacherSerializer,
    WholeCourseSerializer,
)
from luffy.cached_reads import CachedReads

SECTIONS_IN_PREVIEW = 4

course_reads = CachedReads("course")


def categories() -> list[Any]:
    """The categories."""
    return list(course_reads.get("categories", _build_categories))


def teachers() -> list[Any]:
    """The teachers."""

    def build() -> list[Any]:
        return list(TeacherSerializer(Teacher.objects.shown(), many=True).data)

    return list(course_reads.get("teachers", build))


def hot_words() -> list[Any]:
    """The words that visitors are offered to search for."""

    def build() -> list[Any]:
        return list(HotWordSerializer(HotWord.objects.shown(), many=True).data)

    return list(course_reads.get("hot_words", build))


def course_page(query: CourseQuery) -> tuple[int, list[Any]]:
    """How many courses match, and those of the page.

    Raises:
        ValidationError: the category does not exist.
        NotFound: the page lies beyond the last one.
    """
    answer = course_reads.get(query.cache_key, lambda: _page(query))
    return answer["count"], answer["results"]


def found_page(query: CourseQuery) -> tuple[int, list[Any]]:
    """The same for what was searched for, from the database.

    Not cached: callers choose the words, and Redis would fill with what is asked once.
    """
    answer = _page(query)
    return answer["count"], answer["results"]


def course(course_id: int) -> Any:
    """One course.

    Raises:
        NotFound: there is none that visitors may see.
    """

    def build() -> Any:
        rows = Course.objects.public().select_related("teacher").filter(pk=course_id)
        found = _as_json(rows, WholeCourseSerializer)
        if not found:
            raise _no_course(course_id)
        return found[0]

    return course_reads.get(f"course:{course_id}", build)


def chapters(course_id: int) -> list[Any]:
    """The chapters of a course, with their sections.

    Raises:
        NotFound: there is no course that visitors may see.
    """

    def build() -> list[Any]:
        if not Course.objects.public().filter(pk=course_id).exists():
            raise _no_course(course_id)
        sections = Prefetch("coursesections", CourseSection.objects.shown())
        rows = CourseChapter.objects.shown().filter(course_id=course_id).prefetch_related(sections)
        return list(ChapterSerializer(rows, many=True).data)

    return list(course_reads.get(f"chapters:{course_id}", build))


def _page(query: CourseQuery) -> dict[str, Any]:
    courses = query.courses()
    count = courses.count()
    page = courses.select_related("teacher").defer("details")[query.slice(count)]
    return {"count": count, "results": _as_json(page)}


def _build_categories() -> list[Any]:
    return list(CategorySerializer(CourseCategory.objects.shown(), many=True).data)


def _as_json(
    courses: Iterable[Course], serializer: type[CourseSerializer] = CourseSerializer
) -> list[Any]:
    rows = list(courses)
    # No request in the context: addresses of pictures are then given from the root on.
    context = {"previews": _previews([row.pk for row in rows])}
    return list(serializer(rows, many=True, context=context).data)


def _previews(course_ids: list[int]) -> dict[int, list[CourseSection]]:
    """The first sections of each course, in one query that reads no more than these."""
    place = Window(
        RowNumber(),
        partition_by=F("chapter__course_id"),
        order_by=("chapter__chapter", "chapter__id", "orders", "id"),
    )
    sections = (
        CourseSection.objects.shown()
        .filter(chapter__course_id__in=course_ids, chapter__is_show=True, chapter__is_delete=False)
        .annotate(course_id=F("chapter__course_id"), place=place)
        .filter(place__lte=SECTIONS_IN_PREVIEW)
        .order_by("course_id", "place")
    )
    previews: dict[int, list[CourseSection]] = defaultdict(list)
    for section in sections:
        previews[section.course_id].append(section)
    return previews


def _no_course(course_id: int) -> NotFound:
    return NotFound(_("There is no course %(id)s.") % {"id": course_id})
