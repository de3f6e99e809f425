"""Remembers pages whose server can say "not modified", so that they need not be sent again."""

import zlib
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace

_LIMIT_BYTES = 32 * 1024 * 1024
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was read; validators (RFC 9110, 8.8) are empty where the server gave none."""

    body: bytes | bytearray
    charset: str = ""
    etag: str = ""
    last_modified: str = ""

    @property
    def conditions(self) -> dict[str, str]:
        """The request's headers that ask for the page only where it changed."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}

    def unpacked(self) -> "Page":
        """The page as it was, from the form in which the memory keeps it."""
        return replace(self, body=zlib.decompress(self.body))


class PageMemory:
    """Keeps pages compressed, those used last, at most `limit_bytes` of them."""

    def __init__(self, limit_bytes: int = _LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._pages: OrderedDict[Hashable, Page] = OrderedDict()

    def kept(self, key: Hashable) -> Page | None:
        """The page that was kept under `key`, not yet unpacked."""
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
        return page

    def keep(self, key: Hashable, page: Page) -> None:
        """Keep `page` in place of an earlier one; one without validators is not kept."""
        earlier = self._pages.pop(key, None)
        if earlier is not None:
            self._size -= len(earlier.body)
        if not page.conditions:
            return
        packed = replace(page, body=zlib.compress(page.body, _LEVEL))
        self._pages[key] = packed
        self._size += len(packed.body)
        while self._size > self._limit:
            _, oldest = self._pages.popitem(last=False)
            self._size -= len(oldest.body)
