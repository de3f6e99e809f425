"""Questions and answers under sections: plain text, by those who take the course, and by staff."""

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound

from accounts.authentication import locked
from accounts.models import User
from learning.access import see, seen_sections, take_part
from learning.failures import TooManyAnswers
from learning.models import Answer, Question
from luffy.pages import Page

MOST_ANSWERS = 50
"""Of one question: they are shown with it, all at once."""
ANSWERS = "learning.add_answer"


def page_of(section_id: int, page: Page) -> tuple[int, list[Question]]:
    """How many questions are shown under a section, and those of a page with their answers.

    Raises:
        NotFound: there is no such page.
    """
    return _page(Question.objects.filter(section_id=section_id), page)


def page_of_course(course_id: int, user: User | None, page: Page) -> tuple[int, list[Question]]:
    """The same of all sections of a course that `user` may see.

    Raises:
        NotFound: there is no course that they may know of, or no such page.
    """
    rows = Question.objects.filter(section__in=seen_sections(course_id, user))
    return _page(rows.select_related("section"), page)


def _page(rows: QuerySet[Question], page: Page) -> tuple[int, list[Question]]:
    rows = rows.filter(is_show=True)
    count = rows.count()
    answers = Prefetch("answers", Answer.objects.filter(is_show=True).select_related("user"))
    shown = rows.select_related("user").prefetch_related(answers)[page.slice(count)]
    return count, list(shown)


def ask(user: User, section_id: int, text: str) -> Question:
    """Ask under a section.

    Raises:
        NotFound, NotEnrolled: the caller may not.
        AuthenticationFailed: the account is gone by now.
    """
    with transaction.atomic():
        user = locked(user)
        section = take_part(section_id, user).section
        return Question.objects.create(user=user, section=section, text=text)


def answer(user: User, question_id: int, text: str) -> Answer:
    """Answer a question, as one who takes the course or as staff with the right to.

    Raises:
        NotFound, NotEnrolled: the caller may not.
        TooManyAnswers: there are enough.
        AuthenticationFailed: the account is gone by now.
    """
    with transaction.atomic():
        user = locked(user)
        rows = Question.objects.select_for_update().filter(pk=question_id, is_show=True)
        question = rows.first()
        if question is None:
            raise NotFound(_("There is no question %(id)s.") % {"id": question_id})
        by_staff = user.is_staff and user.has_perm(ANSWERS)
        if by_staff:
            see(question.section_id, user)
        else:
            take_part(question.section_id, user)
        if question.answers.count() >= MOST_ANSWERS:
            raise TooManyAnswers
        return Answer.objects.create(user=user, question=question, text=text, by_staff=by_staff)


def delete_own(kind: type[Question] | type[Answer], user: User, row_id: int) -> None:
    """Delete what `user` wrote; a question goes with its answers.

    Raises:
        NotFound: they wrote no such thing.
    """
    row = kind._default_manager.filter(pk=row_id, user=user).first()
    if row is None:
        raise NotFound(_("You wrote nothing with the number %(id)s.") % {"id": row_id})
    row.delete()
