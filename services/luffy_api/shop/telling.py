"""Takes what the gateway tells by itself: its notifications."""

import logging
from collections.abc import Mapping

from shop import metrics, states
from shop.failures import PaymentNotConfigured
from shop.models import Payment
from shop.payment import provider
from shop.payment.provider import NotGenuineError, TradeState
from shop.states import Money, MoneyMismatchError

logger = logging.getLogger(__name__)


def take(values: Mapping[str, str]) -> bool:
    """Do what a notification says, and tell whether it was genuine and fits its order.

    One that is not changes nothing; the log says why. The same may come any number of times.
    """
    try:
        told = provider().notification(values)
        if told.trade.state != TradeState.PAID or told.is_of_refund:
            # Closed, waiting, or of a refund: what follows of these was done when it was asked for.
            outcome = "nothing_new"
        else:
            money = Money(
                told.out_trade_no, told.trade.trade_no, told.trade.amount, Payment.Source.NOTIFIED
            )
            outcome = states.settle(money).value
            if outcome != states.Settled.KNOWN:
                metrics.count_order("paid")
    except (NotGenuineError, MoneyMismatchError, PaymentNotConfigured) as error:
        # Without a gateway nobody can have sent one.
        refused = "mismatch" if isinstance(error, MoneyMismatchError) else "not_genuine"
        # The number as it was sent: short and printable, whoever wrote it.
        number = ascii(values.get("out_trade_no", "")[:64])
        logger.warning("a notification of order %s was refused: %s", number, error)
        metrics.notifications.labels(refused).inc()
        return False
    metrics.notifications.labels(outcome).inc()
    return True
