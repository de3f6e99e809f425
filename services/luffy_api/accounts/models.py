"""The user of this site."""

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Django's user with a phone number to log in by, and a picture."""

    mobile = models.CharField(
        _("mobile phone"),
        max_length=11,
        unique=True,
        null=True,  # many users without a number, and those with one differ
        blank=True,
        validators=[RegexValidator(r"^1[3-9]\d{9}$", _("Enter a phone number of eleven digits."))],
    )
    icon = models.ImageField(_("picture"), upload_to="icon/", blank=True)

    class Meta:
        db_table = "luffy_user"
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def clean(self) -> None:
        """An empty number is none at all, or the second user without one would be a duplicate."""
        super().clean()
        self.mobile = self.mobile or None
