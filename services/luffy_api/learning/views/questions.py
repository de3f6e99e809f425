"""Questions and answers under sections."""

from typing import cast

from django.utils.translation import gettext as _
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedInView
from accounts.models import User
from learning import documentation, questions
from learning.access import MaybeSignedInView, see
from learning.models import Answer, Question
from learning.serializers import (
    AnswerSerializer,
    CourseQuestionSerializer,
    QuestionSerializer,
    TextForm,
)
from luffy.envelope import success, success_with
from luffy.limits import Limit, take
from luffy.numbers import positive_number
from luffy.pages import Page


class QuestionListView(MaybeSignedInView):
    """`GET` and `POST learning/section/{id}/questions/`."""

    def get_permissions(self) -> list[IsAuthenticated]:
        """To read for who may see the section; to write for who has logged in."""
        return [IsAuthenticated()] if self.request.method == "POST" else []

    @documentation.questions
    def get(self, request: Request, section_id: str) -> Response:
        """A page of the questions under a section, with their answers."""
        page, number = Page.of(request), positive_number("id", section_id)
        see(number, self.caller)
        count, rows = questions.page_of(number, page)
        shown = QuestionSerializer(rows, many=True, context=_context(self.caller)).data
        return Response(page.answer(request, count, list(shown)))

    @documentation.question
    def post(self, request: Request, section_id: str) -> Response:
        """Ask a question."""
        form = TextForm(data=request.data)
        form.is_valid(raise_exception=True)
        user = cast("User", request.user)
        take(Limit("question", 10, 3600).by(str(user.pk)))
        number = positive_number("id", section_id)
        asked = questions.ask(user, number, form.validated_data["text"])
        return success(_("OK"), QuestionSerializer(asked, context={"caller": user.pk}).data)


class CourseQuestionListView(MaybeSignedInView):
    """`GET learning/course/{id}/questions/`."""

    @documentation.course_questions
    def get(self, request: Request, course_id: str) -> Response:
        """A page of the questions under those sections of a course that the caller may see."""
        page, number = Page.of(request), positive_number("id", course_id)
        count, rows = questions.page_of_course(number, self.caller, page)
        shown = CourseQuestionSerializer(rows, many=True, context=_context(self.caller)).data
        return Response(page.answer(request, count, list(shown)))


class AnswerListView(SignedInView):
    """`POST learning/question/{id}/answers/`."""

    @documentation.answer
    def post(self, request: Request, question_id: str) -> Response:
        """Answer a question."""
        form = TextForm(data=request.data)
        form.is_valid(raise_exception=True)
        take(Limit("answer", 30, 3600).by(str(self.user.pk)))
        number = positive_number("id", question_id)
        given = questions.answer(self.user, number, form.validated_data["text"])
        return success(_("OK"), AnswerSerializer(given, context={"caller": self.user.pk}).data)


class OwnQuestionView(SignedInView):
    """`DELETE learning/question/{id}/`."""

    @documentation.question_deletion
    def delete(self, request: Request, question_id: str) -> Response:
        """Delete one's own question, with its answers."""
        questions.delete_own(Question, self.user, positive_number("id", question_id))
        return success_with(_("OK"))


class OwnAnswerView(SignedInView):
    """`DELETE learning/answer/{id}/`."""

    @documentation.answer_deletion
    def delete(self, request: Request, answer_id: str) -> Response:
        """Delete one's own answer."""
        questions.delete_own(Answer, self.user, positive_number("id", answer_id))
        return success_with(_("OK"))


def _context(caller: User | None) -> dict[str, int | None]:
    return {"caller": caller.pk if caller else None}
