"""The administration's login form."""

from typing import Any

from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from luffy.limits import TooManyRequests


class LoginForm(AuthenticationForm):
    """The theme's form, which says so when a limit is used up."""

    def clean(self) -> dict[str, Any]:
        """The fields, and in `user_cache` who they belong to."""
        try:
            return super().clean()
        except TooManyRequests as refusal:
            raise ValidationError(str(refusal.detail), code="throttled") from refusal
