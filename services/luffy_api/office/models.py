"""What the administration has rights for beside those on rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Figures(models.Model):
    """No table: the figures on the first page, for the right to see them."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = (("view_figures", "Can see the figures"),)
        verbose_name = _("figures")
        verbose_name_plural = _("figures")
