"""The app of the front page."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HomeConfig(AppConfig):
    """Banners."""

    name = "home"
    verbose_name = _("Front page")

    def ready(self) -> None:
        """Drop what is cached of a banner when it changes, and make its picture in sizes."""
        from home.models import Banner
        from home.reads import home_reads
        from luffy.invalidation import drop_on_change
        from luffy.picture_sizes import WIDE, keep_sizes

        drop_on_change(home_reads, Banner)
        keep_sizes(Banner, "image", WIDE, home_reads)
