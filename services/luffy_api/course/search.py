"""Finds courses by the words in them."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, FloatField, Func, QuerySet, Value
from django.db.models.signals import post_save
from django.db.models.sql.compiler import SQLCompiler

from course.models import Course, CourseCategory, CourseQuerySet, CourseSearch, Teacher
from course.words import index_words, search_words

MOST_WORDS = 16
"""Of a question; what stands behind them is not looked at."""
_NAME_COUNTS = 4.0
_AT_ONCE = 500


class Match(Func):
    """`MATCH(columns) AGAINST(words IN BOOLEAN MODE)`: how well a row fits, 0 where it does not."""

    def __init__(self, *columns: str, words: str) -> None:
        super().__init__(*map(F, columns), output_field=FloatField())
        self._words = words

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> tuple[str, tuple[str | int, ...]]:
        """MariaDB's own form."""
        compiled = [compiler.compile(column) for column in self.get_source_expressions()]
        columns = ", ".join(sql for sql, _ in compiled)
        return f"MATCH({columns}) AGAINST(%s IN BOOLEAN MODE)", (self._words,)


def matching(courses: CourseQuerySet, text: str) -> CourseQuerySet:
    """Those of `courses` that hold every word of `text`, with their `score`.

    None where there is no word in it.
    """
    words = search_words(text)[:MOST_WORDS]
    if not words:
        return courses.none().annotate(found=Value(0.0), score=Value(0.0))
    every = " ".join(f"+{word}" for word in words)
    name, other = "search__name_words", "search__other_words"
    in_all = Match(name, other, words=every)
    in_name = Match(name, words=" ".join(words))
    return courses.annotate(found=in_all, score=in_all + Value(_NAME_COUNTS) * in_name).filter(
        found__gt=0
    )


def index(courses: QuerySet[Course]) -> int:
    """Write anew what `courses` are found by; how many they were."""
    rows = courses.select_related("teacher", "course_category").order_by("pk")
    count, last = 0, 0
    while batch := list(rows.filter(pk__gt=last)[:_AT_ONCE]):
        last = batch[-1].pk
        count += len(batch)
        CourseSearch.objects.bulk_create(
            map(_row, batch),
            update_conflicts=True,
            update_fields=["name_words", "other_words"],
        )
    return count


def index_on_save() -> None:
    """Connect saved rows with what courses are found by: a course's own, its teacher's, its
    category's. Bulk updates send no signals; whoever uses one calls `index`."""

    def changed(instance: Course | Teacher | CourseCategory, raw: bool, **_signal: Any) -> None:
        if raw:
            return
        own = Course.objects.filter(pk=instance.pk)
        index(own if isinstance(instance, Course) else instance.courses.all())

    for model in (Course, Teacher, CourseCategory):
        uid = f"{model._meta.label}:search"
        # weak=False: nothing else holds this function
        post_save.connect(changed, sender=model, weak=False, dispatch_uid=uid)


def _row(course: Course) -> CourseSearch:
    others = (course.brief, course.teacher.name, course.course_category.name)
    return CourseSearch(
        course=course,
        name_words=" ".join(index_words(course.name)),
        other_words=" ".join(index_words("\n".join(others))),
    )
