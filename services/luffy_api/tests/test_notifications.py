"""What the payment gateway tells: believed only if all of it is verified, and acted on once."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from course.models import Course
from learning.enrolment import enrol, is_enrolled
from learning.models import Enrolment
from shop import asking
from shop.models import CouponUse, Order, Payment, Refund
from shop.tasks import finish_refunds
from tests.buyers import Buyer, at_once, coupon, notify, state
from tests.payment_gateway import PaymentGateway, signature
from tests.people import Person

pytestmark = pytest.mark.django_db

Make = Callable[..., Course]


@pytest.fixture
def paid(buyer: Buyer, make_course: Make, gateway: PaymentGateway) -> str:
    """The number of an order that was paid at the gateway, which has not told yet."""
    return gateway.pay(buyer.pay_url(make_course(price=39)))


def test_a_notification_makes_the_order_paid_and_gives_the_course(
    buyer: Buyer, paid: str, gateway: PaymentGateway
) -> None:
    assert buyer.get(f"order/success/?out_trade_no={paid}").json()["code"] == 101
    assert notify(gateway.notification(paid)) == "success"
    order = Order.objects.get()
    assert order.order_status == Order.Status.PAID
    assert order.trade_no == gateway.deals[paid].trade_no
    assert order.pay_time is not None
    assert order.next_ask is None
    enrolment = Enrolment.objects.get()
    assert (enrolment.user, enrolment.source) == (buyer.user, Enrolment.Source.BOUGHT)
    payment = Payment.objects.get()
    assert (payment.source, payment.late, str(payment.amount)) == ("notified", False, "39.00")
    assert buyer.get(f"order/success/?out_trade_no={paid}").json()["code"] == 100


def test_the_answer_is_the_bare_word_in_plain_text(paid: str, gateway: PaymentGateway) -> None:
    """An earlier copy answered it in quotes, and Alipay kept asking."""
    answer = Client().post(
        "/api/v1/order/success/",
        urlencode(gateway.notification(paid)),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.content == b"success"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_finished_trades_are_paid_too(paid: str, gateway: PaymentGateway) -> None:
    assert notify(gateway.notification(paid, trade_status="TRADE_FINISHED")) == "success"
    assert state(paid) == "PAID"


def test_the_same_notification_any_number_of_times_is_one_payment(
    paid: str, gateway: PaymentGateway, buyer: Buyer
) -> None:
    form = gateway.notification(paid)
    assert [notify(form) for _time in range(3)] == ["success"] * 3
    assert notify(gateway.notification(paid)) == "success", "with another notify_id"
    assert Payment.objects.count() == Enrolment.objects.count() == 1
    assert Course.objects.get().students == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"app_id": "9021000199999999"}, "the app_id is not ours"),
        ({"seller_id": "2088999999999999"}, "the seller_id is not ours"),
        ({"total_amount": "0.01"}, "expected 39.00, found 0.01"),
        ({"total_amount": "39"}, ""),
        ({"total_amount": "39.001"}, "the total_amount is none"),
        ({"total_amount": "NaN"}, "the total_amount is none"),
        ({"out_trade_no": "f" * 32}, "there is no such order"),
        ({"out_trade_no": "'; --"}, "the out_trade_no is none of ours"),
        ({"charset": "gbk"}, "the charset is not utf-8"),
        ({"trade_status": "TRADE_MAYBE"}, "the trade_status is unknown"),
        ({"trade_no": ""}, "the trade_no is none"),
        ({"sign_type": "RSA"}, "the sign_type is not RSA2"),
    ],
)
def test_what_does_not_fit_is_refused_logged_and_changes_nothing(
    paid: str,
    gateway: PaymentGateway,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, str],
    why: str,
) -> None:
    """An earlier copy looked at the signature alone: each of these is rightly signed."""
    answer = notify(gateway.notification(paid, **changes))
    if not why:
        assert (answer, state(paid)) == ("success", "PAID"), "the same amount, written otherwise"
        return
    assert (answer, state(paid)) == ("failed", "UNPAID")
    assert why in caplog.text
    assert not Payment.objects.exists()
    assert not Enrolment.objects.exists()


def test_a_signature_that_is_not_the_gateways_is_refused(
    paid: str, gateway: PaymentGateway, caplog: pytest.LogCaptureFixture
) -> None:
    good = gateway.notification(paid)
    merchants = signature(gateway.merchant_key, "another text")
    for form in (
        good | {"sign": ""},
        good | {"sign": "no base64 at all"},
        good | {"sign": "AAAA"},
        good | {"sign": merchants},
        good | {"subject": "another"},
        {name: value for name, value in good.items() if name != "sign"},
        good | {"more": "unsigned"},
    ):
        assert notify(form) == "failed", form
    assert caplog.text.count("the signature is not the gateway's") == 7
    assert state(paid) == "UNPAID"
    assert notify(good) == "success"


@pytest.mark.parametrize("trade_status", ["WAIT_BUYER_PAY", "TRADE_CLOSED"])
def test_what_is_not_of_a_payment_changes_nothing(
    paid: str, gateway: PaymentGateway, trade_status: str
) -> None:
    assert notify(gateway.notification(paid, trade_status=trade_status)) == "success"
    assert state(paid) == "UNPAID"


def test_notifications_of_refunds_are_harmless(paid: str, gateway: PaymentGateway) -> None:
    of_refund = {"refund_fee": "9.00", "out_biz_no": "staff1", "gmt_refund": "2026-11-28 12:00:00"}
    assert notify(gateway.notification(paid, **of_refund)) == "success"
    assert state(paid) == "UNPAID", "it is no news of a payment"
    notify(gateway.notification(paid))
    assert notify(gateway.notification(paid, **of_refund)) == "success"
    closed = of_refund | {"trade_status": "TRADE_CLOSED", "refund_fee": "39.00"}
    assert notify(gateway.notification(paid, **closed)) == "success"
    assert state(paid) == "PAID"
    assert Payment.objects.count() == 1


def test_another_trade_of_a_paid_order_is_refused(
    paid: str, gateway: PaymentGateway, caplog: pytest.LogCaptureFixture
) -> None:
    notify(gateway.notification(paid))
    assert notify(gateway.notification(paid, trade_no="2026112822999999")) == "failed"
    assert "it was paid by" in caplog.text


def test_money_for_an_order_of_nothing_is_refused(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway, paid: str
) -> None:
    free = buyer.order(make_course("Free", price=0)).json()["out_trade_no"]
    form = gateway.notification(paid, out_trade_no=free, total_amount="0.00")
    assert notify(form) == "failed"
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a=" + b"x" * 17000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a%d=1" % n for n in range(101)), "application/x-www-form-urlencoded", 400),
        (b"a=1&a=2", "application/x-www-form-urlencoded", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"a=\xff", "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 200),
    ],
)
def test_what_is_no_notification_is_refused_plainly(
    gateway: PaymentGateway, body: bytes, content_type: str, status: int
) -> None:
    answer = Client().post("/api/v1/order/success/", body, content_type=content_type)
    assert answer.status_code == status, answer.content
    if status == 200:
        assert answer.content == b"failed"
    else:
        assert answer.json()["error"]


def test_without_a_gateway_nobody_can_have_sent_it(
    paid: str, gateway: PaymentGateway, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALIPAY = None
    assert notify(gateway.notification(paid)) == "failed"
    assert state(paid) == "UNPAID"
    assert "This site takes no payments" in caplog.text or "本站未开通支付" in caplog.text


# --- the buyer's return ---------------------------------------------------------------------------


def test_a_return_never_makes_an_order_paid(
    buyer: Buyer, paid: str, gateway: PaymentGateway
) -> None:
    """In an earlier copy a GET did."""
    query = urlencode(gateway.returned(paid))
    for path in (f"order/success/?{query}", f"order/success/?out_trade_no={paid}"):
        assert buyer.get(path).json()["code"] == 101
    assert state(paid) == "UNPAID"
    assert not Payment.objects.exists()
    notify(gateway.notification(paid))
    assert buyer.get(f"order/success/?{query}").json()["code"] == 100


@pytest.mark.parametrize(
    "changes",
    [{"sign": "AAAA"}, {"total_amount": "1.00"}, {"more": "x"}, {"sign": ""}, {"sign_type": "RSA"}],
)
def test_a_return_that_was_made_up_is_refused(
    buyer: Buyer, paid: str, gateway: PaymentGateway, changes: dict[str, str]
) -> None:
    query = urlencode(gateway.returned(paid) | changes)
    answer = buyer.get(f"order/success/?{query}")
    assert (answer.status_code, answer.json()["error"]) == (400, "not_genuine")


@pytest.mark.parametrize("changes", [{"app_id": "1"}, {"seller_id": "1"}, {"charset": "gbk"}])
def test_a_return_to_another_merchant_is_refused(
    buyer: Buyer, paid: str, gateway: PaymentGateway, changes: dict[str, str]
) -> None:
    query = urlencode(gateway.returned(paid, **changes))
    assert buyer.get(f"order/success/?{query}").json()["error"] == "not_genuine"


def test_the_question_needs_a_number(buyer: Buyer) -> None:
    for query in ("", "?out_trade_no=", f"?out_trade_no={'x' * 65}"):
        assert buyer.get(f"order/success/{query}").status_code == 400
    assert buyer.get("order/success/?out_trade_no=nobodys").status_code == 404


# --- money that comes late, or for what cannot be given -------------------------------------------


def test_late_money_for_a_cancelled_order_buys_what_it_was_for(
    buyer: Buyer, paid: str, gateway: PaymentGateway
) -> None:
    assert buyer.post(f"order/{paid}/cancel/").status_code == 200
    assert notify(gateway.notification(paid)) == "success"
    assert state(paid) == "PAID"
    assert Payment.objects.get().late
    assert is_enrolled(buyer.user, Course.objects.get().pk)
    assert gateway.deals[paid].refunds == {}


def test_late_money_whose_coupon_is_gone_goes_back(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(most_uses=1)
    knots = make_course(price=39)
    paid = gateway.pay(buyer.pay_url(knots, coupon="AUTUMN", total="35.10"))
    buyer.post(f"order/{paid}/cancel/")
    bob = Buyer.of(Person.make("13800000002"))
    assert bob.order(knots, coupon="AUTUMN", total="35.10").status_code == 200
    assert notify(gateway.notification(paid)) == "success"
    assert state(paid) == "REFUNDING"
    assert not is_enrolled(buyer.user, knots.pk)
    finish_refunds()
    assert state(paid) == "REFUNDED"
    assert list(gateway.deals[paid].refunds.values()) == ["35.10"]
    assert CouponUse.objects.filter(freed=None).count() == 1


def test_late_money_whose_coupon_is_free_takes_it_again(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(most_uses=1)
    paid = gateway.pay(buyer.pay_url(make_course(price=39), coupon="AUTUMN", total="35.10"))
    buyer.post(f"order/{paid}/cancel/")
    notify(gateway.notification(paid))
    assert state(paid) == "PAID"
    assert CouponUse.objects.get().freed is None


@pytest.mark.parametrize("by", ["another order", "staff"])
def test_late_money_for_what_one_has_by_now_goes_back(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway, by: str
) -> None:
    knots = make_course(price=39)
    paid = gateway.pay(buyer.pay_url(knots))
    buyer.post(f"order/{paid}/cancel/")
    if by == "staff":
        enrol(buyer.user, [knots.pk], Enrolment.Source.GIVEN)
    else:
        notify(gateway.notification(gateway.pay(buyer.pay_url(knots))))
    notify(gateway.notification(paid))
    finish_refunds()
    assert state(paid) == "REFUNDED"
    assert is_enrolled(buyer.user, knots.pk), "what one has for another reason stays"
    assert Course.objects.get().students == 1


def test_money_in_time_for_a_course_that_one_has_by_now_goes_back_in_part(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    knots, sails = make_course("Knots", price=39), make_course("Sails", price=61)
    both = gateway.pay(buyer.pay_url(knots, sails))
    notify(gateway.notification(gateway.pay(buyer.pay_url(knots))))
    assert notify(gateway.notification(both)) == "success"
    assert is_enrolled(buyer.user, sails.pk)
    finish_refunds()
    order = Order.objects.get(out_trade_no=both)
    assert (order.order_status, str(order.refunded_amount)) == (Order.Status.PAID, "39.00")
    assert list(gateway.deals[both].refunds.values()) == ["39.00"]
    shown = buyer.get(f"order/{both}/").json()["result"]["details"]
    assert [row["refunded"] for row in shown] == [True, False]
    assert is_enrolled(buyer.user, knots.pk)


def test_a_course_that_went_offline_after_placing_is_given_all_the_same(
    buyer: Buyer, paid: str, gateway: PaymentGateway
) -> None:
    Course.objects.update(status=Course.Status.OFFLINE)
    notify(gateway.notification(paid))
    assert state(paid) == "PAID"
    assert is_enrolled(buyer.user, Course.objects.get().pk)


def test_money_for_a_course_that_was_deleted_goes_back(
    buyer: Buyer, paid: str, gateway: PaymentGateway
) -> None:
    Course.objects.update(is_delete=True)
    notify(gateway.notification(paid))
    refund = Refund.objects.get()
    assert (refund.by_name, refund.reason) == ("", "Nothing could be given for this money")
    finish_refunds()
    assert state(paid) == "REFUNDED"


# --- at once --------------------------------------------------------------------------------------


def paid_order(gateway: PaymentGateway, course: Course) -> tuple[Buyer, str]:
    buyer = Buyer.of(Person.make("13800000001"))
    return buyer, gateway.pay(buyer.pay_url(course))


@pytest.mark.django_db(transaction=True)
def test_notifications_at_once_are_one_payment(make_course: Make, gateway: PaymentGateway) -> None:
    _buyer, paid = paid_order(gateway, make_course(price=39))
    form = gateway.notification(paid)
    assert at_once(*(lambda: notify(form) for _ in range(6))) == ["success"] * 6
    assert Payment.objects.count() == Enrolment.objects.count() == 1
    assert Course.objects.get().students == 1


@pytest.mark.django_db(transaction=True)
def test_two_payments_of_the_same_course_at_once_give_it_once_and_money_back_once(
    make_course: Make, gateway: PaymentGateway
) -> None:
    buyer = Buyer.of(Person.make("13800000001"))
    knots, sails = make_course("Knots", price=39), make_course("Sails", price=61)
    one = gateway.pay(buyer.pay_url(knots))
    two = gateway.pay(buyer.pay_url(knots, sails))
    forms = [gateway.notification(one), gateway.notification(two)]
    assert at_once(*(lambda form=form: notify(form) for form in forms)) == ["success"] * 2
    finish_refunds()
    back = [refund for deal in gateway.deals.values() for refund in deal.refunds.values()]
    assert back == ["39.00"]
    assert Enrolment.objects.filter(ended=None).count() == 2
    assert Course.objects.get(pk=knots.pk).students == 1


@pytest.mark.django_db(transaction=True)
def test_many_buyers_pay_for_one_course_at_once(make_course: Make, gateway: PaymentGateway) -> None:
    knots = make_course(price=39)
    buyers = [Buyer.of(Person.make(f"1370000{n:04}")) for n in range(10)]
    forms = [gateway.notification(gateway.pay(one.pay_url(knots))) for one in buyers]
    assert at_once(*(lambda form=form: notify(form) for form in forms)) == ["success"] * 10
    assert Course.objects.get().students == 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", range(3))
def test_a_notification_beside_a_cancel_loses_no_money(
    make_course: Make, gateway: PaymentGateway, time: int
) -> None:
    buyer, paid = paid_order(gateway, make_course(price=39))
    form = gateway.notification(paid)
    told, cancelled = at_once(lambda: notify(form), lambda: buyer.post(f"order/{paid}/cancel/"))
    assert told == "success"
    assert cancelled.status_code in (200, 409)
    assert state(paid) == "PAID", "whoever was first"
    assert Payment.objects.get().late == (cancelled.status_code == 200)
    assert Enrolment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", range(3))
def test_a_notification_beside_the_orders_end_loses_no_money(
    make_course: Make, gateway: PaymentGateway, time: int
) -> None:
    _buyer, paid = paid_order(gateway, make_course(price=39))
    Order.objects.update(expires="2026-01-01T00:00:00Z")
    form, order = gateway.notification(paid), Order.objects.get()
    told, asked = at_once(lambda: notify(form), lambda: asking.ask(order))
    assert (told, asked) == ("success", None)
    assert state(paid) == "PAID"
    assert Payment.objects.count() == Enrolment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_late_money_beside_the_last_coupon_of_another(
    make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(most_uses=1)
    knots = make_course(price=39)
    buyer = Buyer.of(Person.make("13800000001"))
    bob = Buyer.of(Person.make("13800000002"))
    paid = gateway.pay(buyer.pay_url(knots, coupon="AUTUMN", total="35.10"))
    buyer.post(f"order/{paid}/cancel/")
    form = gateway.notification(paid)
    told, bobs = at_once(
        lambda: notify(form), lambda: bob.order(knots, coupon="AUTUMN", total="35.10")
    )
    assert told == "success"
    expected = "REFUNDING" if bobs.status_code == 200 else "PAID"
    assert state(paid) == expected
    assert CouponUse.objects.filter(freed=None).count() == 1
