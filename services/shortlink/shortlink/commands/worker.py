"""One of the service's processes, as uvicorn starts it."""

from starlette.applications import Starlette

from shortlink import settings as settings_module
from shortlink.logs import start_log


def build() -> Starlette:
    """The application, with a log of its own: a process that uvicorn spawns begins with none."""
    from shortlink.api.app import build_app

    settings = settings_module.load("serve")
    start_log(settings)
    return build_app(settings)
