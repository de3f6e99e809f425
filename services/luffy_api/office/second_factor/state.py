"""How far somebody's login is."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from office.second_factor.devices import has_phone


def gave_password(request: HttpRequest) -> bool:
    """Whether the caller is of the staff and gave a password."""
    user = request.user
    return user.is_active and user.is_staff


def is_done(request: HttpRequest) -> bool:
    """Whether the caller, who gave a password, may go on.

    With a code of theirs; or, where a second factor is optional, without one while they have no
    phone set up.
    """
    if is_verified(request):
        return True
    user = cast("User", request.user)
    return settings.STAFF_TWO_FACTOR == "optional" and not has_phone(user)


def is_verified(request: HttpRequest) -> bool:
    """Whether the caller proved to have their phone, or a backup code, in this session."""
    # django-otp's middleware gives users this method.
    user = cast("Any", request.user)
    return bool(user.is_verified())
