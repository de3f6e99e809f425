"""Logging in, staying logged in, logging out."""

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import documentation, sessions
from accounts.authentication import PersonalView
from accounts.codes import Purpose, use_code
from accounts.credentials import find_by_password, logged_in
from accounts.failures import RefreshRefused, WrongCode
from accounts.models import User
from accounts.refresh_cookie import drop_refresh_cookie, set_refresh_cookie
from accounts.serializers import CodeLogin, PasswordLogin
from luffy.caller import caller_network
from luffy.envelope import success_with


def login_answer(tokens: sessions.Tokens) -> Response:
    """The access token in the JSON, the refresh token in its cookie alone."""
    user = tokens.user
    response = success_with(
        _("OK"),
        token=tokens.access,
        username=user.username,
        name=user.shown_name,
        icon=user.icon_url,
    )
    set_refresh_cookie(response, tokens.refresh)
    return response


class PasswordLoginView(PersonalView):
    """`POST user/login/mul_login/`."""

    @documentation.password_login
    def post(self, request: Request) -> Response:
        """Log in by name, phone or e-mail address, and password."""
        form = PasswordLogin(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        user = find_by_password(given["username"], given["password"], caller_network(request))
        return _logged_in(user)


class CodeLoginView(PersonalView):
    """`POST user/login/sms_login/`."""

    @documentation.code_login
    def post(self, request: Request) -> Response:
        """Log in by phone and a code for that."""
        form = CodeLogin(data=request.data)
        form.is_valid(raise_exception=True)
        mobile, code = form.validated_data["mobile"], form.validated_data["code"]
        use_code(mobile, Purpose.LOGIN, code, caller_network(request))
        user = User.objects.filter(mobile=mobile, is_active=True).first()
        if user is None:
            # It left after the code was sent.
            raise WrongCode
        return _logged_in(user)


class RefreshView(PersonalView):
    """`POST user/token/refresh/`."""

    @documentation.refresh
    def post(self, request: Request) -> Response:
        """Exchange the cookie's refresh token for an access token and a new cookie."""
        return login_answer(sessions.refreshed(_cookie(request)))


class LogoutView(PersonalView):
    """`POST user/logout/`."""

    @documentation.logout
    def post(self, request: Request) -> Response:
        """Revoke the cookie's refresh token and all that it was exchanged for."""
        token = request.COOKIES.get(settings.REFRESH_COOKIE)
        if token:
            sessions.end(token)
        response = success_with(_("Logged out."))
        drop_refresh_cookie(response)
        return response


def _cookie(request: Request) -> str:
    token = request.COOKIES.get(settings.REFRESH_COOKIE)
    if not token:
        raise RefreshRefused
    return str(token)


def _logged_in(user: User) -> Response:
    logged_in(user)
    return login_answer(sessions.begin(user))
