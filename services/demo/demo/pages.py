"""The pages of the demo world."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from demo.behaviour import Behaviour
from demo.exits import networks_csv
from demo.farm import Farm
from demo.faults import FAULTS
from demo.faults import routes as fault_routes
from demo.lab.server import Lab
from demo.lists import Lists, as_lines
from demo.page_headers import HEADERS
from demo.payment.routes import Payment
from demo.plan import Planted, plant, plant_wide
from demo.settings import Settings
from demo.sms.routes import Sms

MAX_PAGE = 100_000
_PIECE = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Which of many proxies are asked for."""

    offset: int
    limit: int
    behaviour: Behaviour | None

    @classmethod
    def read(cls, query: Mapping[str, str], default_limit: int) -> "Page":
        """Read `offset`, `limit` and `behaviour`. Raises ValueError with what is wrong."""
        if unknown := set(query) - {"offset", "limit", "behaviour"}:
            raise ValueError(f"expected offset, limit or behaviour; found {sorted(unknown)[0]!r}")
        behaviour = query.get("behaviour")
        if behaviour is not None and behaviour not in list(Behaviour):
            raise ValueError(
                f"behaviour: expected one of {', '.join(Behaviour)}; found {behaviour[:40]!r}"
            )
        return cls(
            _number(query, "offset", 0, 0),
            _number(query, "limit", 1, default_limit),
            Behaviour(behaviour) if behaviour is not None else None,
        )

    def of(self, planted: list[Planted]) -> tuple[int, list[Planted]]:
        """How many there are in all, and those of this page."""
        chosen = planted
        if self.behaviour is not None:
            chosen = [entry for entry in planted if entry.behaviour is self.behaviour]
        return len(chosen), chosen[self.offset : self.offset + self.limit]


def _number(query: Mapping[str, str], name: str, low: int, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and low <= int(text[:7]) <= MAX_PAGE):
        raise ValueError(
            f"{name}: expected a whole number from {low} to {MAX_PAGE}; found {text[:40]!r}"
        )
    return int(text[:7])


async def _json_pieces(
    head: dict[str, object], planted: list[Planted], address: str
) -> AsyncIterator[str]:
    """A JSON object that begins as `head` and ends with `proxies`: never all in memory at once."""
    yield json.dumps(head)[:-1] + ', "proxies": ['
    for start in range(0, len(planted), _PIECE):
        texts = (json.dumps(entry.truth(address)) for entry in planted[start : start + _PIECE])
        yield (", " if start else "") + ", ".join(texts)
        await asyncio.sleep(0)  # the farm serves meanwhile
    yield "]}\n"


