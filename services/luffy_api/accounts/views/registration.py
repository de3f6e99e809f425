"""Before one has an account: is the number taken, a code for it, registering, a lost password."""

import secrets

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import documentation
from accounts.authentication import PersonalView
from accounts.codes import Purpose, use_code
from accounts.failures import AlreadyRegistered, WrongCode
from accounts.models import User
from accounts.sending import send_code
from accounts.serializers import MobileQuery, NewPassword, SendMessage
from accounts.sessions import end_all
from luffy.caller import caller_network
from luffy.envelope import success_with
from luffy.limits import Limit, take

NOT_REGISTERED = 101


class CheckMobileView(PersonalView):
    """`GET user/mobile/check_mobile/`."""

    @documentation.check_mobile
    def get(self, request: Request) -> Response:
        """Code 100 when the number has an account, 101 when it has none.

        The form for registering asks this, so it tells who is registered, for a few numbers.
        """
        query = MobileQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        limit = Limit("check-mobile", settings.CHECK_MOBILE_PER_ADDRESS, settings.LOGIN_WINDOW_S)
        take(limit.by(caller_network(request)))
        if User.objects.filter(mobile=query.validated_data["mobile"]).exists():
            return success_with(_("This phone number is registered."))
        message = _("This phone number is not registered.")
        return Response({"code": NOT_REGISTERED, "msg": message})


class SendMessageView(PersonalView):
    """`GET` and `POST user/send/send_message/`."""

    @documentation.send_message_get
    def get(self, request: Request) -> Response:
        """Send a code to `?phone`, as the original does it; `?purpose` is to log in if absent."""
        return self._send(request, request.query_params)

    @documentation.send_message
    def post(self, request: Request) -> Response:
        """Send a code to `phone` for `purpose`."""
        return self._send(request, request.data)

    def _send(self, request: Request, given: object) -> Response:
        form = SendMessage(data=given)
        form.is_valid(raise_exception=True)
        purpose = Purpose(form.validated_data["purpose"])
        send_code(form.validated_data["phone"], purpose, caller_network(request))
        return success_with(_("If this number can be used for that, a code is on its way."))


class RegisterView(PersonalView):
    """`POST user/register/`."""

    @documentation.register
    def post(self, request: Request) -> Response:
        """Make an account for who holds the phone."""
        form = NewPassword(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        use_code(given["mobile"], Purpose.REGISTER, given["code"], caller_network(request))
        try:
            with transaction.atomic():
                User.objects.create_user(
                    # A name of its own: the number is nobody else's business.
                    username=f"luffy_{secrets.token_hex(5)}",
                    mobile=given["mobile"],
                    password=given["password"],
                )
        except IntegrityError as error:
            raise AlreadyRegistered from error
        return success_with(_("Registered. You can log in now."))


class PasswordResetView(PersonalView):
    """`POST user/password/reset/`."""

    @documentation.password_reset
    def post(self, request: Request) -> Response:
        """Set a new password for who holds the phone, and end every login."""
        form = NewPassword(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        use_code(given["mobile"], Purpose.RESET, given["code"], caller_network(request))
        with transaction.atomic():
            users = User.objects.select_for_update().filter(is_active=True)
            user = users.filter(mobile=given["mobile"]).first()
            if user is None:
                # It left after the code was sent.
                raise WrongCode
            user.set_password(given["password"])
            user.save(update_fields=["password"])
            end_all(user)
        return success_with(_("The password was changed. You can log in now."))
