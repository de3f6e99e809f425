"""Pages of one's own orders."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from accounts.models import User
from course.models import Course
from luffy.numbers import positive_number
from shop.models import Order

DEFAULT_PAGE_SIZE = 10
LARGEST_PAGE_SIZE = 50


def own(user: User) -> QuerySet[Order]:
    """The orders of `user`, with all that is shown of them in a fixed number of queries."""
    rows = Order.objects.filter(user=user).select_related("coupon")
    pictures = Prefetch("details__course", Course.objects.only("course_img"))
    return rows.prefetch_related(pictures, "details__refund")


@dataclass(frozen=True)
class OrderQuery:
    """A checked question for a page of orders."""

    page: int
    page_size: int
    status: int | None

    @classmethod
    def of(cls, request: Request) -> "OrderQuery":
        """The question in a request's parameters; a larger `page_size` counts as the largest.

        Raises:
            ValidationError: a parameter is malformed.
        """
        given = request.query_params
        size = positive_number("page_size", given.get("page_size"), DEFAULT_PAGE_SIZE)
        return cls(
            page=positive_number("page", given.get("page"), default=1),
            page_size=min(size, LARGEST_PAGE_SIZE),
            status=_status(given.get("order_status")),
        )

    def answer(
        self, request: Request, user: User, show: Callable[[list[Order]], Any]
    ) -> dict[str, Any]:
        """The page, the newest first, with links to its neighbours.

        Raises:
            NotFound: beyond the last page.
        """
        rows = own(user)
        if self.status is not None:
            rows = rows.filter(order_status=self.status)
        count = rows.count()
        first = (self.page - 1) * self.page_size
        if first >= count and self.page > 1:
            pages = max(1, -(-count // self.page_size))
            message = _("There is no page %(page)s; the last one is %(pages)s.")
            raise NotFound(message % {"page": self.page, "pages": pages})
        address = request.build_absolute_uri()
        following = previous = None
        if first + self.page_size < count:
            following = replace_query_param(address, "page", self.page + 1)
        if self.page == 2:
            previous = remove_query_param(address, "page")
        elif self.page > 2:
            previous = replace_query_param(address, "page", self.page - 1)
        results = show(list(rows[first : first + self.page_size]))
        return {"count": count, "next": following, "previous": previous, "results": results}


def _status(text: str | None) -> int | None:
    if not text:
        return None
    known = {str(status.value): status.value for status in Order.Status}
    if text not in known:
        message = _("Expected one of %(known)s, found “%(found)s”.")
        values = {"known": ", ".join(known), "found": text[:40]}
        raise ValidationError({"order_status": [message % values]})
    return known[text]
