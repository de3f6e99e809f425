"""The user of this site."""

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

# `\d` would take digits of other scripts too.
MOBILE_PATTERN = r"^1[3-9][0-9]{9}\Z"


class User(AbstractUser):
    """Django's user with a phone number to log in by, a name to be seen by, and a picture."""

    # Not unique: to refuse one that another user has would tell who is registered.
    email = models.EmailField(_("email address"), blank=True, db_index=True)
    display_name = models.CharField(_("name shown"), max_length=30, blank=True)
    mobile = models.CharField(
        _("mobile phone"),
        max_length=11,
        unique=True,
        null=True,  # many users without a number, and those with one differ
        blank=True,
        validators=[RegexValidator(MOBILE_PATTERN, _("Enter a phone number of eleven digits."))],
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

    @property
    def shown_name(self) -> str:
        """What others see: the name that was chosen, else the user's name."""
        return self.display_name or self.username

    @property
    def icon_url(self) -> str:
        """The picture's address on this site, empty without one."""
        return self.icon.url if self.icon else ""
