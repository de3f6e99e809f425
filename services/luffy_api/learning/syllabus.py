"""A course's published sections in their order, and what becomes of them for one person."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from accounts.models import User
from course.models import CourseChapter, CourseSection
from learning.models import SectionProgress


@dataclass(frozen=True)
class Place:
    """A section in its course."""

    id: int
    name: str


def places(course_ids: Iterable[int]) -> dict[int, list[Place]]:
    """The published sections of each course, in one query."""
    rows = (
        CourseSection.objects.shown()
        .filter(
            chapter__course_id__in=set(course_ids),
            chapter__is_show=True,
            chapter__is_delete=False,
        )
        .order_by("chapter__chapter", "chapter__id", "orders", "id")
        .values_list("chapter__course_id", "id", "name")
    )
    found: dict[int, list[Place]] = defaultdict(list)
    for course_id, section_id, name in rows:
        found[course_id].append(Place(section_id, name))
    return found


def chapters(course_id: int) -> list[CourseChapter]:
    """The published chapters of a course with their published sections, in the same order."""
    sections = CourseSection.objects.shown().order_by("orders", "id")
    rows = CourseChapter.objects.shown().filter(course_id=course_id)
    ordered = rows.order_by("chapter", "id")
    return list(ordered.prefetch_related(Prefetch("coursesections", sections)))


def neighbours(ordered: list[Place], section_id: int) -> tuple[Place | None, Place | None]:
    """The sections before and after one."""
    ids = [place.id for place in ordered]
    if section_id not in ids:
        return None, None
    at = ids.index(section_id)
    before = ordered[at - 1] if at else None
    after = ordered[at + 1] if at + 1 < len(ordered) else None
    return before, after


@dataclass(frozen=True)
class CourseProgress:
    """How far somebody came in a course, and the section to go on with: none in an empty one."""

    done_ids: frozenset[int]
    sections: int
    go_on: Place | None
    position_s: int

    @property
    def done(self) -> int:
        """How many are done."""
        return len(self.done_ids)

    @property
    def percent(self) -> int:
        """Whole per cent; 100 only when all is done."""
        return self.done * 100 // self.sections if self.sections else 0


def course_progress(user: User, course_ids: Iterable[int]) -> dict[int, CourseProgress]:
    """`user`'s progress in each of the courses; two queries for all of them."""
    wanted = set(course_ids)
    by_course = places(wanted)
    rows = SectionProgress.objects.filter(user=user, section__chapter__course_id__in=wanted)
    known = {row.section_id: row for row in rows}
    return {course_id: _progress(by_course[course_id], known) for course_id in wanted}


def _progress(ordered: list[Place], known: dict[int, SectionProgress]) -> CourseProgress:
    done = frozenset(place.id for place in ordered if place.id in known and known[place.id].done)
    go_on = _where_to_go_on(ordered, known, done)
    at = known.get(go_on.id) if go_on and go_on.id not in done else None
    return CourseProgress(done, len(ordered), go_on, at.position_s if at else 0)


def _where_to_go_on(
    ordered: list[Place], known: dict[int, SectionProgress], done: frozenset[int]
) -> Place | None:
    """The section seen last, or, once it is done, the next that is not; the first when all are."""
    if not ordered:
        return None
    seen = [place for place in ordered if place.id in known]
    last = max(seen, key=lambda place: known[place.id].seen_ms, default=ordered[0])
    from_there = ordered[ordered.index(last) :]
    for place in (*from_there, *ordered):
        if place.id not in done:
            return place
    return ordered[0]
