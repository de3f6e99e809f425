"""What the staff proves itself with: one phone each, and ten backup codes.

django-otp keeps the phone's secret and counts the codes that were used (RFC 6238). Backup codes
stand in its table as keyed digests: they are shown once, and nobody can read them there.
"""

import secrets

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from office.audit import note

BACKUP_CODES = 10
# Without letters that are read as others, nor those that could be typed as a phone's code.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz"
_HALF = 5
# The field of django-otp has sixteen characters: 64 bits of the digest.
_DIGEST_LENGTH = 16
STEP_S = 30
TOLERANCE = 1
"""How many steps a phone's clock may be off, before and behind."""


def has_phone(user: AbstractBaseUser) -> bool:
    """Whether `user` set the second factor up."""
    return TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).exists()


def new_secret() -> str:
    """A phone's secret, in hexadecimal: 160 bits, as RFC 4226 recommends."""
    return secrets.token_hex(20)


def match(secret: str, code: str) -> TOTP | None:
    """How a phone that has `secret` came to show `code` just now, or nothing when it did not."""
    if not is_phone_code(code):
        return None
    totp = TOTP(bytes.fromhex(secret), STEP_S)
    return totp if totp.verify(int(code), tolerance=TOLERANCE) else None


def is_phone_code(code: str) -> bool:
    """Whether it looks like a code of a phone, not like a backup code."""
    return len(code) == 6 and code.isascii() and code.isdigit()


class PhoneExistsError(Exception):
    """There is a phone already, and the caller did not prove to have it."""


def set_phone(user: User, secret: str, matched: TOTP, *, may_replace: bool) -> TOTPDevice:
    """Make the phone that has `secret` the one of `user`, and that before good no more.

    `matched` is of the code that it showed, which is used up with this.

    Raises:
        PhoneExistsError: there is one before, and it may not be replaced. Of two who know the
            password and set up a phone at once, one gets past this.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        had_one = has_phone(user)
        if had_one and not may_replace:
            raise PhoneExistsError
        TOTPDevice.objects.filter(user=user).delete()
        device: TOTPDevice = TOTPDevice.objects.create(
            user=user,
            name="phone",
            key=secret,
            step=STEP_S,
            tolerance=TOLERANCE,
            drift=matched.drift,
            last_t=matched.t(),
        )
        note(user, "two_factor_login", "on" if had_one else "off", "on, with a new phone")
    return device


def new_backup_codes(user: User) -> list[str]:
    """Ten codes, each good for one login; those before are good no more."""
    codes = [_code() for _number in range(BACKUP_CODES)]
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        had_some = StaticDevice.objects.filter(user=user).delete()[0] > 0
        device = StaticDevice.objects.create(user=user, name="backup codes")
        StaticToken.objects.bulk_create(
            StaticToken(device=device, token=digest(user, code)) for code in codes
        )
        note(user, "backup_codes", "earlier ones" if had_some else "none", "new ones")
    return codes


def backup_codes_left(user: User) -> int:
    """How many backup codes are still good."""
    return StaticToken.objects.filter(device__user=user).count()


def remove(user: User) -> bool:
    """Take phone and backup codes from `user`, who sets them up anew at the next login.

    Answers whether there was anything to take.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        phones, _rows = TOTPDevice.objects.filter(user=user).delete()
        backups, _rows = StaticDevice.objects.filter(user=user).delete()
        if phones or backups:
            note(user, "two_factor_login", "on", "reset")
    return bool(phones or backups)


def digest(user: User, code: str) -> str:
    """What is kept of a backup code."""
    text = f"{user.pk}\0{code}"
    whole = salted_hmac("office.backup_code", text, algorithm="sha256").hexdigest()
    return whole[:_DIGEST_LENGTH]


def _code() -> str:
    halves = ("".join(secrets.choice(_ALPHABET) for _letter in range(_HALF)) for _half in range(2))
    return "-".join(halves)
