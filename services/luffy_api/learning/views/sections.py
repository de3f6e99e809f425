"""Sections: what is in them, how far one came, and the files beside them."""

from django.db import IntegrityError
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedInView
from course.attachments import add_attachment
from course.models import CourseSection, SectionAttachment
from learning import documentation
from learning.access import MaybeSignedInView, demand, see, take_part
from learning.media_cookie import holder, set_media_cookie
from learning.metrics import attachments_stored, sections_opened
from learning.progress import Seen, record
from learning.sections import attachment_answer, progress_answer, section_answer
from learning.serializers import ProgressReport
from luffy.envelope import success
from luffy.limits import Limit, take
from luffy.numbers import positive_number
from luffy.uploads import FileFormParser

EDITS = "course.change_coursesection"


class SectionView(MaybeSignedInView):
    """`GET learning/section/{id}/`."""

    @documentation.section
    def get(self, request: Request, section_id: str) -> Response:
        """A section with links to its video and its files, for who may see it."""
        access = see(positive_number("id", section_id), self.caller)
        answer = success(_("OK"), section_answer(access, self.caller))
        sections_opened.labels("enrolled" if access.enrolled else "visitor").inc()
        if self.caller is not None:
            set_media_cookie(answer, self.caller)
        return answer


class ProgressView(SignedInView):
    """`PUT learning/section/{id}/progress/`."""

    @documentation.progress
    def put(self, request: Request, section_id: str) -> Response:
        """Write down how far the caller came."""
        form = ProgressReport(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        # A player tells every few seconds, and from a few tabs.
        take(Limit("progress", 120, 60).by(str(self.user.pk)))
        access = take_part(positive_number("id", section_id), self.user)
        seen = Seen(given["position"], given["duration"], given["done"], given.get("at"))
        try:
            row = record(self.user, access.section.pk, seen)
        except IntegrityError as error:
            # It was deleted since the lines above.
            raise _no_section(section_id) from error
        return success(_("OK"), progress_answer(row))


class AttachmentView(SignedInView):
    """`POST learning/section/{id}/attachment/`."""

    parser_classes = (FileFormParser,)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse who may not before anything is read."""
        super().initial(request, *args, **kwargs)
        demand(request, EDITS)

    @documentation.attachment
    def post(self, request: Request, section_id: str) -> Response:
        """Store the file of the field `file` beside a section."""
        number = positive_number("id", section_id)
        take(Limit("attachment", 200, 3600).by(str(self.user.pk)))
        upload = request.FILES.get("file")
        if upload is None:
            raise ValidationError({"file": [_("Send one file in this field.")]})
        try:
            attachment = add_attachment(number, upload)
        except CourseSection.DoesNotExist as error:
            raise _no_section(section_id) from error
        attachments_stored.labels(attachment.kind).inc()
        answer = success(_("OK"), attachment_answer(attachment, holder(self.user)))
        set_media_cookie(answer, self.user)
        return answer


class OneAttachmentView(SignedInView):
    """`DELETE learning/attachment/{id}/`."""

    @documentation.attachment_deletion
    def delete(self, request: Request, attachment_id: str) -> Response:
        """Delete a file beside a section."""
        demand(request, EDITS)
        found = SectionAttachment.objects.filter(pk=positive_number("id", attachment_id)).first()
        if found is None:
            raise NotFound(_("There is no attachment %(id)s.") % {"id": attachment_id})
        found.delete()
        return success(_("OK"), {"id": int(attachment_id)})


def _no_section(section_id: str) -> NotFound:
    return NotFound(_("There is no section %(id)s.") % {"id": section_id})
