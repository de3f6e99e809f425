"""Checks: find out what a proxy speaks, whether it can be trusted, and what it shows of us.

Stage one is the TCP connection, with a short timeout of its own. The first request to the judge on
that same connection is the protocol's detection. https follows once something has passed. See
`Check` for the order in which protocols are tried.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

from proxypool.address import BadAddressError, Upstream
from proxypool.detection import Check
from proxypool.geo import Geography
from proxypool.http1 import AddressNotAllowedError, ExchangeError, OwnLimitError
from proxypool.judge import JudgeWatch
from proxypool.protocol import Protocol
from proxypool.resolver import Resolver
from proxypool.settings import Settings
from proxypool.target_check import check_target
from proxypool.targets import Target
from proxypool.timeouts import AdaptiveTimeout
from proxypool.verdict import Outcome, TargetVerdict, Verdict

log = logging.getLogger(__name__)

_WARN_EVERY_S = 60.0
_OF_CLAIM = 0.8  # a check ends well before another checker takes its work over


class Checks:
    """What the checks of one process share: judges, names, timeouts, countries."""

    def __init__(
        self, settings: Settings, judges: JudgeWatch, geography: Geography | None = None
    ) -> None:
        self.settings = settings
        self.judges = judges
        self.rule = settings.upstream_rule
        self.resolver = Resolver()
        connect_s, verify_s = settings.connect_timeout_s, settings.verify_timeout_s
        adapts = settings.adapt_timeouts
        self.connect_timeout = AdaptiveTimeout(connect_s, connect_s / 3, adapts=adapts)
        self.answer_timeout = AdaptiveTimeout(verify_s, verify_s / 2, adapts=adapts)
        self._geography = geography
        self._warned = float("-inf")

    async def check(
        self,
        proxy: str,
        *,
        hint: Sequence[Protocol] = (),
        full: bool = True,
        was_good: bool = False,
        targets: Iterable[Target] = (),
    ) -> Verdict:
        """Find out what `proxy` is.

        `hint`: what it is known or said to speak, first things first. `full`: try every protocol;
        else only the hinted ones, and others where the proxy turns out not to speak those.
        `was_good`: by its last check; where all such fail at once, it is the judge that cannot be
        reached. A good one is tried with each of `targets`.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            upstream = Upstream.parse(proxy)
            addresses = await self._addresses(upstream)
        except BadAddressError:
            return Verdict(Outcome.REFUSED, "bad_address")
        except AddressNotAllowedError as error:
            return Verdict(Outcome.REFUSED, error.reason)
        except ExchangeError as error:
            return Verdict(Outcome.FAILED, error.reason)
        limit = started + self.settings.claim_idle_s * _OF_CLAIM
        check = Check(
            self, upstream, addresses, tuple(hint), full=full, was_good=was_good, limit=limit
        )
        try:
            await check.run()
        except OwnLimitError as error:
            self._warn_of_own_limit(error)
            return Verdict(Outcome.POSTPONED, error.reason)
        tried: dict[str, TargetVerdict] = {}
        if targets and check.findings.look_good:
            tried = await self._try_targets(check, targets, limit)
        return await check.verdict(self._geography, tried)

    async def _addresses(self, upstream: Upstream) -> tuple[str, ...]:
        """Where to connect to. Raises AddressNotAllowedError, NameUnknownError."""
        ip = upstream.ip
        if ip is not None:
            if not self.rule.permits(ip):
                raise AddressNotAllowedError(upstream.place)
            return (upstream.host,)
        found = await self.resolver.resolve(upstream.host, self.settings.connect_timeout_s)
        permitted = tuple(
            address
            for address in found
            if (ip := Upstream(address, upstream.port).ip) is not None and self.rule.permits(ip)
        )
        if not permitted:
            raise AddressNotAllowedError(f"{upstream.place} is at {', '.join(found)}")
        return permitted

    async def _try_targets(
        self, check: Check, targets: Iterable[Target], limit: float
    ) -> dict[str, TargetVerdict]:
        named = list(targets)
        verdicts = await asyncio.gather(*(check_target(check, target, limit) for target in named))
        return {target.name: verdict for target, verdict in zip(named, verdicts, strict=True)}

    def _warn_of_own_limit(self, error: OwnLimitError) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._warned > _WARN_EVERY_S:
            self._warned = now
            log.warning(
                "checks are postponed: expected free sockets, ports and memory; found %s. "
                "What to do: raise the limit of open files, or lower CHECK_CONCURRENCY",
                error,
            )


_shared: "WeakKeyDictionary[JudgeWatch, Checks]" = WeakKeyDictionary()


async def check(
    proxy: str,
    settings: Settings,
    judge: JudgeWatch,
    *,
    hint: Sequence[Protocol] = (),
    full: bool = True,
) -> Verdict:
    """One check, for those that make only some; what checks share is kept as long as `judge`."""
    if judge not in _shared:
        _shared[judge] = Checks(settings, judge, Geography.from_settings(settings))
    return await _shared[judge].check(proxy, hint=hint, full=full)
