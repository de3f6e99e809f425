"""What learning refuses, each with its own word."""

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException


class NotEnrolled(APIException):
    """The caller does not take this course."""

    status_code = 403
    default_detail = _("You do not take this course.")
    default_code = "not_enrolled"


class NotFree(APIException):
    """A course that costs something is bought, not taken."""

    status_code = 409
    default_detail = _("This course is not free. Please buy it.")
    default_code = "not_free"


class NotComplete(APIException):
    """A certificate is for who has done every section."""

    status_code = 409
    default_detail = _("Not every section of this course is done yet.")
    default_code = "not_complete"


class NameMissing(APIException):
    """A certificate needs a name to print."""

    status_code = 409
    default_detail = _("Set the name shown in your profile first: it is printed.")
    default_code = "name_missing"


class TooManyAnswers(APIException):
    """A question has as many answers as are shown."""

    status_code = 409
    default_detail = _("This question has enough answers.")
    default_code = "too_many_answers"
