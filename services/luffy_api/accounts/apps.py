"""The app of accounts."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Visitors who registered, and staff."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Once, when Django has started."""
        # Its modules may be imported only now.
        from accounts.token_keys import believe_old_keys

        believe_old_keys()
