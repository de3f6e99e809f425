"""The pages of the second step: the code, setting a phone up, backup codes.

They are for staff who gave their password; until the code is right, nothing else opens to them.
"""

from collections.abc import Callable
from typing import Any, cast

import django_otp
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_POST
from django_otp.models import Device
from django_otp.oath import TOTP
from unfold.sites import UnfoldAdminSite

from accounts.models import User
from luffy.caller import caller_network
from luffy.limits import Limit, TooManyRequests, take
from office.second_factor import devices, qr
from office.second_factor.forms import CodeForm
from office.second_factor.state import gave_password, is_done, is_verified
from office.second_factor.verification import WrongSecondFactorError, folded, verify

_SECRET = "office_phone_secret"  # noqa: S105 - where in the session it lies
View = Callable[..., HttpResponseBase]


class SecondFactorPages:
    """The pages as views of an administration site."""

    def __init__(self, site: UnfoldAdminSite) -> None:
        self._site = site

    @property
    def urls(self) -> list[URLPattern]:
        """Their addresses, below that of the site."""
        get_and_post = require_http_methods(["GET", "POST"])
        pages = (
            ("second-factor/", get_and_post(self.code), "second_factor"),
            ("second-factor/phone/", get_and_post(self.phone), "second_factor_phone"),
            ("second-factor/backup-codes/", get_and_post(self.backup_codes), "backup_codes"),
            ("second-factor/leave/", require_POST(self.leave), "second_factor_leave"),
        )
        return [path(route, self._after_password(view), name=name) for route, view, name in pages]

    def code(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for a code, and let in whoever has it."""
        user = _user(request)
        if is_done(request):
            return redirect(self._next(request))
        if not devices.has_phone(user):
            return self._to("second_factor_phone", request)
        form = CodeForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                device = verify(user, form.cleaned_data["code"], caller_network(request))
            except WrongSecondFactorError:
                form.add_error("code", _("This code is wrong, or was used before."))
            except TooManyRequests as refusal:
                form.add_error("code", str(refusal.detail))
            else:
                _let_in(request, device)
                return redirect(self._next(request))
        return self._page(request, "code", _("Two-factor login"), form=form)

    def phone(self, request: HttpRequest) -> HttpResponseBase:
        """Set a phone up: the first, or another in its place."""
        user = _user(request)
        had_one = devices.has_phone(user)
        if had_one and not is_verified(request):
            return self._to("second_factor", request)
        # In the session until the phone proves to have it: no half set up device is ever stored.
        secret = request.session.setdefault(_SECRET, devices.new_secret())
        form = CodeForm(request.POST or None, backup=False)
        if request.method == "POST" and form.is_valid():
            try:
                take(Limit("second-factor-setup", 20, 900).by(str(user.pk)))
            except TooManyRequests as refusal:
                form.add_error("code", str(refusal.detail))
            else:
                matched = devices.match(secret, folded(form.cleaned_data["code"]))
                if matched is not None:
                    return self._set_phone(request, secret, matched)
                form.add_error(
                    "code", _("This is not what the phone should show. Is its clock right?")
                )
        return self._page(
            request,
            "phone",
            _("Set up two-factor login"),
            form=form,
            had_one=had_one,
            secret=qr.secret_as_text(secret),
            picture=qr.picture(qr.address(user.get_username(), secret), _("QR code")),
        )

    def backup_codes(self, request: HttpRequest) -> HttpResponseBase:
        """Tell how many are left, and make new ones."""
        user = _user(request)
        if not is_verified(request):
            return self._to("second_factor", request)
        if request.method == "POST":
            return self._show_codes(request, user)
        return self._page(
            request, "backup_codes", _("Backup codes"), left=devices.backup_codes_left(user)
        )

    def leave(self, request: HttpRequest) -> HttpResponseBase:
        """Log out before the second step: Django's own page wants the whole login."""
        logout(request)
        return redirect(reverse(f"{self._site.name}:login"))

    def _after_password(self, view: View) -> View:
        @never_cache
        @csrf_protect
        def inner(request: HttpRequest) -> HttpResponseBase:
            if not gave_password(request):
                login = reverse(f"{self._site.name}:login")
                return redirect_to_login(reverse(f"{self._site.name}:index"), login)
            return view(request)

        return inner

    def _set_phone(self, request: HttpRequest, secret: str, matched: TOTP) -> HttpResponseBase:
        user, may_replace = _user(request), is_verified(request)
        try:
            device = devices.set_phone(user, secret, matched, may_replace=may_replace)
        except devices.PhoneExistsError:
            return self._to("second_factor", request)
        del request.session[_SECRET]
        _let_in(request, device)
        return self._show_codes(request, user)

    def _show_codes(self, request: HttpRequest, user: User) -> HttpResponse:
        codes = devices.new_backup_codes(user)
        messages.success(
            request, _("These codes are shown once. Keep them where your phone is not.")
        )
        return self._page(request, "backup_codes", _("Backup codes"), codes=codes, left=len(codes))

    def _page(self, request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
        whole = {
            **self._site.each_context(request),
            "title": title,
            REDIRECT_FIELD_NAME: self._next(request),
            **context,
        }
        return TemplateResponse(request, f"office/second_factor/{name}.html", whole)

    def _to(self, name: str, request: HttpRequest) -> HttpResponseRedirect:
        address = reverse(f"{self._site.name}:{name}")
        return redirect_to_login(self._next(request), address)

    def _next(self, request: HttpRequest) -> str:
        """Where the caller wanted to go, if it lies on this site."""
        wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
        if url_has_allowed_host_and_scheme(
            wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        ):
            return wanted
        return reverse(f"{self._site.name}:index")


def _user(request: HttpRequest) -> User:
    return cast("User", request.user)


def _let_in(request: HttpRequest, device: Device) -> None:
    django_otp.login(request, device)
    # What was known of the session before the code is worth nothing after it.
    request.session.cycle_key()
