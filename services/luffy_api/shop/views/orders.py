"""Orders, for their buyers."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedInView
from accounts.models import User
from luffy.caller import caller_network
from luffy.envelope import success, success_with
from luffy.limits import Limit, take
from luffy.outside.failures import OutsideError
from shop import asking, documentation, metrics, paying, states
from shop.coupons import counted_try
from shop.failures import PaymentUnavailable
from shop.models import Order
from shop.pages import OrderQuery, own
from shop.placing import place, quote
from shop.serializers import (
    IdempotencyKey,
    OrderRequest,
    OrderSerializer,
    QuoteRequest,
    QuoteSerializer,
)

KEY_HEADER = "Idempotency-Key"


def own_order(user: User, out_trade_no: str) -> Order:
    """An order of `user`.

    Raises:
        NotFound: it is not theirs, or there is none: the same for both.
    """
    order = own(user).filter(out_trade_no=out_trade_no[:64]).first()
    # The database takes A for a.
    if order is None or order.out_trade_no != out_trade_no:
        raise NotFound(_("You have no such order."))
    return order


def pay_answer(order: Order, pay_url: str) -> Response:
    """What the original's payment answers, and which order it is."""
    return success_with(
        _("OK"),
        pay_url=pay_url,
        out_trade_no=order.out_trade_no,
        total_amount=f"{order.total_amount:.2f}",
        order_status=order.order_status,
    )


class OrderListView(SignedInView):
    """`GET order/`."""

    @documentation.orders
    def get(self, request: Request) -> Response:
        """A page of one's own orders, the newest first."""
        page = OrderQuery.of(request).answer(
            request, self.user, lambda rows: OrderSerializer(rows, many=True).data
        )
        return success(_("OK"), page)


class QuoteView(SignedInView):
    """`POST order/quote/`."""

    @documentation.quote
    def post(self, request: Request) -> Response:
        """What some courses would cost now, with or without a coupon."""
        form = QuoteRequest(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        with counted_try(given["coupon"], self.user, caller_network(request)):
            found = quote(self.user, frozenset(given["courses"]), given["coupon"])
        return success(_("OK"), QuoteSerializer(found).data)


class PayView(SignedInView):
    """`POST order/pay/`."""

    @documentation.pay
    def post(self, request: Request) -> Response:
        """Place an order, and tell where it is paid."""
        form = OrderRequest(data=request.data)
        form.is_valid(raise_exception=True)
        wish = form.wish(self._key(request))
        with counted_try(wish.coupon, self.user, caller_network(request)):
            order = place(self.user, wish)
        # One of nothing is paid by now, and so may be one that comes again.
        return pay_answer(order, paying.pay_url(order) if paying.can_be_paid(order) else "")

    def _key(self, request: Request) -> str:
        if KEY_HEADER not in request.headers:
            return ""
        form = IdempotencyKey(data={"key": request.headers[KEY_HEADER]})
        form.is_valid(raise_exception=True)
        return str(form.validated_data["key"])


class OrderView(SignedInView):
    """`GET order/{out_trade_no}/`."""

    @documentation.order
    def get(self, request: Request, out_trade_no: str) -> Response:
        """One of one's own orders."""
        return success(_("OK"), OrderSerializer(own_order(self.user, out_trade_no)).data)


class PayAgainView(SignedInView):
    """`POST order/{out_trade_no}/pay/`."""

    @documentation.pay_again
    def post(self, request: Request, out_trade_no: str) -> Response:
        """Where an unpaid order is paid."""
        order = own_order(self.user, out_trade_no)
        return pay_answer(order, paying.pay_url(order))


class CancelView(SignedInView):
    """`POST order/{out_trade_no}/cancel/`."""

    @documentation.cancel
    def post(self, request: Request, out_trade_no: str) -> Response:
        """Cancel an unpaid order. Its trade is closed by the worker: a gateway that is slow keeps
        nobody waiting here."""
        order = own_order(self.user, out_trade_no)
        states.cancel(order.out_trade_no)
        metrics.count_order("cancelled")
        return success(_("OK"), OrderSerializer(own_order(self.user, out_trade_no)).data)


class AskView(SignedInView):
    """`POST order/{out_trade_no}/ask/`."""

    @documentation.ask
    def post(self, request: Request, out_trade_no: str) -> Response:
        """Ask the gateway now what became of an order."""
        order = own_order(self.user, out_trade_no)
        if order.next_ask is not None:
            take(
                Limit("order-ask", 12, 60).by(str(self.user.pk)),
                Limit("order-ask-hour", 120, 3600).by(str(self.user.pk)),
            )
            try:
                asking.ask(order)
            except OutsideError as error:
                raise PaymentUnavailable from error
        return success(_("OK"), OrderSerializer(own_order(self.user, out_trade_no)).data)
