"""What the smoke tests know of a deployment: its addresses, and how long to wait for one."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

TIMEOUT_S = (3.05, 15.0)


@dataclass(frozen=True)
class Deployment:
    """Where a deployment is reached: its scheme and host, and its published ports."""

    scheme: str
    host: str
    site_port: int
    api_port: int
    check_port: int
    check_tls_port: int
    shortlink_port: int
    proxy_pool_port: int
    gateway_port: int
    demo_port: int
    account: tuple[str, str] | None = field(default=None, repr=False)
    """Name and secret of an account of the proxy pool."""

    @property
    def trusts_us(self) -> bool:
        """Whether the pool needs no account of us: it is this host's, by the loopback address."""
        return self.host == "localhost" or self.host == "::1" or self.host.startswith("127.")

    @property
    def url_host(self) -> str:
        """The host as it stands in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def url(self, port: int, path: str) -> str:
        return f"{self.scheme}://{self.url_host}:{port}{path}"

    def site(self, path: str) -> str:
        return self.url(self.site_port, path)

    def api(self, path: str) -> str:
        return self.url(self.api_port, "/api/v1/" + path)

    def check(self, query: str = "") -> str:
        return self.url(self.check_port, "/check/" + query)

    def pool(self, path: str) -> str:
        return self.url(self.proxy_pool_port, path)

    def links(self, path: str) -> str:
        return self.url(self.shortlink_port, path)

    def demo(self, path: str) -> str:
        return self.url(self.demo_port, path)

    def gateway(self, account: tuple[str, str] | None, scheme: str = "http") -> str:
        """The gateway as a proxy's address, for that account."""
        credentials = (
            "{}:{}@".format(*(quote(part, safe="") for part in account)) if account else ""
        )
        return f"{scheme}://{credentials}{self.url_host}:{self.gateway_port}"
