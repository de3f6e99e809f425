"""Money that came and went."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.models.orders import Order


class Payment(models.Model):
    """Money that the gateway received for an order."""

    class Source(models.TextChoices):
        """How it became known."""

        NOTIFIED = "notified", _("The gateway told")
        ASKED = "asked", _("The gateway was asked")

    order = models.OneToOneField(
        Order, on_delete=models.PROTECT, related_name="payment", verbose_name=_("order")
    )
    trade_no = models.CharField(_("the gateway's number"), max_length=64, unique=True)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    source = models.CharField(_("known because"), max_length=8, choices=Source.choices)
    late = models.BooleanField(
        _("late"), default=False, help_text=_("It came when the order was closed already.")
    )
    created = models.DateTimeField(_("recorded"), auto_now_add=True)

    class Meta:
        db_table = "luffy_payment"
        ordering = ("-id",)
        verbose_name = _("payment")
        verbose_name_plural = _("payments")

    def __str__(self) -> str:
        return self.trade_no


class Refund(models.Model):
    """Money that goes back, or went."""

    class State(models.TextChoices):
        """What became of it."""

        ASKED = "asked", _("Asked for")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("order")
    )
    out_request_no = models.CharField(_("refund number"), max_length=64, unique=True)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("asked for by"),
    )
    by_name = models.CharField(
        _("asked for by (name)"),
        max_length=150,
        blank=True,
        help_text=_("Empty if the shop itself gave money back that it could give nothing for."),
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.ASKED)
    failure = models.CharField(_("the gateway's last refusal"), max_length=80, blank=True)
    created = models.DateTimeField(_("asked for on"), auto_now_add=True)
    ended = models.DateTimeField(_("ended on"), null=True, blank=True)
    next_try = models.DateTimeField(_("next try"), null=True, blank=True, db_index=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)

    class Meta:
        db_table = "luffy_refund"
        ordering = ("-id",)
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")

    def __str__(self) -> str:
        return self.out_request_no
