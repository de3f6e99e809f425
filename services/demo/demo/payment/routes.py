"""The payment gateway's addresses, and the pages for people who test with it."""

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from demo.bodies import read_form
from demo.page_headers import HEADERS
from demo.payment.cashier import Cashier
from demo.payment.faults import EXPLAINED, Fault, Faults, read_count, read_seconds
from demo.payment.gateway import Gateway
from demo.payment.methods import Methods
from demo.payment.notifications import Notifier
from demo.payment.parameters import show_amount, show_time
from demo.payment.signing import Signer
from demo.payment.trades import Ledger, Trade
from demo.settings import Settings

_MAX_FORM_BYTES = 1024
_SHOWN = 100


class Payment:
    """The payment gateway and all its parts."""

    def __init__(self, settings: Settings, templates: Jinja2Templates) -> None:
        self._settings = settings
        self._templates = templates
        self._signer = Signer(settings.payment_private_key)
        self._ledger = Ledger(settings.payment_max_trades)
        self._faults = Faults()
        self._notifier = Notifier(settings, self._signer)
        self._cashier = Cashier(
            settings, self._signer, self._ledger, self._notifier, self._faults, templates
        )
        methods = Methods(self._ledger, self._notifier)
        self._gateway = Gateway(
            settings, self._signer, self._ledger, methods, self._cashier, self._faults
        )

    def routes(self) -> list[Route]:
        """`/alipay/…`."""
        cashier = "/alipay/cashier/{token}"
        return [
            Route("/alipay/", self.trades),
            Route("/alipay/gateway.do", self._gateway.serve, methods=["GET", "POST"]),
            Route(cashier, self._cashier.show),
            Route(f"{cashier}/pay", self._cashier.pay, methods=["POST"]),
            Route(f"{cashier}/cancel", self._cashier.cancel, methods=["POST"]),
            Route("/alipay/key.pem", self.key),
            Route("/alipay/faults/", self.show_faults),
            Route("/alipay/faults/", self.arm, methods=["POST"]),
        ]

    async def stop(self) -> None:
        """End the notifications that are under way."""
        await self._notifier.stop()

    async def trades(self, request: Request) -> Response:
        """The newest trades, for people; with `?format=json` for tests. `?out_trade_no=` is one."""
        wanted = request.query_params.get("out_trade_no")
        found = [
            trade
            for trade in self._ledger.newest()
            if wanted is None or trade.order.out_trade_no == wanted
        ][:_SHOWN]
        told = [_told(trade) for trade in found]
        if request.query_params.get("format") == "json":
            return JSONResponse({"total": len(self._ledger), "trades": told}, headers=HEADERS)
        context = {
            "trades": told,
            "total": len(self._ledger),
            "app_id": self._settings.payment_app_id,
            "seller_id": self._settings.payment_seller_id,
            "has_merchant": self._settings.payment_merchant_public_key is not None,
            "hosts": sorted(self._settings.payment_notify_hosts),
        }
        return self._templates.TemplateResponse(request, "trades.html", context, headers=HEADERS)

    async def key(self, _: Request) -> Response:
        """The gateway's public key, which merchants verify with."""
        return PlainTextResponse(
            self._signer.public_pem, headers=HEADERS, media_type="application/x-pem-file"
        )

    async def show_faults(self, request: Request) -> Response:
        """What goes wrong next, and what could."""
        if request.query_params.get("format") == "json":
            return JSONResponse({"armed": self._faults.told()}, headers=HEADERS)
        context = {"armed": self._faults.told(), "explained": EXPLAINED}
        return self._templates.TemplateResponse(request, "faults.html", context, headers=HEADERS)

    async def arm(self, request: Request) -> Response:
        """Let the next payments or answers go wrong: `fault`, `count` and `seconds`."""
        try:
            form = await read_form(request, _MAX_FORM_BYTES)
            self._arm(dict(parse_qsl(form.decode("ascii", "replace"), max_num_fields=10)))
        except ValueError as error:
            return PlainTextResponse(f"expected {error}\n", 400)
        return RedirectResponse(".", 303)

    def _arm(self, values: dict[str, str]) -> None:
        name = values.get("fault", "")
        if name not in list(Fault):
            raise ValueError(f"fault: one of {', '.join(Fault)}")
        try:
            count = read_count(values.get("count") or "1")
        except ValueError as error:
            raise ValueError("count: a whole number from 0 to 100") from error
        try:
            seconds = read_seconds(values.get("seconds") or "10")
        except ValueError as error:
            raise ValueError("seconds: a number from 0 to 120") from error
        self._faults.arm(Fault(name), count, seconds)


def _told(trade: Trade) -> dict[str, object]:
    """A trade as the page and tests see it."""
    return {
        "out_trade_no": trade.order.out_trade_no,
        "trade_no": trade.trade_no,
        "status": trade.status,
        "subject": trade.order.subject,
        "total_amount": show_amount(trade.order.total_fen),
        "refunded": show_amount(trade.refunded_fen),
        "created": show_time(trade.created),
        "paid": show_time(trade.paid) if trade.paid else None,
        "events": list(trade.events),
    }
