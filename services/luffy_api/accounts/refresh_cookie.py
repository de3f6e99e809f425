"""The cookie that holds the refresh token: no script reads it, no other site sends it."""

from typing import Any

from django.conf import settings
from rest_framework.response import Response
from rest_framework_simplejwt.settings import api_settings

# The browser sends it to the addresses of people alone; `token/refresh/` and `logout/` read it.
_ATTRIBUTES: dict[str, Any] = {"path": settings.API_USER_PATH, "samesite": "Strict"}


def set_refresh_cookie(response: Response, token: str) -> None:
    """Give `token` to the browser for as long as it is valid."""
    response.set_cookie(
        settings.REFRESH_COOKIE,
        token,
        max_age=api_settings.REFRESH_TOKEN_LIFETIME,
        secure=settings.HTTPS,
        httponly=True,
        **_ATTRIBUTES,
    )


def drop_refresh_cookie(response: Response) -> None:
    """Have the browser forget it."""
    response.delete_cookie(settings.REFRESH_COOKIE, **_ATTRIBUTES)
