"""The service's addresses, and what it is measured beside, in the same process."""

import time
from pathlib import Path

from course import reads
from course.pages import CourseQuery
from django.http import HttpRequest, HttpResponse
from django.urls import path
from luffy.envelope import text_answer, with_text
from luffy.urls import urlpatterns as own
from rest_framework.request import Request
from rest_framework.views import APIView

WAIT_S = 0.05
"""As long as a service of others may take."""
_PAGE = Path("/shared/page.json")


class _Body:
    """A page of courses as it was answered once, kept by the process."""

    content = b""


def bare(request: HttpRequest) -> HttpResponse:
    """The ceiling: a view of Django that answers a page of courses from its memory."""
    if not _Body.content:
        _Body.content = _PAGE.read_bytes()
    return HttpResponse(_Body.content, content_type="application/json")


def waiting(request: HttpRequest) -> HttpResponse:
    """Waits as for a service of others."""
    time.sleep(WAIT_S)
    return HttpResponse(b"{}", content_type="application/json")


class Uncached(APIView):
    """The list of courses, built from the database each time."""

    def get(self, request: Request) -> HttpResponse:
        """A page."""
        query = CourseQuery.of(request)
        count, results = reads.built_page(query)
        return text_answer(with_text(query.page.links(request, count), "results", results))


urlpatterns = [
    path("bare/", bare),
    path("waiting/", waiting),
    path("uncached/", Uncached.as_view()),
    *own,
]
handler400 = "luffy.errors.bad_request"
handler403 = "luffy.errors.permission_denied"
handler404 = "luffy.errors.not_found"
handler500 = "luffy.errors.server_error"
