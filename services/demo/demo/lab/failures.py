"""Fails a number of times and then works: for those who try again."""

from collections import OrderedDict

from demo.lab.exchange import JSON, Endpoint, Exchange, RefusalError

_MAX_KEYS = 1000


class Failures:
    """Counts the attempts under each key; the oldest keys are forgotten."""

    def __init__(self) -> None:
        self._attempts: OrderedDict[str, int] = OrderedDict()

    async def flaky(self, exchange: Exchange) -> None:
        """`?key=` fails its first `?failures=` requests with 503, or 429 and `?retry_after=`"""
        key = exchange.query.get("key", "")
        if not 1 <= len(key) <= 64:
            raise RefusalError(400, f"key: expected 1 to 64 characters; found {len(key)}")
        failures = exchange.number_of("failures", 2, 100)
        retry_after = exchange.number_of("retry_after", 0, 60)
        attempt = self._attempts[key] = self._attempts.pop(key, 0) + 1
        if len(self._attempts) > _MAX_KEYS:
            self._attempts.popitem(last=False)
        if attempt > failures:
            await exchange.answer_json({"attempt": attempt})
            return
        headers = {"Retry-After": str(retry_after)} if retry_after else {}
        content = f'{{"attempt": {attempt}}}\n'
        await exchange.answer(content, 429 if retry_after else 503, JSON, headers)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Its one path."""
        return (Endpoint("/flaky", self.flaky, ("GET", "HEAD", "POST", "PUT", "DELETE")),)
