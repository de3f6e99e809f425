"""Whether a code is right, at a pace that makes guessing pointless.

Of the million codes three are right at any time. Who knows a password and tries thirty a day finds
one within a year with a chance of about three in a hundred, and is seen in the log long before.
"""

import logging
import unicodedata

from django.conf import settings
from django.db import transaction
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from luffy.limits import Limit, Use, give_back, take
from office.audit import note
from office.second_factor.devices import digest, is_phone_code

logger = logging.getLogger(__name__)

TRIES = 5
TRIES_A_DAY = 30
DAY_S = 24 * 3600


class WrongSecondFactorError(Exception):
    """It is no code of this person, or it was used before."""


def verify(user: User, code: str, network: str) -> Device:
    """Use up `code`, of the phone or a backup code, and tell which device it belongs to.

    `network` is the caller's, of `luffy.caller.caller_network`. Of several who use one code at
    once, one gets past this.

    Raises:
        WrongSecondFactorError: it is wrong, or was used before.
        TooManyRequests: too many were wrong before.
        RedisError: they cannot be counted, so none is tried.
    """
    uses = _uses(user, network)
    # Counted first: many tries at once would all be let through otherwise.
    take(*uses)
    code = folded(code)
    with transaction.atomic():
        device = _phone(user, code) if is_phone_code(code) else _backup(user, code)
    if device is None:
        logger.warning("a wrong second factor of user %d", user.pk)
        raise WrongSecondFactorError
    give_back(*uses)
    return device


def folded(code: str) -> str:
    """A code as it is kept, however it was typed: width, case, blanks and dashes aside."""
    plain = unicodedata.normalize("NFKC", code).casefold()
    plain = "".join(character for character in plain if character.isalnum())
    return plain if is_phone_code(plain) else f"{plain[:5]}-{plain[5:]}"


def _phone(user: User, code: str) -> Device | None:
    phones = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True)
    device: TOTPDevice | None = phones.first()
    return device if device is not None and device.verify_token(code) else None


def _backup(user: User, code: str) -> Device | None:
    kept = StaticDevice.objects.select_for_update().filter(user=user, confirmed=True)
    device: StaticDevice | None = kept.first()
    if device is None:
        return None
    used, _rows = StaticToken.objects.filter(device=device, token=digest(user, code)).delete()
    if not used:
        return None
    note(user, "backup_codes", "", "one was used")
    return device


def _uses(user: User, network: str) -> tuple[Use, ...]:
    window_s = settings.LOGIN_WINDOW_S
    return (
        Limit("second-factor", TRIES, window_s).by(str(user.pk)),
        Limit("second-factor-day", TRIES_A_DAY, DAY_S).by(str(user.pk)),
        Limit("second-factor-address", settings.LOGIN_TRIES_PER_ADDRESS, window_s).by(network),
    )
