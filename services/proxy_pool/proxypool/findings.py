"""What the attempts of one check have shown, and the verdict that it comes to."""

import asyncio

from proxypool.attempt import FOREIGN, Carried, Failure
from proxypool.geo import UNKNOWN, Geography, Origin
from proxypool.judge import Judge, JudgeWatch
from proxypool.protocol import PREFERENCE, SOCKS, Anonymity, Protocol
from proxypool.verdict import Outcome, TargetVerdict, Verdict

_REFUSING = frozenset({"not_the_judge", "tampered", "marker_lost", "tls_broken"})
"""The proxy's own doing: it works, and changes what it carries."""
_LOCKED = frozenset({"auth_required", "auth_failed"})
_VAGUE = frozenset({"bad_answer", "closed", "timeout", "too_large", "needs_ipv4"})
"""Less telling than what the proxy said in another protocol's own words."""


class Findings:
    """Grows with each attempt that has ended; `harm` ends a check."""

    def __init__(
        self,
        judges: JudgeWatch,
        hint: tuple[Protocol, ...],
        least_anonymity: Anonymity,
        *,
        was_good: bool,
    ) -> None:
        """`hint`: the protocols that were to be tried first; `was_good`: by its last check."""
        self._judges = judges
        self._was_good = was_good
        self._hint = hint
        self._least_anonymity = least_anonymity
        self._anonymity = Anonymity.ELITE
        self._https_failure: Failure | None = None
        self.tried: dict[Protocol, None] = {}
        self.failures: dict[Protocol, Failure] = {}
        self.carried: dict[Protocol, Carried] = {}
        self.https = False
        self.harm: Failure | None = None
        """What speaks against the proxy for good."""

    @property
    def look_good(self) -> bool:
        """Whether a proxy is good by what is known so far."""
        return bool(self.carried) and self.harm is None and bool(self._judges.own)

    def note(self, protocol: Protocol, result: Carried | Failure) -> None:
        """An attempt has ended."""
        self.tried[protocol] = None
        if isinstance(result, Failure):
            self.failures[protocol] = result
            self._note_harm(result)
            return
        self.carried[protocol] = result
        result.judge.note_reached()
        self.https = self.https or result.judge.place.is_tls
        self._note_anonymity(result)

    def note_https(self, result: Carried | Failure) -> None:
        """An attempt to reach a judge with TLS, through a protocol that works, has ended."""
        if isinstance(result, Failure):
            self._https_failure = result
            self._note_harm(result)
        else:
            self.https = True

    def _note_harm(self, failure: Failure) -> None:
        if failure.reason in _REFUSING:
            self.harm = failure

    def _note_anonymity(self, result: Carried) -> None:
        """The least that any protocol hides is what counts."""
        found = result.sight.anonymity(self._judges.own, result.judge.usual_headers)
        if found.rank < self._anonymity.rank:
            self._anonymity = found
        if found.rank < self._least_anonymity.rank:
            self.harm = Failure(found.value, None)

    async def verdict(
        self, began: float, geography: Geography | None, targets: dict[str, TargetVerdict]
    ) -> Verdict:
        """What it comes to; asks judges directly where one that is down would explain it.

        `began`: when the check did, by the loop's clock.
        """
        if not self.tried:
            return Verdict(Outcome.POSTPONED, "judge_down")
        harm = self.harm
        if harm is not None:
            if harm.judge is not None and not await _was_up(harm.judge, began):
                return self._judge_down(harm.judge)
            return self._finding(Outcome.REFUSED, harm.reason)
        if not self.carried:
            for judge in {f.judge for f in self.failures.values() if f.may_be_the_judges}:
                if judge is None:
                    continue
                if not await _was_up(judge, began):
                    return self._judge_down(judge)
                if self._was_good:
                    judge.note_missed()
                if judge.is_doubted:
                    return Verdict(Outcome.POSTPONED, "judge_unreached")
            return self._finding(Outcome.FAILED, self._telling_reason())
        if not self._judges.own:
            return Verdict(Outcome.POSTPONED, "own_address_unknown")
        await self._forgive_https(began)
        origin = UNKNOWN
        if geography is not None:
            origin = geography.look_up(self._exit_ip())
        return self._finding(Outcome.GOOD, "", origin, targets)

    def _judge_down(self, judge: Judge) -> Verdict:
        same_kind = self._judges.tls if judge.place.is_tls else self._judges.plain
        return Verdict(
            Outcome.POSTPONED,
            "judge_down",
            at_once=any(other.up for other in same_kind if other is not judge),
        )

    async def _forgive_https(self, began: float) -> None:
        """Hold nothing against the proxy that a TLS judge which went down explains."""
        for failure in (self.failures.get(Protocol.CONNECT), self._https_failure):
            if failure is None or not failure.may_be_the_judges or failure.judge is None:
                continue
            judge = failure.judge
            if not judge.place.is_tls:
                continue
            was_up = await _was_up(judge, began)
            if was_up and self._was_good and Protocol.CONNECT in self._hint:
                judge.note_missed()
            if not was_up or judge.is_doubted:
                self.tried.pop(Protocol.CONNECT, None)
                self.failures.pop(Protocol.CONNECT, None)
                self._https_failure = None
                return

    def _finding(
        self,
        outcome: Outcome,
        reason: str,
        origin: Origin = UNKNOWN,
        targets: dict[str, TargetVerdict] | None = None,
    ) -> Verdict:
        first = next(iter(self.carried.values())) if self.carried else None
        https_reason = self._https_reason()
        return Verdict(
            outcome,
            reason,
            protocols=tuple(sorted(self.carried, key=PREFERENCE.index)),
            tried=tuple(self.tried),
            https=self.https,
            https_reason=https_reason,
            https_checked=self.https or https_reason != "",
            anonymous=self._anonymity.value if self.carried else "",
            exit_ip=self._exit_ip(),
            region=origin.country,
            asn=origin.asn,
            as_name=origin.as_name,
            latency_ms=round(first.total_s * 1000) if first else 0,
            connect_ms=round(first.connect_s * 1000) if first else 0,
            failures={name.value: failure.reason for name, failure in self.failures.items()},
            targets=targets or {},
        )

    def _exit_ip(self) -> str:
        """As a judge with TLS saw it, if one did: the proxy cannot have changed that answer."""
        sights = [carried.sight.ip for carried in self.carried.values()]
        verified = [one.sight.ip for one in self.carried.values() if one.judge.place.is_tls]
        return next(iter((*verified, *sights)), "")

    def _https_reason(self) -> str:
        """Why https is not carried; empty where it is, and where nothing was found out."""
        if self.https:
            return ""
        if not self._judges.tls:
            return "no_judge"
        failure = self._https_failure or self.failures.get(Protocol.CONNECT)
        return failure.reason if failure is not None else ""

    def _telling_reason(self) -> str:
        """Of several failures the one that says most."""
        # In the order in which they are tried: a quick misunderstanding is not the first word.
        order = dict.fromkeys((*self._hint, *PREFERENCE))
        failures = [self.failures[name] for name in order if name in self.failures]
        reasons = [failure.reason for failure in failures]
        locked = next((reason for reason in reasons if reason in _LOCKED), None)
        if locked is not None:
            return locked
        if reasons[0] in _VAGUE or failures[0].is_foreign:
            socks = (self.failures[name].reason for name in SOCKS if name in self.failures)
            return next((reason for reason in socks if reason not in FOREIGN | _VAGUE), reasons[0])
        return reasons[0]


async def _was_up(judge: Judge, began: float) -> bool:
    return await judge.was_up(began, asyncio.get_running_loop().time())
