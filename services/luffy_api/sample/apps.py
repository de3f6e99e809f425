"""The app of sample data."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SampleConfig(AppConfig):
    """What was loaded, and the commands that load it."""

    name = "sample"
    verbose_name = _("Sample data")
