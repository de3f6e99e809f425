"""Names of courses for what somebody has begun to type: two queries, whatever there is."""

from typing import Any

from course.models import Course, CourseSearch
from course.search import MOST_WORDS, Match
from course.words import search_words

MOST = 8
_LOOKED_AT = 200
"""Of the names that fit best; the popular ones of these are offered. A beginning may fit many."""


def suggestions(text: str) -> list[dict[str, Any]]:
    """At most MOST public courses whose names hold every word of `text`, the popular ones first."""
    words = search_words(text)[:MOST_WORDS]
    if not words:
        return []
    every = Match("name_words", words=" ".join(f"+{word}" for word in words))
    fitting = CourseSearch.objects.annotate(fits=every).filter(fits__gt=0).order_by("-fits", "pk")
    # MariaDB takes no limit within a subquery, so the ids come by themselves.
    ids = list(fitting.values_list("pk", flat=True)[:_LOOKED_AT])
    found = Course.objects.public().filter(pk__in=ids).order_by("-students", "orders", "pk")
    return [{"id": key, "name": name} for key, name in found.values_list("pk", "name")[:MOST]]
