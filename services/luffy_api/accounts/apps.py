"""The app of accounts."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Visitors who registered, and staff."""

    name = "accounts"
    verbose_name = _("Accounts")
