"""The app of the front page."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HomeConfig(AppConfig):
    """Banners."""

    name = "home"
    verbose_name = _("Front page")

    def ready(self) -> None:
        """Drop what is cached of a banner when it changes."""
        from home.models import Banner
        from home.reads import home_reads
        from luffy.invalidation import drop_on_change

        drop_on_change(home_reads, Banner)
