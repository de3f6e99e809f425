"""How far somebody's login is."""

from django.conf import settings
from django.http import HttpRequest

from office.second_factor.devices import has_phone


def is_done(request: HttpRequest) -> bool:
    """Whether the caller, who gave a password, may go on.

    With a code of theirs; or, where a second factor is optional, without one while they have no
    phone set up.
    """
    user = request.user
    if user.is_verified():
        return True
    return settings.STAFF_TWO_FACTOR == "optional" and not has_phone(user)
