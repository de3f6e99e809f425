"""The app's name, and what it hands over of a person."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LearningConfig(AppConfig):
    """Taking courses."""

    name = "learning"
    verbose_name = _("Learning")

    def ready(self) -> None:
        """Have all that is known of a person's learning handed over and forgotten with the rest,
        and courses know what their reviews come to."""
        from accounts.personal_data import Part, add_part
        from learning import personal_data as known
        from learning.reviews import count_on_change

        add_part(Part("enrolments", known.export_enrolments, known.forget_enrolments))
        add_part(Part("progress", known.export_progress, known.forget_progress))
        add_part(Part("certificates", known.export_certificates, known.forget_certificates))
        add_part(Part("writings", known.export_writings, known.forget_writings))
        count_on_change()
