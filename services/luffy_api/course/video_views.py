"""Videos of sections that are free to try."""

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from course import documentation
from course.links import video_for_anyone
from luffy.envelope import success
from luffy.numbers import positive_number


class SectionVideoView(APIView):
    """`GET course/section/{id}/video/`."""

    @documentation.section_video
    def get(self, request: Request, section_id: str) -> Response:
        """Lead to the video of a section that is free to try, by a link that works for a while."""
        link = video_for_anyone(positive_number("id", section_id))
        answer = success(_("OK"), {"link": link.address})
        answer.status_code = 302
        answer["Location"] = link.address
        # The link ends, and this address does not.
        answer["Cache-Control"] = "no-store"
        return answer
