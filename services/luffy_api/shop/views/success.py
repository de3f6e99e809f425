"""What the gateway says: by itself, and through the buyer who comes back."""

from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import parse_qsl

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedInView
from luffy.bodies import refuse_longer
from luffy.envelope import SUCCESS
from shop import documentation, telling
from shop.failures import NotGenuineReturn
from shop.models import Order
from shop.payment import provider
from shop.payment.provider import NotGenuineError
from shop.serializers import SuccessQuery
from shop.views.orders import own_order

NOT_YET = 101
MOST_FIELDS = 100
MOST_BYTES = 16 * 1024
TAKEN, REFUSED = "success", "failed"
PAID = (Order.Status.PAID, Order.Status.REFUNDING, Order.Status.REFUNDED)


class NotificationParser(BaseParser):
    """A form as the gateway posts it: UTF-8, and no name twice, or a signature could be of another
    value than the one that is read."""

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, str]:
        """The fields.

        Raises:
            BodyTooLarge, ParseError: it is no such form.
        """
        if parser_context:
            refuse_longer(parser_context["request"], MOST_BYTES)
        try:
            pairs = parse_qsl(
                stream.read().decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MOST_FIELDS,
            )
        except ValueError as error:
            raise ParseError from error
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise ParseError
        return fields


class SuccessView(SignedInView):
    """`GET order/success/` for the buyer, `POST order/success/` for the gateway."""

    parser_classes = (NotificationParser,)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """None for the gateway: it has no token of ours, its signature says who it is."""
        return [] if self._from_gateway else super().get_authenticators()

    def get_permissions(self) -> list[Any]:
        """Anybody may post."""
        return [] if self._from_gateway else list(super().get_permissions())

    @property
    def _from_gateway(self) -> bool:
        # There is no request yet while the OpenAPI document is made.
        return getattr(self.request, "method", "") == "POST"

    @documentation.success
    def get(self, request: Request) -> Response:
        """Code 100 when the order is paid, 101 when it is not known to be. Changes nothing."""
        query = SuccessQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        order = own_order(self.user, query.validated_data["out_trade_no"])
        if "sign" in request.query_params:
            self._check_return(request)
        if order.order_status in PAID:
            return Response({"code": SUCCESS, "msg": _("The order is paid.")})
        return Response({"code": NOT_YET, "msg": _("The order is not known to be paid yet.")})

    @documentation.notification
    def post(self, request: Request) -> HttpResponse:
        """The bare word `success` to a notification that fits, `failed` to any other."""
        fields: dict[str, str] = dict(request.data)
        taken = telling.take(fields)
        return HttpResponse(TAKEN if taken else REFUSED, content_type="text/plain; charset=utf-8")

    def _check_return(self, request: Request) -> None:
        values = {name: request.query_params[name] for name in request.query_params}
        try:
            provider().check_return(values)
        except NotGenuineError as error:
            raise NotGenuineReturn from error
