"""Orders, read only but for their refunds."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action

from shop import refunds
from shop.admin.refund_form import RefundForm
from shop.failures import CannotRefund
from shop.models import Order, OrderDetail, Payment, Refund

MAY_REFUND = "shop.refund_order"


class ReadOnly:
    """Rows that are made and changed by what happens in the shop alone."""

    def has_add_permission(self, *arguments: Any) -> bool:
        """Never."""
        return False

    def has_change_permission(self, *arguments: Any, **options: Any) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, *arguments: Any, **options: Any) -> bool:
        """Never."""
        return False


class DetailInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """The courses of an order."""

    model = OrderDetail
    readonly_fields = fields = ("name", "course", "price", "real_price", "enrolled", "refund")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderDetail]:
        """With what their columns name."""
        return super().get_queryset(request).select_related("course", "refund")


class PaymentInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """The money that came."""

    model = Payment
    readonly_fields = fields = ("trade_no", "amount", "source", "late", "created")
    extra = 0


class RefundInline(ReadOnly, TabularInline):  # type: ignore[misc]
    """The money that went back."""

    model = Refund
    fk_name = "order"
    readonly_fields = fields = (
        "out_request_no",
        "amount",
        "reason",
        "by_name",
        "state",
        "failure",
        "created",
        "ended",
    )
    extra = 0


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):
    """Orders."""

    list_display = (
        "out_trade_no",
        "user",
        "subject",
        "total_amount",
        "refunded_amount",
        "order_status",
        "created",
        "pay_time",
    )
    list_filter = ("order_status", "pay_type", "created")
    list_select_related = ("user",)
    search_fields = ("out_trade_no", "trade_no", "subject", "user__username", "user__mobile")
    inlines = (DetailInline, PaymentInline, RefundInline)
    actions = ("refund",)
    actions_detail = ("refund_this",)  # type: ignore[assignment]

    @admin.action(description=gettext_lazy("Refund the selected order"))
    def refund(self, request: HttpRequest, orders: QuerySet[Order]) -> HttpResponse | None:
        """Lead to the page that asks what of it, and why."""
        if orders.count() != 1:
            self.message_user(request, _("Select one order to refund."), messages.WARNING)
            return None
        return HttpResponseRedirect(reverse("admin:shop_order_refund", args=[orders.get().pk]))

    @action(description=gettext_lazy("Refund"), permissions=["refund"], url_path="refund")
    def refund_this(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The button on an order's page: its address is that of `refund_page`."""
        return self.refund_page(request, object_id)

    def has_refund_permission(
        self, request: HttpRequest, object_id: int | str | None = None
    ) -> bool:
        """Whether the caller may give money back, of an order if one is named."""
        if not request.user.has_perm(MAY_REFUND):
            return False
        if object_id is None:
            return True
        return Order.objects.filter(pk=object_id, order_status=Order.Status.PAID).exists()

    refund.allowed_permissions = ("refund",)  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern]:
        """Django's, and the page for a refund."""
        page = self.admin_site.admin_view(self.refund_page)
        return [
            path("<int:order_id>/refund/", page, name="shop_order_refund"),
            *super().get_urls(),
        ]

    def refund_page(self, request: HttpRequest, order_id: int) -> HttpResponse:
        """Ask which courses, and why; then give the money back."""
        if not self.has_refund_permission(request):
            raise PermissionDenied
        order = get_object_or_404(Order.objects.select_related("user"), pk=order_id)
        form = RefundForm(order, request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._refund(request, order, form)
            return HttpResponseRedirect(reverse("admin:shop_order_change", args=[order.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Refund"),
            "opts": self.opts,
            "order": order,
            "form": form,
        }
        return TemplateResponse(request, "admin/shop/order/refund.html", context)

    def _refund(self, request: HttpRequest, order: Order, form: RefundForm) -> None:
        given = form.cleaned_data
        by: Any = request.user
        try:
            row = refunds.refund(
                order.out_trade_no,
                [int(pk) for pk in given["details"]],
                given["reason"],
                by,
                given["number"],
            )
        except CannotRefund as refusal:
            self.message_user(request, str(refusal.detail), messages.ERROR)
            return
        self.log_change(request, order, f"refund {row.out_request_no}: {row.amount}")
        level, text = _told(row)
        self.message_user(request, text % {"amount": row.amount, "why": row.failure}, level)


def _told(row: Refund) -> tuple[int, str]:
    """What staff is told of a refund, and how loudly."""
    if row.state == Refund.State.DONE:
        return messages.SUCCESS, _("%(amount)s was given back.")
    if row.state == Refund.State.FAILED:
        return messages.ERROR, _("The payment gateway refused to give %(amount)s back: %(why)s")
    return messages.WARNING, _(
        "The payment gateway has not answered yet. %(amount)s is given back as soon as it does."
    )
