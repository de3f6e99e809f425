"""Questions for a page of one's own orders."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.models import User
from course.models import Course
from luffy.pages import Page
from shop.models import Order


def own(user: User) -> QuerySet[Order]:
    """The orders of `user`, with all that is shown of them in a fixed number of queries."""
    rows = Order.objects.filter(user=user).select_related("coupon")
    pictures = Prefetch("details__course", Course.objects.only("course_img", "course_img_sizes"))
    return rows.prefetch_related(pictures, "details__refund")


@dataclass(frozen=True)
class OrderQuery:
    """A checked question for a page of orders."""

    page: Page
    status: int | None

    @classmethod
    def of(cls, request: Request) -> "OrderQuery":
        """The question in a request's parameters.

        Raises:
            ValidationError: a parameter is malformed.
        """
        return cls(Page.of(request), _status(request.query_params.get("order_status")))

    def answer(
        self, request: Request, user: User, show: Callable[[list[Order]], Any]
    ) -> dict[str, Any]:
        """The page, the newest first.

        Raises:
            NotFound: beyond the last page.
        """
        rows = own(user)
        if self.status is not None:
            rows = rows.filter(order_status=self.status)
        count = rows.count()
        return self.page.answer(request, count, show(list(rows[self.page.slice(count)])))


def _status(text: str | None) -> int | None:
    if not text:
        return None
    known = {str(status.value): status.value for status in Order.Status}
    if text not in known:
        message = _("Expected one of %(known)s, found “%(found)s”.")
        values = {"known": ", ".join(known), "found": text[:40]}
        raise ValidationError({"order_status": [message % values]})
    return known[text]
