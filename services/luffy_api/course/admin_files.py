"""Forms of the administration for files that are served by links alone."""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminFileWidget
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from rest_framework.exceptions import APIException

from course.attachments import fill, taken
from course.models import SectionAttachment
from luffy.media_links import ANYONE, make_link


class _Shown:
    """A stored file as the widget shows it: its name, and a link that works for a while."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.url = make_link(name, ANYONE).address

    def __str__(self) -> str:
        return self._name


class ProtectedFileInput(AdminFileWidget):
    """Django's widget with a link that nginx answers."""

    def is_initial(self, value: Any) -> bool:
        """Whether a file is stored, as Django tells by its public address."""
        return bool(value) and getattr(value, "_committed", False)

    def format_value(self, value: Any) -> Any:
        """What the widget shows of the stored file."""
        return _Shown(value.name) if self.is_initial(value) else None


class AttachmentForm(forms.ModelForm):
    """A file beside a section; what stands about it in the row follows from it."""

    class Meta:
        model = SectionAttachment
        fields = ("name", "file")
        widgets = {"file": ProtectedFileInput}  # noqa: RUF012 - Django's own attribute

    def clean(self) -> dict[str, Any]:
        """Look at a new file as the API does.

        Raises:
            ValidationError: it is not taken.
        """
        given = super().clean() or {}
        upload = given.get("file")
        if isinstance(upload, UploadedFile):
            try:
                self.found = taken(upload)
            except APIException as refusal:
                raise ValidationError({"file": str(refusal.detail)}) from refusal
        return given

    def save(self, commit: bool = True) -> Any:
        """Store the file that was looked at, under the name that was typed, if one was."""
        found = getattr(self, "found", None)
        if found is not None:
            typed = self.cleaned_data.get("name")
            fill(self.instance, found)
            self.instance.name = typed or found.name
        return super().save(commit)
