"""Locks that notice a deadlock before they take part in it."""

from __future__ import annotations

import threading
from types import TracebackType


class DeadlockError(Exception):
    """Waiting for this lock would never end; names the threads, and what each holds and wants."""


class Watch:
    """Who holds which lock, and who waits for which.

    A thread that is about to wait follows the chain: the lock's owner, what that one waits for, its
    owner … A chain that comes back to the thread itself is a deadlock, whatever its length.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._owner: dict[str, str] = {}
        self._wants: dict[str, str] = {}

    def wait(self, lock: str) -> None:
        """The current thread is about to wait. Raises DeadlockError where that never ends."""
        me = threading.current_thread().name
        with self._mutex:
            chain, wanted = [(me, lock)], lock
            while owner := self._owner.get(wanted):
                if owner == me:
                    raise DeadlockError(
                        "; ".join(f"{who} waits for {what}" for who, what in chain)
                        + f", which {me} holds"
                    )
                if owner not in self._wants:
                    break
                wanted = self._wants[owner]
                chain.append((owner, wanted))
            self._wants[me] = lock

    def got(self, lock: str) -> None:
        """The current thread waits no more."""
        me = threading.current_thread().name
        with self._mutex:
            del self._wants[me]
            self._owner[lock] = me

    def let_go(self, lock: str) -> None:
        """Nobody holds it any more."""
        with self._mutex:
            del self._owner[lock]


class WatchedLock:
    """A mutex under a watch."""

    def __init__(self, name: str, watch: Watch) -> None:
        self.name = name
        self._watch = watch
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._watch.wait(self.name)
        self._lock.acquire()
        self._watch.got(self.name)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watch.let_go(self.name)
        self._lock.release()
