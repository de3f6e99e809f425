"""One's own account: profile, picture, password, export, deletion."""

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import documentation, personal_data, sessions
from accounts.authentication import SignedInView, locked
from accounts.avatars import set_avatar
from accounts.codes import Purpose, use_code
from accounts.credentials import confirm_password
from accounts.failures import StaffAccount, WrongCode
from accounts.refresh_cookie import drop_refresh_cookie
from accounts.serializers import AccountDeletion, PasswordChange, ProfileSerializer
from accounts.views.logins import login_answer
from luffy.bodies import AvatarFormParser
from luffy.caller import caller_network
from luffy.envelope import success, success_with
from luffy.limits import Limit, take


class ProfileView(SignedInView):
    """`GET` and `PATCH user/profile/`."""

    @documentation.profile
    def get(self, request: Request) -> Response:
        """One's own profile."""
        return success(_("OK"), ProfileSerializer(self.user).data)

    @documentation.profile_change
    def patch(self, request: Request) -> Response:
        """Change the name shown or the e-mail address."""
        form = ProfileSerializer(self.user, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        if form.validated_data.get("email", self.user.email) != self.user.email:
            # Whether an address lets one log in tells a little of who else has it.
            take(Limit("email-change", 5, 24 * 3600).by(str(self.user.pk)))
        with transaction.atomic():
            user = locked(self.user)
            for name, value in form.validated_data.items():
                setattr(user, name, value)
            user.save()
        return success(_("OK"), ProfileSerializer(user).data)


class AvatarView(SignedInView):
    """`POST user/avatar/`."""

    parser_classes = (AvatarFormParser,)

    @documentation.avatar
    def post(self, request: Request) -> Response:
        """Make the file of the field `file` one's picture."""
        file = request.FILES.get("file")
        if file is None or file.size is None:
            raise ValidationError({"file": [_("Send one file in this field.")]})
        take(Limit("avatar", 20, 3600).by(str(self.user.pk)))
        user = set_avatar(self.user, file, file.size)
        return success(_("OK"), {"icon": user.icon_url})


class PasswordChangeView(SignedInView):
    """`POST user/password/change/`."""

    @documentation.password_change
    def post(self, request: Request) -> Response:
        """Set a new password, end every other login, and begin this one anew."""
        form = PasswordChange(data=request.data, context={"user": self.user})
        form.is_valid(raise_exception=True)
        given = form.validated_data
        with transaction.atomic():
            user = locked(self.user)
            confirm_password(user, given["old_password"], caller_network(request))
            user.set_password(given["password"])
            user.save(update_fields=["password"])
            sessions.end_all(user)
            tokens = sessions.begin(user)
        return login_answer(tokens)


class ExportView(SignedInView):
    """`GET user/export/`."""

    @documentation.export
    def get(self, request: Request) -> Response:
        """Everything that the site knows of the caller, as a file."""
        take(Limit("export", 10, 3600).by(str(self.user.pk)))
        response = Response(personal_data.export(self.user))
        response["Content-Disposition"] = 'attachment; filename="luffy-my-data.json"'
        return response


class AccountView(SignedInView):
    """`DELETE user/account/`."""

    @documentation.account
    def delete(self, request: Request) -> Response:
        """Forget the caller, who proves to be the owner by password or code."""
        form = AccountDeletion(data=request.data)
        form.is_valid(raise_exception=True)
        if self.user.is_staff or self.user.is_superuser:
            raise StaffAccount
        given, network = form.validated_data, caller_network(request)
        if "password" in given:
            confirm_password(self.user, given["password"], network)
        elif self.user.mobile:
            use_code(self.user.mobile, Purpose.DELETE, given["code"], network)
        else:
            raise WrongCode
        personal_data.forget(self.user)
        response = success_with(_("Your account was deleted."))
        drop_refresh_cookie(response)
        return response
