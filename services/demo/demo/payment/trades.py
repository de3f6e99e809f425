"""Trades and their refunds, in memory and bounded; amounts in hundredths of a yuan."""

import secrets
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from demo.payment.answers import failed
from demo.payment.parameters import CHINA

_MAX_REFUNDS = 100
_MAX_EVENTS = 20
_TRADE_NO_DIGITS = 20


class Status(StrEnum):
    """Alipay's states of a trade. What never becomes final here is `TRADE_FINISHED`."""

    WAITING = "WAIT_BUYER_PAY"
    PAID = "TRADE_SUCCESS"
    CLOSED = "TRADE_CLOSED"


@dataclass(frozen=True, slots=True)
class Order:
    """What a merchant asks to be paid for."""

    out_trade_no: str
    total_fen: int
    subject: str
    body: str
    passback_params: str


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that went back."""

    out_request_no: str
    fen: int
    reason: str
    at: datetime


@dataclass(slots=True)
class Trade:
    """An order at the cashier."""

    order: Order
    notify_url: str
    return_url: str
    expires_in_s: float
    trade_no: str = field(default_factory=lambda: _new_trade_no())
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """Names the trade's page at the cashier: who does not know it cannot pay or cancel."""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    paid: datetime | None = None
    closed: datetime | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    events: deque[str] = field(default_factory=lambda: deque(maxlen=_MAX_EVENTS))
    """What was notified and how it was answered, oldest first, for people and tests."""
    _created_s: float = field(default_factory=time.monotonic)

    @property
    def status(self) -> Status:
        """The state, with unpaid trades closed when their time is over."""
        if self.closed is None and self.paid is None and self.expires_left_s <= 0:
            self.closed = datetime.now(UTC)
        if self.closed is not None:
            return Status.CLOSED
        return Status.WAITING if self.paid is None else Status.PAID

    @property
    def expires_left_s(self) -> float:
        """Seconds until an unpaid trade is closed; negative afterwards."""
        return self._created_s + self.expires_in_s - time.monotonic()

    @property
    def refunded_fen(self) -> int:
        """What went back so far."""
        return sum(refund.fen for refund in self.refunds.values())

    def pay(self) -> bool:
        """Whether it is paid by this call: it was waiting."""
        if self.status is not Status.WAITING:
            return False
        self.paid = datetime.now(UTC)
        return True

    def close(self) -> None:
        """Close it unpaid. Raises RefusedError where it does not wait for the buyer."""
        if self.status is not Status.WAITING:
            raise failed("ACQ.REASON_TRADE_STATUS_INVALID", "交易状态不合法")
        self.closed = datetime.now(UTC)

    def refund(self, out_request_no: str, fen: int, reason: str) -> tuple[Refund, bool]:
        """The refund, and whether it is new: the same number with the same amount is the same
        refund. Raises RefusedError for more than was paid, or where nothing was."""
        if (known := self.refunds.get(out_request_no)) is not None:
            if known.fen != fen:
                raise failed("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
            return known, False
        if self.paid is None:
            if self.status is Status.CLOSED:
                raise failed("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
            raise failed("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        if self.refunded_fen + fen > self.order.total_fen:
            raise failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
        if len(self.refunds) >= _MAX_REFUNDS:
            raise failed("ACQ.TRADE_NOT_ALLOW_REFUND", f"退款次数超过 {_MAX_REFUNDS} 次")
        refund = Refund(out_request_no, fen, reason, datetime.now(UTC))
        self.refunds[out_request_no] = refund
        if self.refunded_fen == self.order.total_fen:
            self.closed = refund.at
        return refund, True


class Ledger:
    """All trades; the oldest are forgotten when there are more than `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_order: dict[str, Trade] = {}
        self._by_number: dict[str, Trade] = {}
        self._by_token: dict[str, Trade] = {}

    def __len__(self) -> int:
        return len(self._by_order)

    def newest(self) -> Iterator[Trade]:
        """All, the newest first."""
        return reversed(self._by_order.values())

    def by_token(self, token: str) -> Trade | None:
        """The trade whose page has this name."""
        return self._by_token.get(token)

    def find(self, trade_no: str, out_trade_no: str) -> Trade | None:
        """By Alipay's number where there is one, else by the merchant's."""
        return self._by_number.get(trade_no) if trade_no else self._by_order.get(out_trade_no)

    def open(self, order: Order, notify_url: str, return_url: str, expires_in_s: float) -> Trade:
        """The trade of an order, the same for the same order while it waits. Raises RefusedError
        for one that is paid or closed, or was opened as another order."""
        trade = self._by_order.get(order.out_trade_no)
        if trade is None:
            trade = Trade(order, notify_url, return_url, expires_in_s)
            self._keep(trade)
            return trade
        if trade.paid is not None:
            raise failed("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
        if trade.status is Status.CLOSED:
            raise failed("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
        if trade.order != order:
            raise failed("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
        trade.notify_url, trade.return_url = notify_url, return_url
        return trade

    def _keep(self, trade: Trade) -> None:
        while len(self._by_order) >= self._most:
            # Those that are over first: a paid one may still be refunded.
            over = (old for old in self._by_order.values() if old.status is Status.CLOSED)
            oldest = next(over, None) or next(iter(self._by_order.values()))
            del self._by_order[oldest.order.out_trade_no]
            del self._by_number[oldest.trade_no]
            del self._by_token[oldest.token]
        self._by_order[trade.order.out_trade_no] = trade
        self._by_number[trade.trade_no] = trade
        self._by_token[trade.token] = trade


def _new_trade_no() -> str:
    """28 digits as Alipay's: the day, and chance, which does not repeat after a restart."""
    day = datetime.now(CHINA).strftime("%Y%m%d")
    return day + str(secrets.randbelow(10**_TRADE_NO_DIGITS)).rjust(_TRADE_NO_DIGITS, "0")
