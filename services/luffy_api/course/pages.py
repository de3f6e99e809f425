"""Pages of courses, as DRF shapes them: count, next, previous, results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from course.filters import CourseFilter
from course.models import Course, CourseQuerySet
from luffy.numbers import positive_number

DEFAULT_PAGE_SIZE = 10
LARGEST_PAGE_SIZE = 50


@dataclass(frozen=True)
class CourseQuery:
    """A checked question for a page of courses."""

    page: int
    page_size: int
    course_category: int | None
    ordering: tuple[str, ...]

    @classmethod
    def of(cls, request: Request) -> "CourseQuery":
        """The question in a request's parameters; a larger `page_size` counts as the largest.

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
            ordering=tuple(form.cleaned_data["ordering"] or ()),
        )

    @property
    def cache_key(self) -> str:
        """The same for questions that mean the same, however they were written."""
        parts = (self.page, self.page_size, self.course_category or "all", *self.ordering)
        return "list:" + ":".join(map(str, parts))

    def courses(self) -> CourseQuerySet:
        """Every course that is asked for, in order.

        Raises:
            ValidationError: the category does not exist.
        """
        parameters = {"ordering": ",".join(self.ordering)}
        if self.course_category is not None:
            parameters["course_category"] = str(self.course_category)
        found = CourseFilter(parameters, queryset=Course.objects.public())
        courses = cast("CourseQuerySet", found.qs)  # it filters what it was given
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
