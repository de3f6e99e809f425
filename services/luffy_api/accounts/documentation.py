"""People's endpoints as the OpenAPI document describes them."""

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers

from accounts.serializers import (
    AccountDeletion,
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
# Too large, of another kind, or too often: any request with a body may be told so.
_OF_A_BODY = (400, 413, 415, 429)


def _said(name: str, **more: serializers.Field[Any, Any, Any, Any]) -> Any:
    """The envelope without a result; `more` stands beside its message."""
    return inline_serializer(
        name, {"code": serializers.IntegerField(), "msg": serializers.CharField(), **more}
    )


SAID = _said("Said")
LOGIN = _said(
    "Login",
    token=serializers.CharField(help_text="Access token: `Authorization: Bearer …`."),
    username=serializers.CharField(),
    name=serializers.CharField(),
    icon=serializers.CharField(allow_blank=True, allow_null=True),
)
