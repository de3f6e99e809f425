"""Who takes the money: an interface, and what speaks Alipay's protocol behind it."""

from functools import lru_cache

from django.conf import settings

from luffy.environment import AlipaySettings
from shop.failures import PaymentNotConfigured
from shop.payment.provider import Provider


def provider() -> Provider:
    """The payment gateway that this site is set up with.

    Raises:
        PaymentNotConfigured: there is none.
    """
    if settings.ALIPAY is None:
        raise PaymentNotConfigured
    return _alipay(settings.ALIPAY)


@lru_cache(maxsize=4)
def _alipay(alipay_settings: AlipaySettings) -> Provider:
    # Imported where it is needed: it brings several megabytes of cryptography along.
    from shop.payment.alipay import Alipay

    return Alipay(alipay_settings)
