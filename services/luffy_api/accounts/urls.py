"""Addresses below `user/`."""

from django.urls import path

from accounts.views.account import (
    AccountView,
    AvatarView,
    ExportView,
    PasswordChangeView,
    ProfileView,
)
from accounts.views.logins import CodeLoginView, LogoutView, PasswordLoginView, RefreshView
from accounts.views.registration import (
    CheckMobileView,
    PasswordResetView,
    RegisterView,
    SendMessageView,
)

urlpatterns = [
    path("mobile/check_mobile/", CheckMobileView.as_view(), name="check-mobile"),
    path("send/send_message/", SendMessageView.as_view(), name="send-message"),
    path("register/", RegisterView.as_view(), name="register"),
    path("login/mul_login/", PasswordLoginView.as_view(), name="password-login"),
    path("login/sms_login/", CodeLoginView.as_view(), name="code-login"),
    path("token/refresh/", RefreshView.as_view(), name="token-refresh"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("profile/", ProfileView.as_view(), name="profile"),
    path("avatar/", AvatarView.as_view(), name="avatar"),
    path("password/change/", PasswordChangeView.as_view(), name="password-change"),
    path("password/reset/", PasswordResetView.as_view(), name="password-reset"),
    path("export/", ExportView.as_view(), name="export"),
    path("account/", AccountView.as_view(), name="account"),
]
