"""The cookie that a signed link is bound to: without it, a copied link is nothing.

Its value is the same in all browsers of one person, so that links of two tabs do not end each
other; nobody can guess it, and a new password changes it. No script reads it, no other site sends
it, and it goes to nginx alone: by itself it opens nothing.
"""

from django.conf import settings
from django.utils.crypto import salted_hmac
from rest_framework.response import Response

from accounts.models import User

_PATH = "/protected/"


def holder(user: User) -> str:
    """The value of the cookie of `user`."""
    seed = f"{user.pk}\0{user.password}"
    return salted_hmac("luffy.media.holder", seed, algorithm="sha256").hexdigest()


def set_media_cookie(response: Response, user: User) -> None:
    """Give it to the browser for as long as a link lasts; each answer with links renews it."""
    response.set_cookie(
        settings.MEDIA_COOKIE,
        holder(user),
        # A link's end is rounded up to a whole minute.
        max_age=settings.MEDIA_LINK_LIFETIME_S + 60,
        path=_PATH,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )
