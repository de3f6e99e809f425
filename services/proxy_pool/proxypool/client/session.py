"""The session: one that behaves as any of `requests`, and goes through proxies of the pool."""

import weakref
from collections.abc import Mapping
from typing import Any

import requests
from requests import Response

from proxypool.client.feedback import Feedback, Report
from proxypool.client.filters import Filters
from proxypool.client.gateway import GatewayAdapter
from proxypool.client.pool import Pool
from proxypool.client.rotation import RotatingAdapter
from proxypool.client.sending import UPSTREAM_HEADER
from proxypool.client.stock import Stock

DEFAULT_POOL = "http://127.0.0.1:5010"


class PooledSession(requests.Session):
    """A `requests.Session` whose requests go through the pool's proxies, or its gateway.

    `pool` is the address of the pool's API; each request takes a proxy of it, and another one where
    that fails, `attempts` times in all. With `gateway` (such as `http://127.0.0.1:5011`) requests
    go there, and the gateway chooses. `api_key` or `auth` (a name and a secret) say who we are.

    Filters are keyword arguments: `protocol`, `https`, `anonymity`, `country`, `asn`, `source`,
    `target`, `max_latency_ms`, `min_score`. `session` keeps to one proxy while it works: any word
    with the API, and with the gateway the name under which it remembers the proxy.

    `timeout_s` is what a request may take to connect, and between two pieces of its answer, where
    it names no timeout of its own. How proxies did is reported to the pool from a thread of its
    own (`report=False`: not at all); `close()`, or leaving a `with`, sends what waits.

    A request that may have arrived is repeated only where its method is idempotent. A response's
    header `X-Proxy-Upstream` says which proxy served it. All requests go through proxies, also
    those to hosts that the environment's NO_PROXY names.

    Raises, beside what requests does: NoProxyError, AllProxiesFailedError, PoolUnavailableError,
    PoolRefusedError, SocksSupportError; ValueError for filters that do not go together.
    """

    def __init__(
        self,
        pool: str = DEFAULT_POOL,
        *,
        gateway: str = "",
        api_key: str = "",
        auth: tuple[str, str] | None = None,
        session: str = "",
        attempts: int = 4,
        timeout_s: tuple[float, float] = (10.0, 30.0),
        report: bool = True,
        verify_pool: bool | str = True,
        **filters: Any,
    ) -> None:
        super().__init__()
        if attempts < 1:
            raise ValueError(f"attempts: expected 1 or more; found {attempts}")
        chosen = Filters(**filters)
        self._pool = Pool(pool, api_key=api_key, auth=auth, verify=verify_pool)
        self._target = chosen.target
        self._feedback = Feedback(self._pool.report)
        self._adapter: RotatingAdapter | GatewayAdapter
        if gateway:
            self._adapter = GatewayAdapter(
                gateway, chosen, auth, session, attempts=attempts, timeout_s=timeout_s
            )
        else:
            self._adapter = RotatingAdapter(
                Stock(self._pool.some, chosen, sticky=bool(session)),
                self._feedback if report else None,
                attempts=attempts,
                timeout_s=timeout_s,
                target=chosen.target,
            )
        self.mount("http://", self._adapter)
        self.mount("https://", self._adapter)
        # Also for those who forget to close: at the end of the program, or of this object.
        self._end = weakref.finalize(self, _end, self._feedback, self._pool)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> Response:
        """As in `requests.Session`, without `proxies`: they are the pool's."""
        if kwargs.get("proxies"):
            raise ValueError(
                "proxies: expected none, because this session takes them from the pool; found "
                "some. What to do: use requests.Session for proxies of your own"
            )
        return super().request(method, url, *args, **kwargs)

    def report(self, response: Response, *, ok: bool, reason: str = "") -> None:
        """Tell the pool what only you can see: that a response of ours was, or was not, good.

        Such as a page that asks to log in, or says that the address is blocked. Returns at once.
        Raises ValueError for a response that did not come through this session.
        """
        proxy = self._adapter.proxy_of(response)
        if proxy is None:
            raise ValueError(
                f"response: expected one that came through a proxy, with {UPSTREAM_HEADER}; "
                "found another. What to do: report the responses of this session alone"
            )
        self._feedback.put(Report(proxy, ok, reason=reason, target=self._target))

    @property
    def reports(self) -> Mapping[str, int]:
        """How many reports reached the pool (`sent`), and how many did not (`dropped`)."""
        return {"sent": self._feedback.sent, "dropped": self._feedback.dropped}

    def close(self) -> None:
        """Close all connections, after what waits to be reported is sent (5 s at most)."""
        super().close()
        self._end()


def _end(feedback: Feedback, pool: Pool) -> None:
    feedback.close()
    pool.close()
