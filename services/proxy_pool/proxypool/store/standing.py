"""How it stands with a proxy that is known and not good."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from proxypool.store.base import StoreBase

_LANES = ("new", "alive", "failed")
_REASON = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the pool's memory says of it."""

    reason: str
    """Why its last check failed or was refused; empty where none has ended so."""
    under_way: bool
    """Whether a check of it is handed out."""
    due: str
    """When it is checked again, in TIMEZONE; empty where that is not known."""


class StandingStore(StoreBase):
    """Candidates and dead ones too: what has no record."""

    async def standing(self, proxy: str) -> Standing | None:
        """Of a proxy that is known and has no record now, else None."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hexists(self._table, proxy)
        pipe.hget(self._key(":known"), proxy)
        pipe.hexists(self._key(":inflight"), proxy)
        for lane in _LANES:
            pipe.zscore(self._key(f":due:{lane}"), proxy)
        good, text, under_way, *dues = await pipe.execute()
        if good or text is None:
            return None
        due_ms = min((float(due) for due in dues if due is not None), default=None)
        due = "" if due_ms is None else self._as_read(datetime.fromtimestamp(due_ms / 1000, UTC))
        return Standing(_reason_in(text), bool(under_way), due)


def _reason_in(text: str) -> str:
    """The entry's reason; nothing where what is stored is damaged."""
    try:
        reason = json.loads(text)["reason"]
    except (ValueError, KeyError, TypeError):
        return ""
    return reason if isinstance(reason, str) and _REASON.fullmatch(reason) else ""
