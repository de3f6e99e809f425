"""Pages of rows, as DRF shapes them: count, next, previous, results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from luffy.numbers import positive_number

DEFAULT_PAGE_SIZE = 10
LARGEST_PAGE_SIZE = 50


@dataclass(frozen=True)
class Page:
    """Which page is asked for, and how many rows it has."""

    number: int
    size: int

    @classmethod
    def of(cls, request: Request) -> "Page":
        """The page in a request's parameters; a larger `page_size` counts as the largest.

        Raises:
            ValidationError: a parameter is malformed.
        """
        return cls.read(request.query_params.get("page"), request.query_params.get("page_size"))

    @classmethod
    def read(cls, number: str | None, size: str | None) -> "Page":
        """The same of the two parameters."""
        return cls(
            positive_number("page", number, default=1),
            min(positive_number("page_size", size, DEFAULT_PAGE_SIZE), LARGEST_PAGE_SIZE),
        )

    def slice(self, count: int) -> slice:
        """Where the page lies among `count` rows.

        Raises:
            NotFound: beyond the last page.
        """
        first = (self.number - 1) * self.size
        if first >= count and self.number > 1:
            pages = max(1, -(-count // self.size))
            message = _("There is no page %(page)s; the last one is %(pages)s.")
            raise NotFound(message % {"page": self.number, "pages": pages})
        return slice(first, first + self.size)

    def answer(self, request: Request, count: int, results: Sequence[Any]) -> dict[str, Any]:
        """The page with links to its neighbours."""
        return {**self.links(request, count), "results": results}

    def links(self, request: Request, count: int) -> dict[str, Any]:
        """What stands above the results; neighbours are under the name that the caller used."""
        address = request.build_absolute_uri()
        following = previous = None
        if self.number * self.size < count:
            following = replace_query_param(address, "page", self.number + 1)
        if self.number == 2:
            previous = remove_query_param(address, "page")
        elif self.number > 2:
            previous = replace_query_param(address, "page", self.number - 1)
        return {"count": count, "next": following, "previous": previous}
