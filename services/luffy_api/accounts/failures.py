"""What people's endpoints refuse, each with its own word."""

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException

# DRF sends it as WWW-Authenticate, which goes with every 401.
AUTH_HEADER = 'JWT realm="api"'


class WrongCredentials(APIException):
    """Name and password do not fit: the same for a name that nobody has."""

    status_code = 401
    default_detail = _("The name or the password is wrong.")
    default_code = "wrong_credentials"
    auth_header = AUTH_HEADER


class WrongPassword(APIException):
    """The password that confirms a change is not the caller's."""

    status_code = 403
    default_detail = _("The password is wrong.")
    default_code = "wrong_password"


class WrongCode(APIException):
    """The code is wrong, used up, expired, or was sent for something else."""

    status_code = 400
    default_detail = _("The code is wrong or has expired. Ask for a new one.")
    default_code = "wrong_code"


class AlreadyRegistered(APIException):
    """The phone number has an account; told only to who proved to hold the phone."""

    status_code = 409
    default_detail = _("This phone number is registered already. Please log in.")
    default_code = "already_registered"


class RefreshRefused(APIException):
    """The refresh token is missing, expired, used before or revoked."""

    status_code = 401
    default_detail = _("Your login has expired. Please log in again.")
    default_code = "refresh_refused"
    auth_header = AUTH_HEADER


class SmsNotConfigured(APIException):
    """No SMS provider is set up."""

    status_code = 503
    default_detail = _("This site sends no text messages.")
    default_code = "sms_not_configured"


class SmsUnavailable(APIException):
    """The SMS provider did not take the message."""

    status_code = 503
    default_detail = _("The text message could not be sent. Please try again shortly.")
    default_code = "sms_unavailable"
    wait = 60  # a phone is texted once a minute, and the circuit is open for less


class SmsRefused(APIException):
    """The SMS provider does not text this number."""

    status_code = 400
    default_detail = _("No text message can be sent to this number just now.")
    default_code = "sms_refused"


class StaffAccount(APIException):
    """An account of staff is not deleted here."""

    status_code = 403
    default_detail = _("An account of staff is removed in the administration.")
    default_code = "staff_account"
