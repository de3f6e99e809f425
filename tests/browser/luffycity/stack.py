"""The course site that the browser looks at: the whole bundle with the demo world, on this machine.

What a deployment does to the host before is left out, since the images are there: the role `stack`
writes the release, and the release engine makes it current.
"""

from __future__ import annotations

from pathlib import Path

from deployment import Deployment

from tests import local_deployment
from tests.browser.luffycity.site import Site
from tests.local_deployment import docker, release
from tests.playbook import REPOSITORY

NAME = "luffy-browser"
ROOT = Path("/opt") / NAME
INVENTORY = REPOSITORY / "tests/inventories/browser.ini"
# Its health is not looked at here, and checking proxies takes time from pages that are measured.
NOT_NEEDED = ("proxy_pool_checker", "proxy_pool_scheduler")


def bring_up() -> Site:
    """Make the deployment, or make it what it should be.

    Raises:
        RuntimeError: with what was said where that fails.
    """
    release(root=ROOT, inventory=INVENTORY)
    docker("stop", "--time", "1", *(container(service) for service in NOT_NEEDED))
    return site()


def site() -> Site:
    """Where the deployment is; the ports are those of the inventory."""
    edge = local_deployment.containers(NAME)["edge"]
    return Site(
        url="http://127.0.0.1:8080",
        demo_url="http://127.0.0.1:8009",
        deployment=Deployment(
            scheme="http",
            host="127.0.0.1",
            site_port=28080,
            api_port=28000,
            check_port=28001,
            check_tls_port=28444,
            shortlink_port=28002,
            proxy_pool_port=25010,
            gateway_port=25011,
            demo_port=28009,
        ),
        process=edge["State"]["Pid"],
    )


def container(service: str) -> str:
    """The id of a service's container."""
    return str(local_deployment.containers(NAME)[service]["Id"])


def remove() -> None:
    """Remove everything of it."""
    local_deployment.remove(NAME)
