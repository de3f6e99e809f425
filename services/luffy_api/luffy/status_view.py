"""`GET status/`: what the parts of the API do just now, in plain words."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from luffy.documentation import answers, enveloped
from luffy.envelope import success
from luffy.status import FAILING, OK, STATES, UNKNOWN, Part, site_status


class StatusPartSerializer(serializers.Serializer[Any]):
    """How one part is."""

    state = serializers.ChoiceField(choices=STATES)
    seconds = serializers.IntegerField(
        allow_null=True,
        min_value=0,
        help_text="Since the last heartbeat, of parts that send some.",
    )
    words = serializers.CharField(help_text="The same for people.")


class StatusPartsSerializer(serializers.Serializer[Any]):
    """Each part by its name."""

    database = StatusPartSerializer()
    schema = StatusPartSerializer()
    redis = StatusPartSerializer()
    worker = StatusPartSerializer()
    beat = StatusPartSerializer()


class StatusSerializer(serializers.Serializer[Any]):
    """What was seen."""

    state = serializers.ChoiceField(choices=STATES, help_text="The worst of all parts.")
    seen = serializers.DateTimeField(help_text="When it was looked at.")
    parts = StatusPartsSerializer()


class StatusView(APIView):
    """`GET status/`."""

    @extend_schema(
        operation_id="get_status",
        tags=["status"],
        summary="What the parts of the API do just now",
        responses=answers(enveloped("SiteStatus", StatusSerializer())),
    )
    def get(self, request: Request) -> Response:
        """What is known, with 200: also where a part fails."""
        found = site_status.get()
        states = {part.state for part in found.parts.values()}
        worst = FAILING if FAILING in states else UNKNOWN if UNKNOWN in states else OK
        parts = {
            name: {"state": part.state, "seconds": part.seconds, "words": _words(name, part)}
            for name, part in found.parts.items()
        }
        answer = success(_("OK"), {"state": worst, "seen": found.seen.isoformat(), "parts": parts})
        answer["Cache-Control"] = "no-store"
        return answer


def _words(name: str, part: Part) -> str:
    if name == "schema":
        return {
            OK: _("Has all that this release needs."),
            FAILING: _("Lacks changes that this release needs."),
            UNKNOWN: _("Not known while the database does not answer."),
        }[part.state]
    if name in ("database", "redis"):
        return _("Answers.") if part.state == OK else _("Does not answer.")
    if part.state == UNKNOWN:
        return _("Not known while Redis does not answer.")
    if part.seconds is None:
        return _("Was not heard of in the last day.")
    if part.state == OK:
        return _("Was heard of %(seconds)s seconds ago.") % {"seconds": part.seconds}
    return _("Has been silent for %(seconds)s seconds.") % {"seconds": part.seconds}
