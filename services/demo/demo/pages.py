"""The pages of the demo world."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from demo.farm import Farm
from demo.lists import Lists
from demo.plan import Planted, plant
from demo.settings import Settings

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "Cache-Control": "no-store",
}


class Pages:
    """The pages' functions, over what is planted."""

    def __init__(self, settings: Settings, planted: list[Planted]) -> None:
        self._settings = settings
        self._planted = planted
        self._lists = Lists(planted)
        self._templates = Jinja2Templates(Path(str(files("demo") / "templates")))

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
            "destinations": [str(asked) for asked in self._settings.farm_announce],
        }
        return self._templates.TemplateResponse(request, "index.html", context, headers=_HEADERS)

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
        return self._templates.TemplateResponse(request, "table.html", context, headers=_HEADERS)

    async def plain(self, request: Request) -> Response:
        """The plain text list."""
        return PlainTextResponse(self._lists.plain(self.address(request)), headers=_HEADERS)

    async def json(self, request: Request) -> Response:
        """The JSON list."""
        return JSONResponse(self._lists.json(self.address(request)), headers=_HEADERS)

    async def truth(self, request: Request) -> Response:
        """The truth about each planted proxy, for comparing verdicts with."""
        address = self.address(request)
        return JSONResponse(
            {
                "address": address,
                "seed": self._settings.farm_seed,
                "proxies": [
                    {
                        "proxy": f"{address}:{entry.port}",
                        "port": entry.port,
                        "behaviour": entry.behaviour.value,
                        "exit_ip": entry.exit_ip,
                        "delay_s": entry.delay_s,
                        "usable": entry.is_usable,
                    }
                    for entry in self._planted
                ],
            },
            headers=_HEADERS,
        )

    async def healthz(self, _: Request) -> Response:
        """Pages are served, and the farm listens: without it the process does not start."""
        return JSONResponse({"status": "ok"})


def build_app(settings: Settings) -> Starlette:
    """The application; the farm starts and stops with it."""
    planted = plant(settings.farm_port_first, settings.farm_port_count, settings.farm_seed)
    pages = Pages(settings, planted)
    farm = Farm(settings, planted)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await farm.start()
        yield
        await farm.stop()

    return Starlette(
        routes=[
            Route("/", pages.index),
            Route("/lists/table.html", pages.table),
            Route("/lists/plain.txt", pages.plain),
            Route("/lists/proxies.json", pages.json),
            Route("/farm/", pages.truth),
            Route("/healthz", pages.healthz),
        ],
        lifespan=lifespan,
    )
