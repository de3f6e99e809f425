"""Where a deployment of the course site is: for the browser, and for the program that drives it."""

from __future__ import annotations

from dataclasses import dataclass

from deployment import Deployment


@dataclass(frozen=True)
class Site:
    """A deployment with the demo world."""

    url: str
    """The course site, as the browser types it; without a slash at the end."""
    demo_url: str
    """Cashier and SMS inbox, the same way."""
    deployment: Deployment
    """The same, as this program reaches it: the two run in different networks, perhaps."""
    process: int = 0
    """One in whose network the browser has to run; 0 for this machine's own."""

    def reachable(self, url: str) -> str:
        """A URL that was meant for the browser, for this program."""
        for origin, mine in (
            (self.demo_url, self.deployment.demo("")),
            (self.url, self.deployment.site("")),
        ):
            if url.startswith(f"{origin}/"):
                return mine + url.removeprefix(origin)
        raise ValueError(f"expected an address of {self.url} or {self.demo_url}; found {url}")
