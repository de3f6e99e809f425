"""What the front page shows."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from luffy.base_model import BaseModel
from luffy.picture_sizes import sizes_field

# A path of this site or a web address; anything else (`javascript:`) would run in the visitor's
# browser.
safe_link = RegexValidator(
    r"^(/(?!/)|https?://)", _("Enter a path such as /course/ or an address with http(s)://.")
)


class Banner(BaseModel):
    """A picture at the top of the front page, and where it leads."""

    title = models.CharField(_("title"), max_length=64)
    image = models.ImageField(_("image"), upload_to="banner/", help_text=_("1200 by 400 pixels"))
    image_sizes = sizes_field()
    link = models.CharField(_("link"), max_length=255, validators=[safe_link])
    info = models.TextField(_("note"), blank=True, help_text=_("For the editors; never shown."))

    class Meta(BaseModel.Meta):
        db_table = "luffy_banner"
        verbose_name = _("banner")
        verbose_name_plural = _("banners")

    def __str__(self) -> str:
        return self.title
