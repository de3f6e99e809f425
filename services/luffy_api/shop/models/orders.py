"""Orders."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from course.models import Course
from shop.models.coupons import Coupon


class Order(models.Model):
    """What somebody buys at which price. Its state changes in `shop.states` alone."""

    class Status(models.IntegerChoices):
        """Where an order stands."""

        UNPAID = 0, _("Unpaid")
        PAID = 1, pgettext_lazy("order", "Paid")
        CANCELLED = 2, _("Cancelled")
        TIMED_OUT = 3, _("Timed out")
        REFUNDING = 4, _("Being refunded")
        REFUNDED = 5, _("Refunded")

    class PayType(models.IntegerChoices):
        """How it is paid."""

        ALIPAY = 1, _("Alipay")

    out_trade_no = models.CharField(_("order number"), max_length=32, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="orders",
        verbose_name=_("buyer"),
    )
    subject = models.CharField(_("subject"), max_length=128, blank=True)
    amount = models.DecimalField(_("before the discount"), max_digits=10, decimal_places=2)
    discount = models.DecimalField(_("discount"), max_digits=10, decimal_places=2, default=0)
    total_amount = models.DecimalField(_("total"), max_digits=10, decimal_places=2)
    refunded_amount = models.DecimalField(_("refunded"), max_digits=10, decimal_places=2, default=0)
    coupon = models.ForeignKey(
        Coupon,
        on_delete=models.PROTECT,
        related_name="orders",
        null=True,
        blank=True,
        verbose_name=_("coupon"),
    )
    order_status = models.SmallIntegerField(
        _("state"), choices=Status.choices, default=Status.UNPAID
    )
    pay_type = models.SmallIntegerField(
        _("paid by"), choices=PayType.choices, default=PayType.ALIPAY
    )
    trade_no = models.CharField(_("the gateway's number"), max_length=64, blank=True)
    created = models.DateTimeField(_("placed"), auto_now_add=True)
    expires = models.DateTimeField(_("to be paid until"))
    pay_time = models.DateTimeField(_("paid on"), null=True, blank=True)
    closed = models.DateTimeField(_("closed on"), null=True, blank=True)
    next_ask = models.DateTimeField(
        _("next question to the gateway"),
        null=True,
        blank=True,
        help_text=_("Empty when the gateway has nothing more to tell."),
    )
    asks = models.PositiveIntegerField(_("questions to the gateway"), default=0)

    class Meta:
        db_table = "luffy_order"
        ordering = ("-id",)
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        permissions = (("refund_order", "Can refund orders"),)
        indexes = (
            models.Index(fields=("user", "order_status", "id"), name="luffy_order_mine"),
            models.Index(fields=("user", "created"), name="luffy_order_of_late"),
            models.Index(fields=("order_status", "expires"), name="luffy_order_expiry"),
            models.Index(fields=("next_ask",), name="luffy_order_to_ask"),
            models.Index(fields=("pay_time",), name="luffy_order_by_day"),
        )

    def __str__(self) -> str:
        return self.out_trade_no


class OrderDetail(models.Model):
    """A course of an order, with its name and price as they were."""

    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, related_name="details", verbose_name=_("order")
    )
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, related_name="order_details", verbose_name=_("course")
    )
    name = models.CharField(_("name"), max_length=128)
    price = models.DecimalField(_("price"), max_digits=10, decimal_places=2)
    real_price = models.DecimalField(_("price with the discount"), max_digits=10, decimal_places=2)
    enrolled = models.BooleanField(
        _("given"), default=False, help_text=_("Whether this order is why the buyer has it.")
    )
    refund = models.ForeignKey(
        "shop.Refund",
        on_delete=models.SET_NULL,
        related_name="details",
        null=True,
        blank=True,
        verbose_name=_("refund"),
    )

    class Meta:
        db_table = "luffy_order_detail"
        ordering = ("id",)
        verbose_name = _("course of an order")
        verbose_name_plural = _("courses of an order")
        constraints = (
            models.UniqueConstraint(fields=("order", "course"), name="luffy_once_in_an_order"),
        )

    def __str__(self) -> str:
        return self.name


class OrderKey(models.Model):
    """The `Idempotency-Key` of a request that placed an order, and a digest of what it said."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64, db_collation="utf8mb4_bin")
    digest = models.CharField(max_length=64)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="keys")
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        db_table = "luffy_order_key"
        constraints = (models.UniqueConstraint(fields=("user", "key"), name="luffy_one_order_key"),)

    def __str__(self) -> str:
        return self.key
