"""What every row of the catalogue has."""

from typing import Self, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

Row = TypeVar("Row", bound=models.Model)


class ShownQuerySet(models.QuerySet[Row]):
    """Rows, with a way to ask for those that visitors may see."""

    def shown(self) -> Self:
        """Rows that are neither hidden nor deleted."""
        return self.filter(is_show=True, is_delete=False)


class BaseModel(models.Model):
    """When a row was made and changed, whether it is seen, and its place among others."""

    created_time = models.DateTimeField(_("created"), auto_now_add=True)
    updated_time = models.DateTimeField(_("updated"), auto_now=True)
    is_delete = models.BooleanField(
        _("deleted"), default=False, help_text=_("Out of sight for good; the row is kept.")
    )
    is_show = models.BooleanField(_("shown"), default=True)
    orders = models.IntegerField(_("place"), default=0, help_text=_("Small numbers come first."))

    objects = ShownQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("orders", "id")
