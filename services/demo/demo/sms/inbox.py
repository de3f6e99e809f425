"""The inbox of all phones: what was sent, bounded, the newest first."""

import re
from collections import deque
from dataclasses import dataclass

_PHONE = re.compile(r"(?:\+86|0086|86|\+)?(1[3-9]\d{9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one phone."""

    phone: str
    sign_name: str
    template_code: str
    params: dict[str, str]
    text: str
    biz_id: str
    at: str
    """When it was sent: UTC, as RFC 3339."""


class Inbox:
    """The newest messages."""

    def __init__(self, most: int) -> None:
        self._messages: deque[Message] = deque(maxlen=most)

    def put(self, message: Message) -> None:
        """Keep it, in place of the oldest where there are enough."""
        self._messages.appendleft(message)

    def read(self, phone: str = "") -> list[Message]:
        """All, or those of one phone; the newest first."""
        wanted = plain_phone(phone) or phone
        return [one for one in self._messages if not wanted or one.phone == wanted]


def plain_phone(text: str) -> str | None:
    """The eleven digits of a mobile phone in China, without its country's code; None where it is
    none."""
    match = _PHONE.fullmatch(text.strip())
    return match[1] if match else None
