"""What the shop asks of a payment gateway, whoever that is. Amounts are yuan."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class NotGenuineError(Exception):
    """What came is not what the gateway says to us; the text tells why, without secrets."""


class TradeState(StrEnum):
    """Where an order stands at the gateway."""

    ABSENT = "absent"
    WAITING = "waiting"
    PAID = "paid"
    CLOSED = "closed"


@dataclass(frozen=True)
class Bill:
    """What somebody is asked to pay, and until when."""

    out_trade_no: str
    subject: str
    amount: Decimal
    expires: datetime


@dataclass(frozen=True)
class Trade:
    """What the gateway says of an order; number and amount are there once it is paid."""

    state: TradeState
    trade_no: str = ""
    amount: Decimal = Decimal("0.00")


@dataclass(frozen=True)
class Notification:
    """What the gateway told by itself, verified."""

    out_trade_no: str
    trade: Trade
    is_of_refund: bool


class Provider(Protocol):
    """A payment gateway.

    All but `pay_url`, `notification` and `check_return` ask it over the network, and raise the
    errors of `luffy.outside.failures`: `RefusedError` for what it will not do; any other leaves
    open whether it was done.
    """

    def pay_url(self, bill: Bill) -> str:
        """Where the buyer's browser goes to pay. Asks nobody."""

    def trade(self, out_trade_no: str) -> Trade:
        """What the gateway knows of an order."""

    def close(self, out_trade_no: str) -> None:
        """See to it that an order cannot be paid any more; `RefusedError` if it was paid."""

    def refund(self, out_trade_no: str, out_request_no: str, amount: Decimal, reason: str) -> None:
        """Give money back. The same number gives it back once, however often it is asked."""

    def notification(self, values: Mapping[str, str]) -> Notification:
        """Verify what was posted to us; `NotGenuineError` if it is not the gateway's, or not to
        us."""

    def check_return(self, values: Mapping[str, str]) -> None:
        """Verify the parameters that a buyer came back with; `NotGenuineError` the same."""
