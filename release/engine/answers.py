"""What services answer to a GET request: a new container's own, and what a visitor gets."""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from http import HTTPStatus

from engine.docker_api import Container
from engine.errors import StepFailedError
from engine.incoming import ServiceSpec, Site, SmokeCheck, Try
from engine.resolve import Model

TIMEOUT_S = 10.0
# More than a page has; what is longer is read as far as this.
MAX_BYTES = 4 * 1024 * 1024
# What the edge adds to its answers while a person has closed the site.
MAINTENANCE = "X-Maintenance"
CLOSED = "the site is closed for maintenance"


def try_container(container: Container, spec: ServiceSpec, site: Site) -> None:
    """Ask a container itself what its service has to answer before anybody else asks it.

    Raises StepFailedError, with what was expected and what was found.
    """
    addresses = [place.address for place in container.networks.values() if place.address]
    if not spec.tries:
        return
    if not addresses or spec.port is None:
        raise StepFailedError(
            container.name, "an address to ask it at", "none", "give it a network"
        )
    for asked in spec.tries:
        problem = _ask(addresses[0], spec.port, asked, site)
        if problem:
            raise StepFailedError(
                f"{container.name}, asked for {asked.path} before anybody else",
                _expected(asked),
                problem,
                "see the container's log",
            )


def smoke_problems(
    checks: Iterable[SmokeCheck], model: Model, ports: dict[str, str], site: Site
) -> list[str]:
    """What is wrong with what a visitor gets; empty if nothing is.

    That a person has closed the site (`maintenance on`) is no fault of the release.
    """
    problems = []
    for check in checks:
        port = int(ports[check.port_of])
        problem = _ask(published_at(model, port), port, check.asked, site)
        if problem not in ("", CLOSED):
            problems.append(
                f"{check.name} (port {port}, {check.asked.path}): expected "
                f"{_expected(check.asked)}; found {problem}"
            )
    return problems


def published_at(model: Model, port: int) -> str:
    """The address of this host at which a port is published; loopback where it is on all."""
    for service in model["services"].values():
        for mapping in service.get("ports") or []:
            if str(mapping.get("published")) == str(port):
                address = str(mapping.get("host_ip") or "")
                return address if address not in ("", "0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    return "127.0.0.1"


def _expected(asked: Try) -> str:
    return f"status {asked.status}" + (f" and the text {asked.has}" if asked.has else "")


def _ask(address: str, port: int, asked: Try, site: Site) -> str:
    """What is wrong with the answer; empty if nothing is."""
    connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT_S)
    headers = {"Host": site.host, "X-Forwarded-Proto": site.scheme, "Connection": "close"}
    try:
        connection.request("GET", asked.path, headers=headers)
        answer = connection.getresponse()
        body = answer.read(MAX_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({type(error).__name__}: {error})"
    finally:
        connection.close()
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and answer.getheader(MAINTENANCE) == "on":
        return CLOSED
    if answer.status != asked.status:
        return f"status {answer.status} ({' '.join(body.split())[:120]})"
    if asked.has and asked.has not in body:
        return f"status {answer.status} without that text ({' '.join(body.split())[:120]})"
    return ""
