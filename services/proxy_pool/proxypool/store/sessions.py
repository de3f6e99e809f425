"""Which upstream each sticky session of the gateway has, the same for all gateways."""

from proxypool.store.base import StoreBase

_MAX_SESSIONS = 100_000  # about 20 MB; beyond it the one that ends first goes


class SessionStore(StoreBase):
    """What the gateway needs beside reading and reporting."""

    async def session(self, key: str, proposal: str, dead: str, keep_s: float) -> str:
        """The upstream of the session `key`, which keeps it for `keep_s` from now on.

        It is `proposal` where the session has none, or has `dead`.
        """
        return str(
            await self._run("session", key, proposal, dead, int(keep_s * 1000), _MAX_SESSIONS)
        )
