"""The way of one request: how far it came before it failed, and a bound on what is kept open."""

import threading
from collections import OrderedDict
from typing import Any

from requests import Response
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest

_KEPT_PROXIES = 64
"""Proxies whose connections are kept open for the next request."""


UPSTREAM_HEADER = "X-Proxy-Upstream"
"""Says of a response which proxy served it."""


class Progress(threading.local):
    """How far this thread's request came. http.client blocks: one request a thread at a time."""

    reached_proxy = False
    """The TCP connection to the proxy stood."""
    sent = False
    """The first byte of the request itself was on its way: the destination may have it."""
    tunnel_upstream = ""
    """What the proxy that opened the request's tunnel said of its upstream."""


_progress = Progress()


class _Listener:
    """A proxy's answer to CONNECT, as it is read: before 3.12 http.client forgets its headers."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.lines: list[bytes] = []

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._file.readline(limit)
        self.lines.append(line)
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def upstream(self) -> str:
        """The value of X-Proxy-Upstream, if it was said."""
        for line in self.lines:
            name, colon, value = line.decode("latin-1").partition(":")
            if colon and name.lower() == UPSTREAM_HEADER.lower():
                return value.strip()
        return ""


class _Watched:
    """Beside urllib3's connection classes: notes how far a request comes."""

    _connecting = False
    _tunnel_upstream = ""
    sock: Any
    response_class: Any

    def _tunnel(self) -> None:
        plain, heard = self.response_class, []

        def response(*args: Any, **kwargs: Any) -> Any:
            answer = plain(*args, **kwargs)
            answer.fp = _Listener(answer.fp)
            heard.append(answer.fp)
            return answer

        self.response_class = response
        try:
            super()._tunnel()  # type: ignore[misc]  # the class beside this one has it
        finally:
            self.response_class = plain
        self._tunnel_upstream = heard[0].upstream() if heard else ""

    def _new_conn(self) -> Any:
        new: Any = super()._new_conn()  # type: ignore[misc]  # the class beside this one has it
        _progress.reached_proxy = True
        return new

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        # http.client would connect in its own send(), where nothing tells the two apart.
        if self.sock is None:
            self.connect()
        if not self._connecting:  # a tunnel's CONNECT is sent while it connects
            _progress.reached_proxy = _progress.sent = True
            _progress.tunnel_upstream = self._tunnel_upstream
        super().send(data)  # type: ignore[misc]


class ProxyAdapter(HTTPAdapter):
    """Sends through many proxies, and keeps connections to the last used ones alone."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=4)
        self._managers: OrderedDict[str, Any] = OrderedDict()
        self._managers_lock = threading.Lock()

    @property
    def progress(self) -> Progress:
        """How far this thread's last request came."""
        return _progress

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """As in HTTPAdapter; `progress` is about this request afterwards."""
        _progress.reached_proxy = _progress.sent = False
        _progress.tunnel_upstream = ""
        return super().send(request, *args, **kwargs)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """As in HTTPAdapter, with connections that are watched."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        plain = pool.ConnectionCls
        if not issubclass(plain, _Watched):
            pool.ConnectionCls = type(f"Watched{plain.__name__}", (_Watched, plain), {})
        return pool

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """As in HTTPAdapter, which keeps a manager of each proxy for ever."""
        with self._managers_lock:
            manager: Any = super().proxy_manager_for(proxy, **kwargs)
            self._managers[proxy] = manager
            self._managers.move_to_end(proxy)
            dropped = []
            while len(self._managers) > _KEPT_PROXIES:
                name, oldest = self._managers.popitem(last=False)
                self.proxy_manager.pop(name, None)
                dropped.append(oldest)
        for oldest in dropped:
            oldest.clear()
        return manager
