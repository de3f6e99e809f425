"""Coupons, and who used them."""

from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from course.models import Course

CODE_PATTERN = r"^[0-9A-Z][0-9A-Z-]{3,31}\Z"


class Coupon(models.Model):
    """What a code takes off an order, when, how often, and of which courses."""

    class Kind(models.TextChoices):
        """How the discount is reckoned."""

        PERCENT = "percent", _("Percent")
        AMOUNT = "amount", _("Amount")

    code = models.CharField(
        _("code"),
        max_length=32,
        unique=True,
        validators=[
            RegexValidator(
                CODE_PATTERN, _("Use 4 to 32 capital letters, digits and hyphens, no hyphen first.")
            )
        ],
        help_text=_("Buyers may type it in small letters and with blanks."),
    )
    name = models.CharField(_("name"), max_length=64, help_text=_("Shown to buyers."))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.PERCENT)
    value = models.DecimalField(
        _("value"),
        max_digits=8,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text=_("How many percent, or which amount, it takes off."),
    )
    minimum = models.DecimalField(
        _("minimum order"),
        max_digits=8,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("What all courses of the order must cost together, before the discount."),
    )
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True)
    valid_to = models.DateTimeField(_("valid to"), null=True, blank=True)
    most_uses = models.PositiveIntegerField(
        _("uses in total"), null=True, blank=True, help_text=_("No limit if empty.")
    )
    most_per_person = models.PositiveIntegerField(
        _("uses per person"),
        null=True,
        blank=True,
        default=1,
        help_text=_("No limit if empty."),
    )
    courses = models.ManyToManyField(
        Course,
        blank=True,
        related_name="coupons",
        db_table="luffy_coupon_course",
        verbose_name=_("courses"),
        help_text=_("It takes something off these alone; off all if none is chosen."),
    )
    active = models.BooleanField(_("active"), default=True)
    created_time = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        db_table = "luffy_coupon"
        ordering = ("-id",)
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """Refuse what could never be right."""
        super().clean()
        if self.kind == self.Kind.PERCENT and self.value is not None and self.value > 100:
            raise ValidationError({"value": _("No more than 100 percent can be taken off.")})
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            raise ValidationError({"valid_to": _("It must end after it begins.")})


class CouponUse(models.Model):
    """That an order uses a coupon. Freed with the order, if nothing was paid; the row stays."""

    coupon = models.ForeignKey(
        Coupon, on_delete=models.PROTECT, related_name="uses", verbose_name=_("coupon")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="coupon_uses",
        verbose_name=_("user"),
    )
    order = models.OneToOneField(
        "shop.Order", on_delete=models.CASCADE, related_name="coupon_use", verbose_name=_("order")
    )
    reserved = models.DateTimeField(_("reserved"), auto_now_add=True)
    freed = models.DateTimeField(_("freed"), null=True, blank=True)

    class Meta:
        db_table = "luffy_coupon_use"
        verbose_name = _("use of a coupon")
        verbose_name_plural = _("uses of coupons")
        indexes = (models.Index(fields=("coupon", "freed", "user"), name="luffy_coupon_use_count"),)

    def __str__(self) -> str:
        return f"{self.coupon}: {self.order}"
