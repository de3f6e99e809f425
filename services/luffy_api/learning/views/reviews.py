"""What those who took a course think of it."""

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInView
from learning import documentation, reviews
from learning.models import Review
from learning.serializers import ReviewForm, ReviewSerializer
from luffy.envelope import success, success_with
from luffy.limits import Limit, take
from luffy.numbers import positive_number
from luffy.pages import Page


class ReviewListView(APIView):
    """`GET learning/course/{id}/reviews/`."""

    @documentation.reviews
    def get(self, request: Request, course_id: str) -> Response:
        """A page of a course's reviews, and how often each rating was given: for anyone."""
        page, number = Page.of(request), positive_number("id", course_id)
        count, rows = reviews.page_of(number, page)
        answer = page.answer(request, count, list(ReviewSerializer(rows, many=True).data))
        ratings = reviews.distribution(number)
        total = sum(int(rating) * often for rating, often in ratings.items())
        answer["rating"] = round(total / count, 1) if count else None
        answer["ratings"] = ratings
        return Response(answer)


class OwnReviewView(SignedInView):
    """`GET`, `PUT` and `DELETE learning/course/{id}/review/`."""

    @documentation.own_review
    def get(self, request: Request, course_id: str) -> Response:
        """One's own review of a course; nothing where there is none, which is no error."""
        number = positive_number("id", course_id)
        review = Review.objects.filter(user=self.user, course_id=number).first()
        return success(_("OK"), ReviewSerializer(review).data if review else None)

    @documentation.own_review_change
    def put(self, request: Request, course_id: str) -> Response:
        """Write one's review, or change it."""
        form = ReviewForm(data=request.data)
        form.is_valid(raise_exception=True)
        take(Limit("review", 20, 3600).by(str(self.user.pk)))
        given = form.validated_data
        number = positive_number("id", course_id)
        review = reviews.write(self.user, number, given["rating"], given["text"])
        return success(_("OK"), ReviewSerializer(review).data)

    @documentation.own_review_deletion
    def delete(self, request: Request, course_id: str) -> Response:
        """Delete one's review."""
        reviews.withdraw(self.user, positive_number("id", course_id))
        return success_with(_("OK"))
