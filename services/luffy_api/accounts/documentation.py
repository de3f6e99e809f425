"""People's endpoints as the OpenAPI document describes them."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers

from accounts.serializers import (
    CodeLogin,
    MobileQuery,
    NewPassword,
    PasswordChange,
    PasswordLogin,
    ProfileSerializer,
    SendMessage,
)
from luffy.documentation import answers, enveloped

TAG = "user"


class AccessTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How one shows who calls."""

    target_class = "accounts.authentication.AccessTokenAuthentication"
    name = "access_token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """As OpenAPI says it; `jwt` and `JWT` before the token are as good as `Bearer`."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


View = TypeVar("View", bound=Callable[..., Any])
_OF_A_BODY = (400, 413, 415, 429)
"""Wrong, too large, of another kind, or too often: any request with a body may be told so."""


def _said(name: str, /, **more: Any) -> Any:
    """The envelope without a result; `more` stands beside its message."""
    return inline_serializer(
        name, {"code": serializers.IntegerField(), "msg": serializers.CharField(), **more}
    )


def _picture() -> serializers.CharField:
    return serializers.CharField(allow_blank=True, help_text="The picture's address, or nothing.")


SAID = _said("Said")
LOGIN = _said(
    "Login",
    token=serializers.CharField(help_text="Access token: `Authorization: Bearer …`."),
    username=serializers.CharField(),
    name=serializers.CharField(),
    icon=_picture(),
)
PROFILE = enveloped("ProfileAnswer", ProfileSerializer())
ICON = enveloped("IconAnswer", inline_serializer("IconResult", {"icon": _picture()}))
FILE = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    }
}


def _described(
    operation_id: str, summary: str, responses: Any, **more: Any
) -> Callable[[View], View]:
    return extend_schema(
        operation_id=operation_id, tags=[TAG], summary=summary, responses=responses, **more
    )


check_mobile = _described(
    "check_mobile",
    "Whether a phone number has an account: code 100, else 101",
    answers(SAID, 400, 429),
    parameters=[MobileQuery],
)
send_message_get = _described(
    "send_message_by_query",
    "A code by SMS, as the original asks for it; it has the phone in the address",
    answers(SAID, 400, 429),
    parameters=[SendMessage],
)
send_message = _described(
    "send_message",
    "A code by SMS for one purpose",
    answers(SAID, *_OF_A_BODY),
    request=SendMessage,
)
register = _described(
    "register",
    "An account for who holds the phone",
    answers(SAID, *_OF_A_BODY, 409),
    request=NewPassword,
)
password_login = _described(
    "login_by_password",
    "Log in by name, phone or e-mail address, and password",
    answers(LOGIN, *_OF_A_BODY, 401),
    request=PasswordLogin,
)
code_login = _described(
    "login_by_code",
    "Log in by phone and code",
    answers(LOGIN, *_OF_A_BODY),
    request=CodeLogin,
)
refresh = _described(
    "refresh_token",
    "An access token for the cookie's refresh token, and a new cookie",
    answers(LOGIN, *_OF_A_BODY, 401),
    request=None,
)
logout = _described(
    "logout",
    "Revoke the cookie's refresh token",
    answers(SAID, *_OF_A_BODY),
    request=None,
)
profile = _described("get_profile", "One's own profile", answers(PROFILE, 401))
profile_change = _described(
    "change_profile",
    "Change the name shown or the e-mail address",
    answers(PROFILE, *_OF_A_BODY, 401),
    request=ProfileSerializer,
)
avatar = _described(
    "set_avatar",
    "A picture of oneself: JPEG, PNG, WebP or GIF",
    answers(ICON, *_OF_A_BODY, 401),
    request=FILE,
)
password_change = _described(
    "change_password",
    "A new password; every other login ends",
    answers(LOGIN, *_OF_A_BODY, 401, 403),
    request=PasswordChange,
)
password_reset = _described(
    "reset_password",
    "A new password for who holds the phone; every login ends",
    answers(SAID, *_OF_A_BODY),
    request=NewPassword,
)
export = _described(
    "export_account",
    "Everything that the site knows of the caller, as a file",
    answers(OpenApiTypes.OBJECT, 401, 429),
)
account = _described(
    "delete_account",
    "Forget the caller: `password`, or `code`, in a JSON body",
    answers(SAID, *_OF_A_BODY, 401, 403),
)
