"""Coupons."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from shop.coupons import normalised
from shop.models import Coupon


class CodeField(forms.CharField):
    """A code however it is typed."""

    def to_python(self, value: Any) -> str:
        """The code as it is stored."""
        return normalised(super().to_python(value) or "")


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
        coupons: QuerySet[Coupon] = super().get_queryset(request)
        return coupons.annotate(used=used)

    @admin.display(description=_("used"), ordering="used")
    def used(self, coupon: Any) -> int:
        """How many orders use it."""
        return int(coupon.used)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Codes may be typed here as buyers type them."""
        if db_field.name == "code":
            kwargs["form_class"] = CodeField
        return super().formfield_for_dbfield(db_field, request, **kwargs)
