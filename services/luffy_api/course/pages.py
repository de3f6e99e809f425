"""Questions for a page of courses."""

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import cast

from django.db.models import F
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from course.filters import CourseFilter
from course.models import Course, CourseQuerySet
from course.search import matching
from luffy.pages import Page

LONGEST_SEARCH = 100
_PARAMETERS = (
    *("page", "page_size", "course_category", "teacher", "free", "min_price", "max_price"),
    "ordering",
)


@dataclass(frozen=True)
class CourseQuery:
    """A checked question for a page of courses."""

    page: Page
    course_category: int | None
    teacher: int | None
    free: str
    min_price: str
    max_price: str
    ordering: tuple[str, ...]
    search: str | None = None

    @classmethod
    def of(cls, request: Request, *, searches: bool = False) -> "CourseQuery":
        """The question in a request's parameters; a larger `page_size` counts as the largest.

        `searches`: there must be words in `search`.

        Raises:
            ValidationError: a parameter is malformed.
        """
        given = request.query_params
        # As Django reads a parameter that stands twice: the last one counts.
        query = _checked(tuple(given.get(name) for name in _PARAMETERS))
        return replace(query, search=searched(given.get("search"))) if searches else query

    @property
    def cache_key(self) -> str:
        """The same for questions that mean the same, however they were written."""
        whose = (self.course_category or "all", self.teacher or "all", self.free or "all")
        prices = (self.min_price or "any", self.max_price or "any")
        parts = (self.page.number, self.page.size, *whose, *prices, *self.ordering)
        return "list:" + ":".join(map(str, parts))

    def courses(self) -> CourseQuerySet:
        """Every course that is asked for, in order.

        Raises:
            ValidationError: the category or the teacher does not exist.
        """
        parameters = {
            "ordering": ",".join(self.ordering),
            "free": self.free,
            "min_price": self.min_price,
            "max_price": self.max_price,
        }
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
        if not self.ordering:
            return courses
        # The id decides between equals, or a course could be on two pages and another on none;
        # of those of one day the newest is the one that came last.
        by_id = "-id" if self.ordering[-1] == "-pub_date" else "id"
        return courses.order_by(*self.ordering, by_id)


@lru_cache(maxsize=1024)
def _checked(parameters: tuple[str | None, ...]) -> CourseQuery:
    """The question in the values of `_PARAMETERS`; the same ones are asked again and again.

    Raises:
        ValidationError: one is malformed. That is not kept, since its text is in a language.
    """
    given = dict(zip(_PARAMETERS, parameters, strict=True))
    page = Page.read(given.pop("page"), given.pop("page_size"))
    form = CourseFilter(given, queryset=Course.objects.none()).form
    if not form.is_valid():
        raise ValidationError(
            {field: [str(error) for error in errors] for field, errors in form.errors.items()}
        )
    lowest, highest = form.cleaned_data["min_price"], form.cleaned_data["max_price"]
    if lowest is not None and highest is not None and lowest > highest:
        message = _("Expected at least min_price, %(lowest)s, found %(highest)s.")
        values = {"lowest": _amount(lowest), "highest": _amount(highest)}
        raise ValidationError({"max_price": [message % values]})
    return CourseQuery(
        page=page,
        course_category=form.cleaned_data["course_category"],
        teacher=form.cleaned_data["teacher"],
        free=form.cleaned_data["free"] or "",
        min_price=_amount(lowest),
        max_price=_amount(highest),
        ordering=tuple(form.cleaned_data["ordering"] or ()),
    )


def _amount(value: Decimal | None) -> str:
    """A price in the one way to write it; nothing for none."""
    return "" if value is None else f"{value:.2f}"


def searched(text: str | None) -> str:
    """The words in the parameter `search`.

    Raises:
        ValidationError: there are none, or it is too long.
    """
    words = (text or "").strip()
    if not words:
        raise ValidationError({"search": [_("This parameter is required.")]})
    if len(words) > LONGEST_SEARCH:
        message = _("Expected at most %(most)s characters, found %(found)s.")
        raise ValidationError({"search": [message % {"most": LONGEST_SEARCH, "found": len(words)}]})
    return words
