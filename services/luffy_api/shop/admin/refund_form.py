"""The form of a refund."""

import secrets
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from shop.models import Order


class RefundForm(forms.Form):
    """Which courses of an order, and why. The number makes a second click no second refund."""

    details = forms.MultipleChoiceField(
        label=_("courses"), widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    reason = forms.CharField(label=_("reason"), max_length=200, widget=UnfoldAdminTextInputWidget)
    number = forms.RegexField(r"^staff[0-9a-f]{24}\Z", widget=forms.HiddenInput)

    def __init__(self, order: Order, data: Any = None) -> None:
        super().__init__(data)
        left = order.details.filter(refund=None)
        choices = [(str(row.pk), f"{row.name} — {row.real_price}") for row in left]
        self.fields["details"].choices = choices  # type: ignore[attr-defined]
        self.initial = {
            "details": [pk for pk, _label in choices],
            "number": f"staff{secrets.token_hex(12)}",
        }
