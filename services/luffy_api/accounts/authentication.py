"""Who a request comes from: `Authorization: jwt TOKEN`, with `JWT` or `Bearer` as well."""

from typing import Any, cast

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.models import User


class AccessTokenAuthentication(JWTAuthentication):
    """simplejwt's check, with one answer for every token that is not good."""

    def authenticate(self, request: Request) -> Any:
        """The user and the token, or nothing when no token was sent.

        Raises:
            AuthenticationFailed: the token is malformed, expired, or its user left, was locked or
                has a new password.
        """
        try:
            return super().authenticate(request)
        except AuthenticationFailed as error:
            raise _expired() from error


def locked(user: User) -> User:
    """The user's row as it is now, with a lock, for a change within a transaction.

    Raises:
        AuthenticationFailed: the account was deleted or locked since the request began. Without
            this, a change that comes late would write upon what was to be forgotten.
    """
    found = User.objects.select_for_update().filter(pk=user.pk, is_active=True).first()
    if found is None:
        raise _expired()
    return found


def _expired() -> AuthenticationFailed:
    message = _("Your login has expired. Please log in again.")
    return AuthenticationFailed(message, code="token_invalid")


class PersonalView(APIView):
    """A view whose answers are one caller's own, and are kept by no cache."""

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """DRF's last step."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class SignedInView(PersonalView):
    """A view for callers who are logged in."""

    authentication_classes = (AccessTokenAuthentication,)
    permission_classes = (IsAuthenticated,)

    @property
    def user(self) -> User:
        """Who calls."""
        return cast("User", self.request.user)
