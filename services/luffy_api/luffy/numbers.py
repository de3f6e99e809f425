"""Numbers that callers send."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

# The largest id that the database can hold (BIGINT).
LARGEST_ID = 2**63 - 1


def positive_number(name: str, text: str | None, default: int | None = None) -> int:
    """The parameter `name` as a whole number from 1 to LARGEST_ID; `default` where it is absent.

    Raises:
        ValidationError: it is absent without a default, or something else.
    """
    if text is None or text == "":
        if default is None:
            raise ValidationError({name: [_("This parameter is required.")]})
        return default
    # Checked by length before it is converted: int() of a very long text is slow or raises.
    digits = text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))
    if not digits or not 1 <= int(text) <= LARGEST_ID:
        message = _("Expected a whole number from 1 on, found “%(found)s”.")
        raise ValidationError({name: [message % {"found": text[:40]}]})
    return int(text)
