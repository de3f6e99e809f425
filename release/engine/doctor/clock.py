"""The clock: signatures, tokens and certificates are refused where it is wrong."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

from engine.doctor.finding import ATTENTION, OK, Finding
from engine.doctor.look import Look

# adjtimex(2): what is returned, and the bit in `status`, where nothing keeps the clock right.
TIME_ERROR = 5
STA_UNSYNC = 0x0040


class Timex(ctypes.Structure):
    """The beginning of struct timex (adjtimex(2)); the rest of its 208 bytes is not looked at."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock(look: Look) -> Iterator[Finding]:
    """Whether the kernel's clock is kept right by something, such as chrony."""
    found = Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(found))
    if state < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")
    yield judge(state, found.status)


def judge(state: int, status: int) -> Finding:
    """What adjtimex(2) answered."""
    if state == TIME_ERROR or status & STA_UNSYNC:
        return Finding(
            "clock",
            ATTENTION,
            "nothing keeps the clock right",
            "install chrony and let it reach a time server: chronyc tracking",
        )
    return Finding("clock", OK, "it is kept right")
