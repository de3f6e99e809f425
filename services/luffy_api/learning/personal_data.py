"""What is known of a person's learning."""

from typing import Any

from accounts.models import User
from learning.models import Answer, Certificate, Enrolment, Question, Review, SectionProgress


def export_enrolments(user: User) -> list[dict[str, Any]]:
    """The courses that somebody takes or took."""
    rows = Enrolment.objects.filter(user=user).select_related("course").order_by("pk")
    return [
        {
            "course": row.course.name,
            "why": row.source,
            "began": row.began.isoformat(),
            "ended": row.ended.isoformat() if row.ended else None,
        }
        for row in rows
    ]


def forget_enrolments(user: User) -> None:
    """Delete the enrolments of somebody who left; courses keep their number of students."""
    Enrolment.objects.filter(user=user).delete()


def export_progress(user: User) -> list[dict[str, Any]]:
    """How far somebody came in each section."""
    rows = SectionProgress.objects.filter(user=user).order_by("pk")
    return [
        {
            "course": row.section.chapter.course.name,
            "section": row.section.name,
            "position": row.position_s,
            "furthest": row.furthest_s,
            "done": row.done.isoformat() if row.done else None,
        }
        for row in rows.select_related("section__chapter__course")
    ]


def forget_progress(user: User) -> None:
    """Delete it."""
    SectionProgress.objects.filter(user=user).delete()


def export_certificates(user: User) -> list[dict[str, Any]]:
    """What was issued to somebody."""
    return [
        {
            "course": row.course_name,
            "name": row.name,
            "code": row.code,
            "issued": row.issued.isoformat(),
        }
        for row in Certificate.objects.filter(user=user).order_by("pk")
    ]


def forget_certificates(user: User) -> None:
    """They stay valid and say no more whose they are."""
    Certificate.objects.filter(user=user).update(user=None, name="")


def export_writings(user: User) -> dict[str, list[dict[str, Any]]]:
    """Reviews, questions and answers, shown or not."""
    reviews = Review.objects.filter(user=user).select_related("course").order_by("pk")
    questions = Question.objects.filter(user=user).select_related("section").order_by("pk")
    answers = Answer.objects.filter(user=user).order_by("pk")
    return {
        "reviews": [
            {
                "course": row.course.name,
                "rating": row.rating,
                "text": row.text,
                "written": row.written.isoformat(),
            }
            for row in reviews
        ],
        "questions": [
            {"section": row.section.name, "text": row.text, "written": row.written.isoformat()}
            for row in questions
        ],
        "answers": [{"text": row.text, "written": row.written.isoformat()} for row in answers],
    }


def forget_writings(user: User) -> None:
    """They stay for those who read them, and nobody's name stands with them."""
    for kind in (Review, Question, Answer):
        kind._default_manager.filter(user=user).update(user=None)
