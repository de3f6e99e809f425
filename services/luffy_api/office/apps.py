"""The app of the administration, and the administration itself as Django knows it."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class OfficeAdminConfig(admin_apps.AdminConfig):
    """Django's administration with this app's site."""

    default = False
    default_site = "office.site.OfficeSite"


class OfficeConfig(AppConfig):
    """Roles, the audit trail, two-factor login, figures."""

    name = "office"
    default = True
    verbose_name = _("Administration")

    def ready(self) -> None:
        """Write down what the staff changes, keep the roles, and hand over what is known."""
        from accounts.personal_data import Part, add_part
        from office import audit, personal_data
        from office.roles import keep_roles

        audit.watch_models()
        # This app is the last one, so the permissions of all others are there by then.
        post_migrate.connect(keep_roles, sender=self)
        add_part(Part("administration", personal_data.export, personal_data.forget))
