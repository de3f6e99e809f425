"""Whose a call of `/api/` is: Basic credentials of an account, from everybody."""

import binascii
from base64 import b64decode
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from shortlink.accounts import Accounts
from shortlink.api.errors import RefusedError, refusal, too_many
from shortlink.callers import Callers
from shortlink.limits import Limit, Limits
from shortlink.problems import Problem

_PREFIX = "/api/"
_SAFE_METHODS = ("GET", "HEAD")
_FAILED_LOGINS = Limit("logins", 10, 60)
_WINDOW_S = 60
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="short links", charset="UTF-8"'}


class Owners:
    """Lets a call through with its account in the state's `owner`, or answers 401, 403 or 429."""

    def __init__(
        self, app: ASGIApp, accounts: Accounts, callers: Callers, limits: Limits, rate_limit: int
    ) -> None:
        self._app = app
        self._accounts = accounts
        self._callers = callers
        self._limits = limits
        self._calls = Limit("calls", rate_limit, _WINDOW_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(_PREFIX):
            try:
                scope.setdefault("state", {})["owner"] = await self._owner(scope)
            except RefusedError as error:
                await refusal(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _owner(self, scope: Scope) -> str:
        """The caller's account. Raises RefusedError."""
        if scope["method"] not in _SAFE_METHODS:
            _refuse_other_sites(scope)
        caller = self._callers.of(scope)
        given = _credentials(scope)
        wrong = isinstance(given, tuple) and not self._accounts.verify(*given)
        # Decided by one step in Redis after they were looked at: of many that come at once no more
        # are answered than one after another. While an address has failed too often right ones are
        # refused, too: an answer would tell which they are.
        decide = self._limits.take if wrong else self._limits.wait_s
        if wait_s := await decide(_FAILED_LOGINS, caller):
            raise too_many("credentials", f"{_FAILED_LOGINS} that are wrong", wait_s)
        if isinstance(given, RefusedError):
            raise given
        if wrong:
            raise _unauthorized("others", "correct them, or ask the operator for an account")
        name, _ = given
        if wait_s := await self._limits.take(self._calls, name):
            raise too_many("calls", self._calls, wait_s)
        return name


def _credentials(scope: Scope) -> tuple[str, str] | RefusedError:
    """A name and a password (RFC 7617), or why there are none."""
    authorization = next(
        (value for name, value in scope["headers"] if name == b"authorization"), None
    )
    if authorization is None:
        return _unauthorized("none", "give an account's name and password (Basic)")
    scheme, _, parameter = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return _unauthorized("another scheme", "use Basic")
    try:
        pair = b64decode(parameter.strip(), validate=True)
    except (binascii.Error, ValueError):
        pair = b""
    name, colon, password = pair.partition(b":")
    if not colon or not name:
        return _unauthorized("something else", "send name:password in base64")
    return _text(name), _text(password)


def _text(value: bytes) -> str:
    # RFC 7617 asks for UTF-8 where a charset is announced; some clients send Latin-1.
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _refuse_other_sites(scope: Scope) -> None:
    """A page of another site must change nothing with credentials that a browser remembers."""
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site", b"none").decode("latin-1")
    if site not in ("none", "same-origin"):
        problem = Problem("Sec-Fetch-Site", "same-origin or none", site[:80], "call it yourself")
        raise RefusedError(problem, HTTPStatus.FORBIDDEN)
    # Over plain HTTP browsers leave Sec-Fetch-Site out, but they name the origin of such calls.
    origin = headers.get(b"origin")
    if origin is not None:
        found = origin.decode("latin-1")
        if found.partition("://")[2].lower() != headers.get(b"host", b"").decode("latin-1").lower():
            problem = Problem("Origin", "the service's own", ascii(found[:80]), "call it yourself")
            raise RefusedError(problem, HTTPStatus.FORBIDDEN)


def _unauthorized(found: str, advice: str) -> RefusedError:
    problem = Problem("credentials", "those of an account", found, advice)
    return RefusedError(problem, HTTPStatus.UNAUTHORIZED, _CHALLENGE)
