"""What merchants ask of the gateway about a trade: the methods of alipay.trade.*."""

from collections.abc import Awaitable, Callable
from typing import Any

from demo.payment.answers import failed, succeeded
from demo.payment.notifications import BUYER_ID, BUYER_LOGON_ID, Notifier
from demo.payment.parameters import BizContent, show_amount, show_time
from demo.payment.trades import Ledger, Status, Trade

Answer = dict[str, Any]


class Methods:
    """The methods, over a ledger. Each raises RefusedError."""

    def __init__(self, ledger: Ledger, notifier: Notifier) -> None:
        self._ledger = ledger
        self._notifier = notifier
        self.by_name: dict[str, Callable[[BizContent], Awaitable[Answer]]] = {
            "alipay.trade.query": self.query,
            "alipay.trade.refund": self.refund,
            "alipay.trade.fastpay.refund.query": self.refund_query,
            "alipay.trade.close": self.close,
            "alipay.trade.cancel": self.cancel,
        }

    async def query(self, content: BizContent) -> Answer:
        """A trade's state."""
        trade = self._find(content)
        total = show_amount(trade.order.total_fen)
        paid = total if trade.paid else "0.00"
        details: dict[str, object] = {}
        if trade.paid:
            details["send_pay_date"] = show_time(trade.paid)
            details["fund_bill_list"] = [{"amount": total, "fund_channel": "ALIPAYACCOUNT"}]
        return succeeded(
            buyer_logon_id=BUYER_LOGON_ID,
            buyer_pay_amount=paid,
            buyer_user_id=BUYER_ID,
            invoice_amount=paid,
            out_trade_no=trade.order.out_trade_no,
            point_amount="0.00",
            receipt_amount=paid,
            total_amount=total,
            trade_no=trade.trade_no,
            trade_status=trade.status.value,
            **details,
        )

    async def refund(self, content: BizContent) -> Answer:
        """Give money back: all, or with `out_request_no` a part; the same number once."""
        trade = self._find(content)
        fen = content.fen("refund_amount")
        number = content.number("out_request_no", "")
        if not number and fen != trade.order.total_fen:
            raise failed("ACQ.INVALID_PARAMETER", "参数无效：部分退款必须传入 out_request_no")
        refund, is_new = trade.refund(
            number or trade.order.out_trade_no, fen, content.text("refund_reason", 256, "")
        )
        if is_new:
            self._notifier.refunded(trade, refund)
        return succeeded(
            buyer_logon_id=BUYER_LOGON_ID,
            buyer_user_id=BUYER_ID,
            fund_change="Y" if is_new else "N",
            gmt_refund_pay=show_time(refund.at),
            out_trade_no=trade.order.out_trade_no,
            refund_fee=show_amount(trade.refunded_fen),
            send_back_fee=show_amount(refund.fen),
            trade_no=trade.trade_no,
        )

    async def refund_query(self, content: BizContent) -> Answer:
        """What became of a refund; one that is not there is answered without `refund_status`."""
        trade = self._find(content)
        number = content.number("out_request_no")
        refund = trade.refunds.get(number)
        if refund is None:
            return succeeded()
        return succeeded(
            gmt_refund_pay=show_time(refund.at),
            out_request_no=number,
            out_trade_no=trade.order.out_trade_no,
            refund_amount=show_amount(refund.fen),
            refund_status="REFUND_SUCCESS",
            total_amount=show_amount(trade.order.total_fen),
            trade_no=trade.trade_no,
        )

    async def close(self, content: BizContent) -> Answer:
        """Close a trade that nobody paid."""
        trade = self._find(content)
        trade.close()
        return succeeded(out_trade_no=trade.order.out_trade_no, trade_no=trade.trade_no)

    async def cancel(self, content: BizContent) -> Answer:
        """Undo a trade whatever its state: close it, or give everything back. What is over, or
        was never there, is answered without an `action`."""
        trade_no, out_trade_no = _numbers(content)
        trade = self._ledger.find(trade_no, out_trade_no)
        if trade is None:
            told = {"trade_no": trade_no, "out_trade_no": out_trade_no}
            return succeeded(
                retry_flag="N", **{name: value for name, value in told.items() if value}
            )
        action: dict[str, object] = {}
        if trade.status is Status.WAITING:
            trade.close()
            action["action"] = "close"
        elif trade.status is Status.PAID:
            if trade.refunds:
                raise failed("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效", retry_flag="N")
            refund, _ = trade.refund(trade.order.out_trade_no, trade.order.total_fen, "")
            self._notifier.refunded(trade, refund)
            action["action"] = "refund"
        return succeeded(
            out_trade_no=trade.order.out_trade_no,
            retry_flag="N",
            trade_no=trade.trade_no,
            **action,
        )

    def _find(self, content: BizContent) -> Trade:
        trade_no, out_trade_no = _numbers(content)
        trade = self._ledger.find(trade_no, out_trade_no)
        if trade is None:
            named = {"out_trade_no": out_trade_no} if out_trade_no else {"trade_no": trade_no}
            raise failed("ACQ.TRADE_NOT_EXIST", "交易不存在", **named)
        return trade


def _numbers(content: BizContent) -> tuple[str, str]:
    """Alipay's number of a trade and the merchant's; one of them is there."""
    trade_no, out_trade_no = content.number("trade_no", ""), content.number("out_trade_no", "")
    if not trade_no and not out_trade_no:
        raise failed("ACQ.INVALID_PARAMETER", "参数无效：trade_no 和 out_trade_no 不能同时为空")
    return trade_no, out_trade_no
