"""`/sitemap.xml` and `/robots.txt`: what search engines should look at.

Addresses are those of the site's own pages, under the name that was asked for. What is kept in
Redis has a name that nobody has in its place: any port goes with a name of ours, and each would be
kept by itself.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import index, sitemap
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from course.models import Course, CourseQuerySet
from course.reads import course_reads

SCHEME = "https" if settings.HTTPS else "http"
NOBODY = "site.invalid"
NOT_FOR_SEARCH = (
    *("/admin/", "/api/", "/my/", "/cart", "/checkout", "/pay/", "/login", "/register"),
    *("/password-reset", "/status", "/search", "/certificate", "/protected/"),
)


class _Pages(Sitemap):  # type: ignore[type-arg] # not when it runs
    """The front page and the list of courses."""

    protocol = SCHEME

    def items(self) -> list[str]:
        return ["/", "/courses"]

    def location(self, item: str) -> str:
        return item


class _Courses(Sitemap):  # type: ignore[type-arg] # not when it runs
    """The courses that visitors may see, those that were changed last first."""

    protocol = SCHEME
    # The protocol allows 50,000; a part of this size is written in about a second.
    limit = 10_000

    def items(self) -> CourseQuerySet:
        rows = Course.objects.public().only("pk", "updated_time")
        return rows.order_by("-updated_time", "-pk")

    def location(self, item: Course) -> str:
        return f"/courses/{item.pk}"

    def lastmod(self, item: Course) -> datetime:
        return item.updated_time

    def get_latest_lastmod(self) -> datetime | None:
        """Asked for itself: the library would go through every row."""
        found = Course.objects.public().aggregate(newest=Max("updated_time"))
        newest: datetime | None = found["newest"]
        return newest


SECTIONS: "dict[str, type[Sitemap[Any]] | Sitemap[Any]]" = {"pages": _Pages, "courses": _Courses}


@require_safe
def whole(request: HttpRequest) -> HttpResponse:
    """Everything in one, as long as one may hold it; else a list of its parts."""
    if "p" in request.GET:
        raise Http404

    def build() -> TemplateResponse:
        rows = _Courses().paginator.count + len(_Pages().items())
        if rows <= _Courses.limit:
            return sitemap(request, SECTIONS)
        return index(request, SECTIONS, sitemap_url_name="sitemap-section")

    return _kept(request, "whole", build)


@require_safe
def section(request: HttpRequest, section: str) -> HttpResponse:
    """A part of it: a section, or with `p` one of its pages."""
    page = request.GET.get("p", "1")
    # Checked by length first: int() of a very long text is slow or raises.
    if section not in SECTIONS or not (page.isascii() and page.isdecimal() and len(page) < 6):
        raise Http404
    return _kept(request, f"{section}:{int(page)}", lambda: sitemap(request, SECTIONS, section))


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines should leave alone, and where the sitemap is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_SEARCH), "Allow: /", ""]
    lines.append(f"Sitemap: {_origin(request.get_host())}{reverse('sitemap')}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _kept(request: HttpRequest, name: str, build: Callable[[], TemplateResponse]) -> HttpResponse:
    """The answer of `build`, kept in Redis without the name that it was asked by.

    Raises:
        Http404: there is no such page of it.
    """
    asked, nobody = (f"{_origin(host)}/".encode() for host in (request.get_host(), NOBODY))
    text = course_reads.get(
        f"sitemap:{name}", lambda: build().render().content.replace(asked, nobody)
    )
    return HttpResponse(text.replace(nobody, asked), content_type="application/xml")


def _origin(host: str) -> str:
    return f"{SCHEME}://{host}"
