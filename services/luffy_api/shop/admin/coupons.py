"""Coupons."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from shop.coupons import normalised
from shop.models import Coupon


@admin.register(Coupon)
class CouponAdmin(ModelAdmin):
    """Coupons, with how often they are used."""

    list_display = (
        "code",
        "name",
        "kind",
        "value",
        "minimum",
        "valid_from",
        "valid_to",
        "used",
        "most_uses",
        "active",
    )
    list_filter = ("active", "kind")
    search_fields = ("code", "name")
    autocomplete_fields = ("courses",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coupon]:
        """With the uses counted in the same query."""
        used = Count("uses", filter=Q(uses__freed=None))
        return super().get_queryset(request).annotate(used=used)

    @admin.display(description=_("used"), ordering="used")
    def used(self, coupon: Any) -> int:
        """How many orders use it."""
        return int(coupon.used)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Codes may be typed here as buyers type them."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "code":
            plain = field.to_python
            field.to_python = lambda value: normalised(plain(value) or "")
        return field
