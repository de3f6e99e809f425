"""Notifications: what the merchant is told of a payment or a refund, until it says `success`."""

import asyncio
import functools
import json
import logging
import secrets
import ssl
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from demo.payment.faults import NONE, Chosen, Fault
from demo.payment.parameters import show_amount, show_time
from demo.payment.signing import Signer
from demo.payment.trades import Refund, Trade
from demo.settings import Settings

log = logging.getLogger(__name__)

BUYER_ID = "2088000000000029"
BUYER_LOGON_ID = "buy***@example.com"
EXPECTED_ANSWER = "success"
_MAX_UNDER_WAY = 1000
_MAX_AT_ONCE = 16
_MAX_ANSWER_BYTES = 1024
_SHOWN_CHARACTERS = 100
_OTHER_APP_ID = "9021000199999999"
_OTHER_SELLER_ID = "2088999999999999"


@functools.cache
def _public_authorities() -> ssl.SSLContext:
    """Who vouches for merchants with TLS; reading them takes a while, so they are read once."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True)
class Notification:
    """One event of a trade; the same `notify_id` each time it is sent."""

    trade: Trade
    refund: Refund | None
    fault: Chosen
    notify_id: str
    status: str
    refunded_fen: int

    @classmethod
    def of(cls, trade: Trade, refund: Refund | None, fault: Chosen = NONE) -> "Notification":
        """What is to be told now: later events change the trade."""
        day = datetime.now(UTC).strftime("%Y%m%d")
        return cls(
            trade, refund, fault, day + secrets.token_hex(16), trade.status, trade.refunded_fen
        )

    def values(self, settings: Settings) -> dict[str, str]:
        """The parameters, without the signature."""
        trade, order = self.trade, self.trade.order
        app_id, seller_id = settings.payment_app_id, settings.payment_seller_id
        total_fen = order.total_fen
        match self.fault.fault:
            case Fault.WRONG_AMOUNT:
                total_fen = total_fen - 1 if total_fen > 1 else 2
            case Fault.WRONG_APP:
                app_id = _OTHER_APP_ID
            case Fault.WRONG_SELLER:
                seller_id = _OTHER_SELLER_ID
        total = show_amount(total_fen)
        bill = [{"amount": total, "fundChannel": "ALIPAYACCOUNT"}]
        values = {
            "notify_time": show_time(datetime.now(UTC)),
            "notify_type": "trade_status_sync",
            "notify_id": self.notify_id,
            "app_id": app_id,
            "auth_app_id": app_id,
            "charset": "utf-8",
            "version": "1.0",
            "trade_no": trade.trade_no,
            "out_trade_no": order.out_trade_no,
            "trade_status": self.status,
            "total_amount": total,
            "receipt_amount": total,
            "invoice_amount": total,
            "buyer_pay_amount": total,
            "point_amount": "0.00",
            "fund_bill_list": json.dumps(bill, separators=(",", ":")),
            "buyer_id": BUYER_ID,
            "buyer_logon_id": BUYER_LOGON_ID,
            "seller_id": seller_id,
            "subject": order.subject,
            "body": order.body,
            "passback_params": order.passback_params,
            "gmt_create": show_time(trade.created),
            "gmt_payment": show_time(trade.paid) if trade.paid else "",
        }
        if self.refund is not None:
            values["out_biz_no"] = self.refund.out_request_no
            values["refund_fee"] = show_amount(self.refunded_fen)
            values["gmt_refund"] = show_time(self.refund.at) + ".000"
            if self.refunded_fen == order.total_fen:
                values["gmt_close"] = show_time(self.refund.at)
        return {name: value for name, value in values.items() if value}


class Notifier:
    """Sends notifications to the merchant, and again at growing intervals."""

    def __init__(self, settings: Settings, signer: Signer) -> None:
        self._settings = settings
        self._signer = signer
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_once = asyncio.Semaphore(_MAX_AT_ONCE)
        # No proxy, no redirect and no cookie: the merchant's address is met, or nothing is.
        self._client = httpx.AsyncClient(
            trust_env=False,
            verify=_public_authorities(),
            follow_redirects=False,
            timeout=settings.payment_notify_timeout_s,
        )

    async def stop(self) -> None:
        """End what is under way: what was not taken is lost, as all that is in memory."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def paid(self, trade: Trade, fault: Chosen) -> None:
        """Tell of a payment; with `notify-before-return` not before the first try is over."""
        notification = Notification.of(trade, None, fault)
        if not trade.notify_url:
            trade.events.append("no notify_url: nobody is told")
        elif fault.fault is Fault.NEVER:
            trade.events.append(f"{fault.fault}: nobody is told")
        elif fault.fault is Fault.BEFORE_RETURN:
            if not await self._send(notification):
                self._spawn(trade, self._repeat(notification))
        else:
            first_s = fault.seconds if fault.fault is Fault.LATE else 0
            for _ in range(2 if fault.fault is Fault.TWICE else 1):
                self._spawn(trade, self._deliver(notification, first_s))

    def refunded(self, trade: Trade, refund: Refund) -> None:
        """Tell of a refund."""
        if trade.notify_url:
            self._spawn(trade, self._deliver(Notification.of(trade, refund), 0))

    def _spawn(self, trade: Trade, work: Coroutine[None, None, None]) -> None:
        if len(self._tasks) >= _MAX_UNDER_WAY:
            work.close()
            trade.events.append(f"not told: {_MAX_UNDER_WAY} notifications are under way already")
            log.warning("%d notifications are under way: one more is dropped", _MAX_UNDER_WAY)
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, notification: Notification, first_s: float) -> None:
        await asyncio.sleep(first_s)
        if not await self._send(notification):
            await self._repeat(notification)

    async def _repeat(self, notification: Notification) -> None:
        for interval_s in self._settings.payment_notify_intervals_s:
            await asyncio.sleep(interval_s)
            if await self._send(notification):
                return
        notification.trade.events.append("given up: the merchant is not told again")
        log.warning(
            "%s: given up after %d tries; expected the bare word %s",
            notification.trade.order.out_trade_no,
            len(self._settings.payment_notify_intervals_s) + 1,
            EXPECTED_ANSWER,
        )

    async def _send(self, notification: Notification) -> bool:
        """Whether the merchant took it."""
        trade = notification.trade
        values = self._signer.sign_values(notification.values(self._settings))
        if notification.fault.fault is Fault.WRONG_SIGNATURE:
            values["sign"] = self._signer.sign("another text")
        async with self._at_once:
            try:
                async with asyncio.timeout(self._settings.payment_notify_timeout_s):
                    found = await self._post(trade.notify_url, values)
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
                found = f"{type(error).__name__} {error}".strip()
        told = f"{notification.status} to {trade.notify_url[:_SHOWN_CHARACTERS]}: "
        told += repr(found[:_SHOWN_CHARACTERS])
        trade.events.append(f"{show_time(datetime.now(UTC))} {told}")
        log.info("%s: told of %s", trade.order.out_trade_no, told)
        return found == f"200 {EXPECTED_ANSWER}"

    async def _post(self, url: str, values: dict[str, str]) -> str:
        """The answer's status and text."""
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        async with self._client.stream("POST", url, data=values, headers=headers) as answer:
            content = b""
            async for piece in answer.aiter_bytes(_MAX_ANSWER_BYTES):
                content += piece
                if len(content) > _MAX_ANSWER_BYTES:
                    break
        self._client.cookies.clear()
        return f"{answer.status_code} {content[:_MAX_ANSWER_BYTES].decode(errors='replace')}"
