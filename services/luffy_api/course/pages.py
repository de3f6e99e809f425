"""Pages of courses, as DRF shapes them: count, next, previous, results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import F
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from course.filters import CourseFilter
from course.models import Course, CourseQuerySet
from course.search import matching
from luffy.numbers import positive_number

DEFAULT_PAGE_SIZE = 10
LARGEST_PAGE_SIZE = 50
LONGEST_SEARCH = 100


@dataclass(frozen=True)
class CourseQuery:
    """A checked question for a page of courses."""

    page: int
    page_size: int
    course_category: int | None
    teacher: int | None
    free: str
    ordering: tuple[str, ...]
    search: str | None = None

    @classmethod
    def of(cls, request: Request, *, searches: bool = False) -> "CourseQuery":
        """The question in a request's parameters; a larger `page_size` counts as the largest.

        `searches`: there must be words in `search`.

        Raises:
            ValidationError: a parameter is malformed.
        """
        parameters = request.query_params
        page = positive_number("page", parameters.get("page"), default=1)
        page_size = positive_number("page_size", parameters.get("page_size"), DEFAULT_PAGE_SIZE)
        form = CourseFilter(parameters, queryset=Course.objects.none()).form
        if not form.is_valid():
            raise ValidationError(
                {field: [str(error) for error in errors] for field, errors in form.errors.items()}
            )
        return cls(
            page=page,
            page_size=min(page_size, LARGEST_PAGE_SIZE),
            course_category=form.cleaned_data["course_category"],
            teacher=form.cleaned_data["teacher"],
            free=form.cleaned_data["free"] or "",
            ordering=tuple(form.cleaned_data["ordering"] or ()),
            search=_searched(parameters.get("search")) if searches else None,
        )

    @property
    def cache_key(self) -> str:
        """The same for questions that mean the same, however they were written."""
        whose = (self.course_category or "all", self.teacher or "all", self.free or "all")
        parts = (self.page, self.page_size, *whose, *self.ordering)
        return "list:" + ":".join(map(str, parts))

    def courses(self) -> CourseQuerySet:
        """Every course that is asked for, in order.

        Raises:
            ValidationError: the category or the teacher does not exist.
        """
        parameters = {"ordering": ",".join(self.ordering), "free": self.free}
        if self.course_category is not None:
            parameters["course_category"] = str(self.course_category)
        if self.teacher is not None:
            parameters["teacher"] = str(self.teacher)
        found = CourseFilter(parameters, queryset=Course.objects.public())
        courses = cast("CourseQuerySet", found.qs)  # it filters what it was given
        if self.search is not None:
            courses = matching(courses, self.search)
            if not self.ordering:
                return courses.order_by(F("score").desc(), "orders", "id")
        # The id decides between equals, or a course could be on two pages and another on none.
        return courses.order_by(*self.ordering, "id") if self.ordering else courses

    def slice(self, count: int) -> slice:
        """Where the page lies among `count` courses.

        Raises:
            NotFound: beyond the last page.
        """
        first = (self.page - 1) * self.page_size
        if first >= count and self.page > 1:
            pages = max(1, -(-count // self.page_size))
            message = _("There is no page %(page)s; the last one is %(pages)s.")
            raise NotFound(message % {"page": self.page, "pages": pages})
        return slice(first, first + self.page_size)

    def answer(self, request: Request, count: int, results: Sequence[Any]) -> dict[str, Any]:
        """The page with links to its neighbours under the name that the caller used."""
        address = request.build_absolute_uri()
        following = previous = None
        if self.page * self.page_size < count:
            following = replace_query_param(address, "page", self.page + 1)
        if self.page == 2:
            previous = remove_query_param(address, "page")
        elif self.page > 2:
            previous = replace_query_param(address, "page", self.page - 1)
        return {"count": count, "next": following, "previous": previous, "results": results}


def _searched(text: str | None) -> str:
    words = (text or "").strip()
    if not words:
        raise ValidationError({"search": [_("This parameter is required.")]})
    if len(words) > LONGEST_SEARCH:
        message = _("Expected at most %(most)s characters, found %(found)s.")
        raise ValidationError({"search": [message % {"most": LONGEST_SEARCH, "found": len(words)}]})
    return words
