"""The app's name, and what it hands over of a person."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LearningConfig(AppConfig):
    """Taking courses."""

    name = "learning"
    verbose_name = _("Learning")

    def ready(self) -> None:
        """Have enrolments handed over and forgotten with all else that is known of a person."""
        from accounts.personal_data import Part, add_part
        from learning import personal_data

        add_part(Part("enrolments", personal_data.export, personal_data.forget))
