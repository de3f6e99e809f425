"""Sends codes, no more often than is useful, and without telling who is registered.

They are sent within the request, not by a task: the caller learns at once that the provider does
not answer, instead of waiting for a message that will not come. Short timeouts and a circuit keep
that from holding up the site.
"""

import logging
import time

from django.conf import settings

from accounts.codes import Purpose, drop_code, make_code
from accounts.failures import SmsNotConfigured, SmsRefused, SmsUnavailable
from accounts.models import User
from luffy.environment import SmsSettings
from luffy.limits import Limit, Use, give_back, take
from luffy.outside import sms
from luffy.outside.failures import (
    CircuitOpenError,
    NotReachedError,
    OutsideError,
    RefusedError,
)

logger = logging.getLogger(__name__)

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 24 * 3600
# A caller who is sent nothing waits as long as the last one who was, within reason.
LONGEST_PRETENCE_S = 2.0


class _LastSending:
    """How long the last message took to hand over, as this process saw it."""

    took_s = 0.2


def send_code(phone: str, purpose: Purpose, network: str) -> None:
    """Text a code for `purpose` to `phone`.

    To a phone without an account goes nothing but a code to register with; the answer, the limits
    and the time that it takes are the same. `network` is the caller's.

    Raises:
        SmsNotConfigured: this site texts nobody.
        SmsUnavailable: the provider does not take messages just now.
        SmsRefused: it does not text this number; told to those who register alone.
        TooManyRequests: a limit is used up.
        RedisError: neither limits nor codes can be kept.
    """
    if settings.SMS is None:
        raise SmsNotConfigured
    uses = _uses(phone, network)
    take(*uses)
    try:
        if purpose == Purpose.REGISTER or _has_account(phone):
            _send(settings.SMS, phone, purpose)
        else:
            _pretend()
    except SmsUnavailable:
        # An outage uses up no day of anybody. The minute stays: the message may arrive yet.
        give_back(*uses[1:])
        raise


def masked(phone: str) -> str:
    """A number as it may stand in a log: 138****0000."""
    return f"{phone[:3]}****{phone[-4:]}"


def _uses(phone: str, network: str) -> tuple[Use, ...]:
    return (
        Limit("sms-phone-minute", 1, MINUTE_S).by(phone),
        Limit("sms-phone-day", settings.SMS_PER_PHONE_A_DAY, DAY_S).by(phone),
        Limit("sms-address", settings.SMS_PER_ADDRESS_AN_HOUR, HOUR_S).by(network),
        Limit("sms-total", settings.SMS_AN_HOUR, HOUR_S).by("everybody"),
    )


def _has_account(phone: str) -> bool:
    return User.objects.filter(mobile=phone, is_active=True).exists()


def _send(provider: SmsSettings, phone: str, purpose: Purpose) -> None:
    code = make_code(phone, purpose)
    began = time.monotonic()
    try:
        sms.send_code(provider, phone, code)
    except RefusedError as error:
        logger.warning("the SMS provider does not text %s: %s", masked(phone), error.code)
        drop_code(phone, purpose)
        if purpose == Purpose.REGISTER:
            raise SmsRefused from error
    except (NotReachedError, CircuitOpenError) as error:
        drop_code(phone, purpose)
        raise SmsUnavailable from error
    except OutsideError as error:
        # It may have been sent: then the code is good.
        raise SmsUnavailable from error
    _LastSending.took_s = time.monotonic() - began


def _pretend() -> None:
    """Behave as if something was sent: fail while sending fails, take the time that it takes.

    Raises:
        SmsUnavailable: the last message could not be sent.
    """
    if sms.sms_circuit.failing:
        raise SmsUnavailable
    time.sleep(min(_LastSending.took_s, LONGEST_PRETENCE_S))
