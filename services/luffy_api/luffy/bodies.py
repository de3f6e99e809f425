"""Request bodies, refused before they are read when they are longer than they can need to be.

A body without a length is none for Django (WSGI), so nothing slips past.
"""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request

# What multipart/form-data adds around a file: boundaries, names, a few other fields.
FORM_OVERHEAD_BYTES = 16 * 1024


class BodyTooLarge(APIException):
    """The body is longer than this address takes."""

    status_code = 413
    default_detail = _("What was sent is too large.")
    default_code = "too_large"


def refuse_longer(request: Request, most_bytes: int) -> None:
    """Refuse a request whose body is longer than `most_bytes`.

    Raises:
        BodyTooLarge: it is.
    """
    # The server has refused a length that is no number.
    if int(request.META.get("CONTENT_LENGTH") or 0) > most_bytes:
        raise BodyTooLarge


class ShortJSONParser(JSONParser):
    """JSON as long as a form's fields are."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The parsed body; `BodyTooLarge` or DRF's `ParseError` for another."""
        if parser_context:
            refuse_longer(parser_context["request"], settings.MAX_JSON_BYTES)
        return super().parse(stream, media_type, parser_context)


class AvatarFormParser(MultiPartParser):
    """A form with one picture."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The parsed form; `BodyTooLarge` or DRF's `ParseError` for another."""
        if parser_context:
            most_bytes = settings.AVATAR_MAX_BYTES + FORM_OVERHEAD_BYTES
            refuse_longer(parser_context["request"], most_bytes)
        return super().parse(stream, media_type, parser_context)