class Pages:
    """The pages' functions, over what is planted."""

    def __init__(
        self,
        settings: Settings,
        planted: list[Planted],
        wide: list[Planted],
        farm: Farm,
        templates: Jinja2Templates,
    ) -> None:
        self._settings = settings
        self._planted = planted
        self._wide = wide
        self._farm = farm
        self._lists = Lists(planted)
        self._templates = templates

    def address(self, request: Request) -> str:
        """The farm's address: the setting's, else the one this request came in at."""
        if self._settings.farm_address:
            return self._settings.farm_address
        host = request.scope["server"][0]
        ip = ip_address(host)
        mapped = getattr(ip, "ipv4_mapped", None)
        return str(mapped or ip)

    async def index(self, request: Request) -> Response:
        """What there is in the demo world."""
        context = {
            "address": self.address(request),
            "planted": self._planted,
            "counts": Counter(entry.behaviour.value for entry in self._planted),
            "wide": len(self._wide),
            "faults": list(FAULTS),
            "lab_port": self._settings.lab_port,
            "lab_tls_port": self._settings.lab_tls_port,
            "destinations": [str(asked) for asked in self._settings.farm_announce],
        }
        return self._templates.TemplateResponse(request, "index.html", context, headers=HEADERS)

    async def table(self, request: Request) -> Response:
        """A page of the HTML table."""
        text = request.query_params.get("page", "1")
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= 10_000):
            return PlainTextResponse(
                f"page: expected a whole number from 1; found {text[:40]!r}\n", 400
            )
        number = int(text)
        context = {
            "address": self.address(request),
            "rows": self._lists.table_page(number),
            "page": number,
            "pages": self._lists.table_pages(),
        }
        return self._templates.TemplateResponse(request, "table.html", context, headers=HEADERS)

    async def plain(self, request: Request) -> Response:
        """The plain text list."""
        return PlainTextResponse(self._lists.plain(self.address(request)), headers=HEADERS)

    async def json_list(self, request: Request) -> Response:
        """The JSON list."""
        return JSONResponse(self._lists.json(self.address(request)), headers=HEADERS)

    async def urls(self, request: Request) -> Response:
        """The list of URLs."""
        return PlainTextResponse(self._lists.urls(self.address(request)), headers=HEADERS)

    async def hidden(self, request: Request) -> Response:
        """The table whose addresses only a script shows."""
        context = {"rows": self._lists.hidden(self.address(request))}
        return self._templates.TemplateResponse(request, "hidden.html", context, headers=HEADERS)

    async def truth(self, request: Request) -> Response:
        """The truth about each proxy at a port, for comparing verdicts with."""
        return self._truth(request, self._planted, MAX_PAGE)

    async def wide_truth(self, request: Request) -> Response:
        """The same of the proxies at loopback addresses, in pages."""
        return self._truth(request, self._wide, 1000)

    def _truth(self, request: Request, planted: list[Planted], default_limit: int) -> Response:
        try:
            page = Page.read(request.query_params, default_limit)
        except ValueError as error:
            return PlainTextResponse(f"{error}\n", 400)
        address = self.address(request)
        total, entries = page.of(planted)
        head = {
            "address": address,
            "seed": self._settings.farm_seed,
            "flap_period_s": self._settings.farm_flap_period_s,
            "dies_after": self._settings.farm_dies_after,
            "total": total,
            "offset": page.offset,
            "limit": page.limit,
        }
        return StreamingResponse(
            _json_pieces(head, entries, address), media_type="application/json", headers=HEADERS
        )

    async def wide_list(self, request: Request) -> Response:
        """The proxies at loopback addresses as a list of URLs, in pages."""
        try:
            page = Page.read(request.query_params, MAX_PAGE)
        except ValueError as error:
            return PlainTextResponse(f"{error}\n", 400)
        return PlainTextResponse(as_lines(page.of(self._wide)[1]), headers=HEADERS)

    async def networks(self, _: Request) -> Response:
        """Whose exits are whose, as CSV."""
        return PlainTextResponse(networks_csv(), headers=HEADERS, media_type="text/csv")

    async def ca(self, _: Request) -> Response:
        """The authority that vouches for the farm as judge."""
        pem = self._farm.ca_pem
        if pem is None:
            return PlainTextResponse("the farm is no judge: FARM_ANSWERS_ITSELF is no\n", 404)
        return PlainTextResponse(pem, headers=HEADERS, media_type="application/x-pem-file")

    async def healthz(self, _: Request) -> Response:
        """Pages are served, and the farm listens: without it the process does not start."""
        return JSONResponse({"status": "ok"})


def build_app(settings: Settings) -> Starlette:
    """The application; the farm starts and stops with it."""
    planted = plant(settings.farm_port_first, settings.farm_port_count, settings.farm_seed)
    wide = []
    if settings.farm_wide_port:
        wide = plant_wide(
            settings.farm_wide_port,
            settings.farm_wide_count,
            settings.farm_seed,
            settings.farm_wide_mix,
        )
    farm = Farm(settings, planted, wide)
    farm.write_ca()
    templates = Jinja2Templates(Path(str(files("demo") / "templates")))
    pages = Pages(settings, planted, wide, farm, templates)
    payment, sms, lab = Payment(settings, templates), Sms(settings, templates), Lab(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await farm.start()
        await lab.start()
        yield
        await lab.stop()
        await payment.stop()
        await farm.stop()

    return Starlette(
        routes=[
            Route("/", pages.index),
            Route("/lists/table.html", pages.table),
            Route("/lists/plain.txt", pages.plain),
            Route("/lists/proxies.json", pages.json_list),
            Route("/lists/urls.txt", pages.urls),
            Route("/lists/hidden.html", pages.hidden),
            Route("/lists/wide.txt", pages.wide_list),
            *fault_routes(),
            Route("/farm/", pages.truth),
            Route("/farm/wide/", pages.wide_truth),
            Route("/farm/networks.csv", pages.networks),
            Route("/farm/ca.pem", pages.ca),
            *payment.routes(),
            *sms.routes(),
            Route("/healthz", pages.healthz),
        ],
        lifespan=lifespan,
    )
