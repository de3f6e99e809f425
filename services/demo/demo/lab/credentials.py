"""Basic (RFC 7617) and Bearer (RFC 6750). The password is for all to read: it guards nothing."""

import secrets
from base64 import b64encode
from collections import OrderedDict

from demo.lab.exchange import JSON, Endpoint, Exchange, RefusalError

USERNAME, PASSWORD = "learner", "open sesame"
_BASIC = "Basic " + b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
_USES = 2
_MAX_TOKENS = 1000


class Credentials:
    """Gives tokens, and knows how often each may still be used; the oldest are forgotten."""

    def __init__(self) -> None:
        self._uses_left: OrderedDict[str, int] = OrderedDict()

    async def basic(self, exchange: Exchange) -> None:
        """wants Basic credentials: learner, `open sesame`"""
        self._check(exchange)
        await exchange.answer_json({"user": USERNAME})

    async def token(self, exchange: Exchange) -> None:
        """gives a token, for the same credentials, that is good for two requests"""
        self._check(exchange)
        token = secrets.token_urlsafe(24)
        self._uses_left[token] = _USES
        if len(self._uses_left) > _MAX_TOKENS:
            self._uses_left.popitem(last=False)
        await exchange.answer_json({"access_token": token, "token_type": "Bearer"})

    async def private(self, exchange: Exchange) -> None:
        """wants such a token: `Authorization: Bearer …`"""
        scheme, _, token = exchange.headers.get("authorization", "").partition(" ")
        if not token:
            raise RefusalError(401, "a token is needed", WWW_Authenticate='Bearer realm="lab"')
        left = self._uses_left.get(token, 0) if scheme.lower() == "bearer" else 0
        if not left:
            invalid = 'Bearer realm="lab", error="invalid_token"'
            headers = {"WWW-Authenticate": invalid}
            await exchange.answer('{"error": "invalid_token"}\n', 401, JSON, headers)
            return
        self._uses_left[token] = left - 1
        await exchange.answer_json({"user": USERNAME, "uses_left": left - 1})

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Its paths."""
        return (
            Endpoint("/auth/basic", self.basic),
            Endpoint("/auth/token", self.token, ("POST",)),
            Endpoint("/auth/private", self.private),
        )

    @staticmethod
    def _check(exchange: Exchange) -> None:
        if exchange.headers.get("authorization") != _BASIC:
            why = "wrong or no credentials"
            raise RefusalError(401, why, WWW_Authenticate='Basic realm="lab", charset="UTF-8"')
