"""What the smoke tests know of a deployment: its addresses, and how long to wait for one."""

from __future__ import annotations

from dataclasses import dataclass

TIMEOUT_S = (3.05, 15.0)


@dataclass(frozen=True)
class Deployment:
    """Where a deployment is reached: its scheme and host, and its published ports."""

    scheme: str
    host: str
    site_port: int
    api_port: int
    check_port: int
    proxy_pool_port: int
    demo_port: int

    def url(self, port: int, path: str) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{port}{path}"

    def site(self, path: str) -> str:
        return self.url(self.site_port, path)

    def api(self, path: str) -> str:
        return self.url(self.api_port, "/api/v1/" + path)

    def check(self, query: str = "") -> str:
        return self.url(self.check_port, "/check/" + query)

    def pool(self, path: str) -> str:
        return self.url(self.proxy_pool_port, path)

    def demo(self, path: str) -> str:
        return self.url(self.demo_port, path)
