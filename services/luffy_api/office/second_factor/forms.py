"""The forms of the second step."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget


class CodeForm(forms.Form):
    """A code of the phone or, where `backup` says so, one of the backup codes."""

    code = forms.CharField(label=_("Code"), max_length=20, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *arguments: Any, backup: bool = True, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["code"].widget.attrs |= {
            "autocomplete": "one-time-code",
            "inputmode": "text" if backup else "numeric",
            "autofocus": True,
            "spellcheck": "false",
        }
