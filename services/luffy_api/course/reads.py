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
from luffy.envelope import as_text

SECTIONS_IN_PREVIEW = 4

course_reads = CachedReads("course")


def categories() -> bytes:
    """The categories: a list, as text, like all that follows."""
    return course_reads.get(
        "categories",
        lambda: as_text(CategorySerializer(CourseCategory.objects.shown(), many=True).data),
    )


def teachers() -> bytes:
    """The teachers."""
    return course_reads.get(
        "teachers", lambda: as_text(TeacherSerializer(Teacher.objects.shown(), many=True).data)
    )


def hot_words() -> bytes:
    """The words that visitors are offered to search for."""
    return course_reads.get(
        "hot_words", lambda: as_text(HotWordSerializer(HotWord.objects.shown(), many=True).data)
    )


def course_page(query: CourseQuery) -> tuple[int, bytes]:
    """How many courses match, and those of the page.

    Raises:
        ValidationError: the category does not exist.
        NotFound: the page lies beyond the last one.
    """

    def build() -> bytes:
        count, results = built_page(query)
        return b"%d\n%b" % (count, results)

    count, _line, results = course_reads.get(query.cache_key, build).partition(b"\n")
    return int(count), results


def built_page(query: CourseQuery) -> tuple[int, bytes]:
    """The same from the database, for what was searched for.

    Not cached: callers choose the words, and Redis would fill with what is asked once.
    """
    courses = query.courses()
    count = courses.count()
    # The ids first: sorted are these alone, and not thousands of rows with all their texts.
    ids = list(courses.values_list("pk", flat=True)[query.page.slice(count)])
    rows = Course.objects.select_related("teacher").defer("details").in_bulk(ids)
    return count, as_text(_as_data(rows[key] for key in ids if key in rows))


def course(course_id: int) -> bytes:
    """One course.

    Raises:
        NotFound: there is none that visitors may see.
    """

    def build() -> bytes:
        rows = Course.objects.public().select_related("teacher").filter(pk=course_id)
        found = _as_data(rows, WholeCourseSerializer)
        if not found:
            raise _no_course(course_id)
        return as_text(found[0])

    return course_reads.get(f"course:{course_id}", build)


def chapters(course_id: int) -> bytes:
    """The chapters of a course, with their sections.

    Raises:
        NotFound: there is no course that visitors may see.
    """

    def build() -> bytes:
        if not Course.objects.public().filter(pk=course_id).exists():
            raise _no_course(course_id)
        sections = Prefetch("coursesections", CourseSection.objects.shown())
        rows = CourseChapter.objects.shown().filter(course_id=course_id).prefetch_related(sections)
        return as_text(ChapterSerializer(rows, many=True).data)

    return course_reads.get(f"chapters:{course_id}", build)


def _as_data(
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
