"""The cashier's pages, for people: no script, at any width, in Chinese and English."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.templating import Jinja2Templates

from demo.bodies import BadBodyError, read_form
from demo.page_headers import HEADERS
from demo.payment.answers import RefusedError
from demo.payment.faults import EXPLAINED, NONE, OF_PAYMENTS, Chosen, Fault, Faults, read_seconds
from demo.payment.notifications import Notifier
from demo.payment.parameters import show_amount, show_time
from demo.payment.signing import Signer
from demo.payment.texts import TEXTS, choose_language
from demo.payment.trades import Ledger, Status, Trade
from demo.settings import Settings

_MAX_FORM_BYTES = 1024
_RETURN_METHOD = "alipay.trade.page.pay.return"
_UNPAYABLE = 409
_OVER = {"ACQ.TRADE_HAS_SUCCESS": "paid", "ACQ.TRADE_HAS_CLOSE": "closed"}
_OTHER_LANGUAGE = {"zh": "en", "en": "zh"}


class Cashier:
    """Where people pay, or do not."""

    def __init__(
        self,
        settings: Settings,
        signer: Signer,
        ledger: Ledger,
        notifier: Notifier,
        faults: Faults,
        templates: Jinja2Templates,
    ) -> None:
        self._settings = settings
        self._signer = signer
        self._ledger = ledger
        self._notifier = notifier
        self._faults = faults
        self._templates = templates

    async def show(self, request: Request) -> Response:
        """The page of an order."""
        trade = self._ledger.by_token(request.path_params["token"])
        if trade is None:
            return self._told(request, "unknown", 404)
        if trade.paid is not None:
            return self._told(request, "paid", 200, trade)
        if trade.status is Status.CLOSED:
            return self._told(request, "closed", _UNPAYABLE, trade)
        if "cancelled" in request.query_params:
            return self._told(request, "cancelled", 200, trade)
        expires = datetime.now(UTC) + timedelta(seconds=trade.expires_left_s)
        context = self._context(request, trade) | {
            "expires": show_time(expires),
            "faults": {fault.value: EXPLAINED[fault] for fault in OF_PAYMENTS},
        }
        return self._templates.TemplateResponse(request, "cashier.html", context, headers=HEADERS)

    async def pay(self, request: Request) -> Response:
        """Pay, tell the merchant, and send the browser back; a second time only the latter."""
        trade = self._ledger.by_token(request.path_params["token"])
        if trade is None:
            return self._told(request, "unknown", 404)
        try:
            chosen = _read_fault(await read_form(request, _MAX_FORM_BYTES))
        except (BadBodyError, ValueError) as error:
            return self._told(request, "refused", 400, trade, reason=f"expected {error}")
        if trade.pay():
            if chosen.fault is None:
                chosen = self._faults.next(of_payments=True)
            await self._notifier.paid(trade, chosen)
        if trade.paid is None or not trade.return_url:
            return self._page(request, trade)
        return RedirectResponse(self._return_address(trade), 303)

    async def cancel(self, request: Request) -> Response:
        """Leave without paying. As with Alipay nobody is told, and the trade waits on."""
        trade = self._ledger.by_token(request.path_params["token"])
        if trade is None:
            return self._told(request, "unknown", 404)
        return self._page(request, trade, cancelled="yes")

    def refusal(self, request: Request, error: RefusedError) -> Response:
        """A person came with a request for payment that is refused."""
        reason = f"{error.sub_code}: {error.sub_msg}"
        if (over := _OVER.get(error.sub_code)) is not None:
            return self._told(request, over, _UNPAYABLE, reason=reason)
        return self._told(request, "refused", 400, reason=reason)

    def _context(self, request: Request, trade: Trade | None) -> dict[str, object]:
        accepted = request.headers.get("accept-language", "")
        language = choose_language(request.query_params.get("lang"), accepted)
        return {
            "texts": TEXTS[language],
            "language": language,
            "other_language": _OTHER_LANGUAGE[language],
            "seller": self._settings.payment_seller_name,
            "trade": trade,
            "can_reload": trade is not None and request.method == "GET",
            "amount": show_amount(trade.order.total_fen) if trade else "",
        }

    def _page(self, request: Request, trade: Trade, **query: str) -> Response:
        """What was posted is done: on to the order's page, which can be reloaded."""
        if (language := request.query_params.get("lang")) in TEXTS:
            query["lang"] = str(language)
        return RedirectResponse(f"../{trade.token}?{urlencode(query)}".rstrip("?"), 303)

    def _told(
        self, request: Request, what: str, status: int, trade: Trade | None = None, reason: str = ""
    ) -> Response:
        context = self._context(request, trade) | {"what": what, "reason": reason}
        return self._templates.TemplateResponse(
            request, "cashier_told.html", context, status_code=status, headers=HEADERS
        )

    def _return_address(self, trade: Trade) -> str:
        """The merchant's page, with Alipay's signed parameters."""
        values = self._signer.sign_values(
            {
                "charset": "utf-8",
                "out_trade_no": trade.order.out_trade_no,
                "method": _RETURN_METHOD,
                "total_amount": show_amount(trade.order.total_fen),
                "trade_no": trade.trade_no,
                "auth_app_id": self._settings.payment_app_id,
                "version": "1.0",
                "app_id": self._settings.payment_app_id,
                "seller_id": self._settings.payment_seller_id,
                "timestamp": show_time(datetime.now(UTC)),
            }
        )
        address, mark, fragment = trade.return_url.partition("#")
        joint = "&" if "?" in address else "?"
        return f"{address}{joint}{urlencode(values)}{mark}{fragment}"


def _read_fault(form: bytes) -> Chosen:
    """The fault that was chosen beside the button. Raises ValueError."""
    values = dict(parse_qsl(form.decode("ascii", "replace"), max_num_fields=10))
    if not (name := values.get("fault", "")):
        return NONE
    if name not in OF_PAYMENTS:
        raise ValueError(f"fault: one of {', '.join(OF_PAYMENTS)}")
    try:
        return Chosen(Fault(name), read_seconds(values.get("seconds") or "10"))
    except ValueError as error:
        raise ValueError("seconds: a number from 0 to 120") from error
