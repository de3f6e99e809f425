"""What somebody means to buy."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from course.models import Course


class CartItem(models.Model):
    """A course in somebody's cart, once. It has no price: that is today's."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="cart_items",
        verbose_name=_("user"),
    )
    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="cart_items", verbose_name=_("course")
    )
    added = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        db_table = "luffy_cart_item"
        ordering = ("-added", "-id")
        verbose_name = _("course in a cart")
        verbose_name_plural = _("courses in carts")
        constraints = (
            models.UniqueConstraint(fields=("user", "course"), name="luffy_once_in_a_cart"),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.course}"
