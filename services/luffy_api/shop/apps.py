"""The app's name, and what it hands over of a person."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class ShopConfig(AppConfig):
    """Buying courses."""

    name = "shop"
    verbose_name = _("Shop")

    def ready(self) -> None:
        """Have orders handed over and forgotten with all else that is known of a person, and what
        the worker does counted."""
        from accounts.personal_data import Part, add_part
        from luffy import metrics
        from shop import payment, personal_data
        from shop.metrics import WorkerCounts

        metrics.more.register(WorkerCounts())
        if settings.ALIPAY is not None:
            # Once, before the workers are forked: they share what it loads.
            payment.provider()
        add_part(Part("shop", personal_data.export, personal_data.forget))
