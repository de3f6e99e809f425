"""What a list of courses can be asked for."""

import django_filters
from django import forms
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from course.models import CourseCategory, CourseQuerySet, Teacher
from luffy.numbers import LARGEST_ID


class IdFilter(django_filters.Filter):
    """A row's id."""

    field_class = forms.IntegerField

    def __init__(self, method: str) -> None:
        super().__init__(method=method, min_value=1, max_value=LARGEST_ID)


class PriceFilter(django_filters.Filter):
    """A bound of the price, as prices are stored."""

    field_class = forms.DecimalField

    def __init__(self, lookup: str) -> None:
        super().__init__(
            field_name="price", lookup_expr=lookup, min_value=0, max_digits=8, decimal_places=2
        )


class CourseFilter(django_filters.FilterSet):
    """The parameters `course_category`, `teacher`, `free`, `min_price`, `max_price` and
    `ordering` (±price, ±students, ±pub_date).

    The form behind it looks at their shape alone and asks no database, so that an answer from the
    cache needs no query; whether category and teacher exist is asked when the rows are read.
    """

    course_category = IdFilter(method="of_category")
    teacher = IdFilter(method="of_teacher")
    free = django_filters.ChoiceFilter(
        choices=(("true", "true"), ("false", "false")), method="that_are_free"
    )
    min_price = PriceFilter("gte")
    max_price = PriceFilter("lte")
    ordering = django_filters.OrderingFilter(
        fields=tuple((name, name) for name in ("price", "students", "pub_date"))
    )

    def of_category(self, courses: CourseQuerySet, name: str, value: int) -> CourseQuerySet:
        """The courses of a category that visitors may see.

        Raises:
            ValidationError: there is none with this id.
        """
        if not CourseCategory.objects.shown().filter(pk=value).exists():
            raise ValidationError({name: [_("There is no category %(id)s.") % {"id": value}]})
        return courses.filter(course_category_id=value)

    def of_teacher(self, courses: CourseQuerySet, name: str, value: int) -> CourseQuerySet:
        """The courses of a teacher whom visitors may see.

        Raises:
            ValidationError: there is none with this id.
        """
        if not Teacher.objects.shown().filter(pk=value).exists():
            raise ValidationError({name: [_("There is no teacher %(id)s.") % {"id": value}]})
        return courses.filter(teacher_id=value)

    def that_are_free(self, courses: CourseQuerySet, name: str, value: str) -> CourseQuerySet:
        """Those that cost nothing, or those that cost something."""
        return courses.filter(price=0) if value == "true" else courses.filter(price__gt=0)
