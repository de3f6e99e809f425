"""Who may make which call: trusted addresses, accounts, and browsers that others' pages steer."""

import binascii
from base64 import b64decode
from http import HTTPStatus
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from proxypool.accounts import Accounts
from proxypool.api.errors import RefusedError, error_response
from proxypool.api.limits import Buckets, too_many
from proxypool.callers import Caller, Callers
from proxypool.problems import Problem
from proxypool.settings import Settings

_OPEN = ("/healthz", "/readyz")
_OPEN_FOLDERS = ("/assets/", "/docs-assets/")
_CHANGES = ("/pop/", "/delete/")
_V2 = "/api/v2/"
_OF_PEOPLE = ("/api/v2/requests",)
"""What tells of clients and not of proxies."""
_SAFE_METHODS = ("GET", "HEAD")

_RATE_PERIOD_S = 10.0
_FAILED_LOGINS = 10
_FAILED_PERIOD_S = 60.0
_CHALLENGES = (
    (b"www-authenticate", b'Basic realm="proxy pool", charset="UTF-8"'),
    (b"www-authenticate", b'Bearer realm="proxy pool"'),
)


class Credentials(NamedTuple):
    """What a caller gave: a name and a password, or an API key alone (`name` empty)."""

    name: str
    secret: str


class Guard:
    """Lets a request through, or answers 401, 403 or 429.

    It leaves `caller` (Caller) and `account` (a name or empty) in the request's state.
    """

    def __init__(self, app: ASGIApp, settings: Settings, accounts: Accounts) -> None:
        self._app = app
        self._accounts = accounts
        self._required_for = settings.auth_required_for
        self._callers = Callers(settings.trusted_callers, settings.edge_networks)
        self._limit = settings.rate_limit
        self._rates = Buckets(settings.rate_limit, _RATE_PERIOD_S)
        self._failures = Buckets(_FAILED_LOGINS, _FAILED_PERIOD_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not _is_open(scope["path"]):
            try:
                self._pass(scope)
            except RefusedError as error:
                await _answer(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _pass(self, scope: Scope) -> None:
        """Raises RefusedError where the request may not pass."""
        caller = self._callers.of(scope)
        changes = changes_state(scope)
        if changes:
            _refuse_other_sites(scope)
        account = "" if caller.trusted else self._account(scope, caller, changes)
        state = scope.setdefault("state", {})
        state["caller"], state["account"] = caller, account

    def _account(self, scope: Scope, caller: Caller, changes: bool) -> str:
        """The account of a caller that is not trusted; empty where none is needed."""
        account = ""
        if self._accounts:
            credentials = credentials_of(scope)
            if credentials is not None:
                account = self._verified(credentials, caller)
        # An account has its share from wherever it calls; all else counts by address.
        key = f"account {account}" if account else f"address {caller.limited_as}"
        if wait_s := self._rates.take(key):
            limit = f"at most {self._limit} requests in {_RATE_PERIOD_S:g} s"
            raise too_many("requests", limit, wait_s)
        if not account and self._needed(scope["path"], changes):
            raise self._unknown(caller)
        return account

    def _verified(self, credentials: Credentials, caller: Caller) -> str:
        # While an address has failed too often, right ones are not looked at either: an answer
        # would tell which they are.
        if wait_s := self._failures.wait_s(caller.limited_as):
            raise too_many("credentials", f"at most {_FAILED_LOGINS} wrong ones a minute", wait_s)
        if not credentials.name:
            account = self._accounts.name_of(credentials.secret)
        else:
            right = self._accounts.verify(credentials.name, credentials.secret)
            account = credentials.name if right else None
        if account is None:
            self._failures.take(caller.limited_as)
            advice = "correct them, or ask the pool's operator for an account"
            raise _unauthorized(Problem("credentials", "those of an account", "others", advice))
        return account

    def _needed(self, path: str, changes: bool) -> bool:
        if path == "/":
            # The page holds no data: it asks for a key itself, where one of its calls needs it.
            return False
        guarded = changes or path in _OF_PEOPLE
        return self._required_for == "all" or (guarded and self._required_for == "changes")

    def _unknown(self, caller: Caller) -> RefusedError:
        if self._accounts:
            advice = "give a name and a password (Basic), or an API key (Bearer or X-API-Key)"
            return _unauthorized(Problem("credentials", "those of an account", "none", advice))
        return RefusedError(
            Problem(
                "caller",
                "a caller listed in TRUSTED_CALLERS",
                caller.address[:80] or "no address",
                "call from the pool's own host, or have its operator trust your address "
                "(TRUSTED_CALLERS) or give you an account (ACCOUNTS_FILE)",
            ),
            HTTPStatus.FORBIDDEN,
        )


def changes_state(scope: Scope) -> bool:
    """Whether the call takes proxies out, puts them in or sends something to others."""
    if scope["path"].startswith(_V2):
        return scope["method"] not in _SAFE_METHODS
    return scope["path"] in _CHANGES


def credentials_of(scope: Scope) -> Credentials | None:
    """What the caller gave in Authorization (Basic, Bearer) or X-API-Key, or None for nothing.

    Raises RefusedError (401) for what cannot be read.
    """
    authorization = key = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value
        elif name == b"x-api-key":
            key = value
    if authorization is None:
        return None if key is None else Credentials("", _text(key))
    scheme, _, parameter = authorization.partition(b" ")
    if scheme.lower() == b"bearer":
        return Credentials("", _text(parameter.strip()))
    if scheme.lower() != b"basic":
        raise _unauthorized(Problem("Authorization", "Basic or Bearer", "another", "use one"))
    try:
        pair = b64decode(parameter.strip(), validate=True)
    except (binascii.Error, ValueError):
        pair = b""
    user, colon, password = pair.partition(b":")
    if not colon or not user:
        problem = Problem("Authorization", "Basic with name:password in base64", "else", "correct")
        raise _unauthorized(problem)
    return Credentials(_text(user), _text(password))


def _text(value: bytes) -> str:
    # RFC 7617 asks for UTF-8 where a charset is announced; requests sends Latin-1.
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(_OPEN_FOLDERS)


def _refuse_other_sites(scope: Scope) -> None:
    """A page of another site that a trusted person's browser has open must change nothing."""
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
            problem = Problem("Origin", "the pool's own", ascii(found[:80]), "call it yourself")
            raise RefusedError(problem, HTTPStatus.FORBIDDEN)


def _unauthorized(problem: Problem) -> RefusedError:
    return RefusedError(problem, HTTPStatus.UNAUTHORIZED)


def _answer(error: RefusedError) -> Response:
    response = error_response(error.status_code, error.problem, dict(error.headers or {}))
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        response.raw_headers.extend(_CHALLENGES)
    # The body of a refused request is not read: the connection cannot be used again.
    return response
