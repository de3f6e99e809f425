"""Faults on purpose: how the gateway misbehaves where it is asked to, for tests of merchants."""

from dataclasses import dataclass
from enum import StrEnum

MAX_SECONDS = 120.0
MAX_COUNT = 100


class Fault(StrEnum):
    """What goes wrong. Those of a payment begin with `notify`, those of an answer with `answer`."""

    TWICE = "notify-twice"
    LATE = "notify-late"
    BEFORE_RETURN = "notify-before-return"
    WRONG_SIGNATURE = "notify-wrong-signature"
    WRONG_AMOUNT = "notify-wrong-amount"
    WRONG_APP = "notify-wrong-app"
    WRONG_SELLER = "notify-wrong-seller"
    NEVER = "notify-never"
    ANSWER_HANGS = "answer-hangs"
    ANSWER_WRONG_SIGNATURE = "answer-wrong-signature"
    ANSWER_FAILS = "answer-fails"


EXPLAINED: dict[Fault, str] = {
    Fault.TWICE: "the notification is sent twice, with the same notify_id",
    Fault.LATE: "the notification is sent so many seconds after the payment",
    Fault.BEFORE_RETURN: "the browser returns only after the first notification was answered, or "
    "could not be delivered",
    Fault.WRONG_SIGNATURE: "the notification's signature is another text's",
    Fault.WRONG_AMOUNT: "the notification tells another amount, rightly signed",
    Fault.WRONG_APP: "the notification tells another app_id, rightly signed",
    Fault.WRONG_SELLER: "the notification tells another seller_id, rightly signed",
    Fault.NEVER: "no notification is sent",
    Fault.ANSWER_HANGS: "what a merchant asks is done, and answered so many seconds later",
    Fault.ANSWER_WRONG_SIGNATURE: "what a merchant asks is done, and the answer's signature is "
    "another text's",
    Fault.ANSWER_FAILS: "what a merchant asks is not done; the answer is 20000 isp.unknown-error",
}
OF_PAYMENTS = tuple(fault for fault in Fault if fault.value.startswith("notify-"))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A fault, and how long it takes where it takes time."""

    fault: Fault | None
    seconds: float


NONE = Chosen(None, 0)


@dataclass(slots=True)
class _Armed:
    chosen: Chosen
    count: int


class Faults:
    """What is to go wrong next: one fault of payments, and one of answers."""

    def __init__(self) -> None:
        self._armed: dict[bool, _Armed] = {}

    def arm(self, fault: Fault, count: int, seconds: float) -> None:
        """Let the next `count` payments or answers go wrong; 0 disarms."""
        of_payments = fault in OF_PAYMENTS
        if count:
            self._armed[of_payments] = _Armed(Chosen(fault, seconds), count)
        else:
            self._armed.pop(of_payments, None)

    def next(self, *, of_payments: bool) -> Chosen:
        """What goes wrong with this payment, or this answer."""
        armed = self._armed.get(of_payments)
        if armed is None:
            return NONE
        armed.count -= 1
        if not armed.count:
            del self._armed[of_payments]
        return armed.chosen

    def told(self) -> list[dict[str, object]]:
        """What is armed."""
        return [
            {
                "fault": armed.chosen.fault,
                "count": armed.count,
                "seconds": armed.chosen.seconds,
            }
            for armed in self._armed.values()
        ]


def read_seconds(text: str) -> float:
    """How long a fault takes. Raises ValueError."""
    seconds = float(text)
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError(text)
    return seconds


def read_count(text: str) -> int:
    """How often a fault happens. Raises ValueError."""
    count = int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else -1
    if not 0 <= count <= MAX_COUNT:
        raise ValueError(text)
    return count
