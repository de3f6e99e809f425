"""Whether what runs is what was recorded, and who else has a hand in it."""

from __future__ import annotations

from collections.abc import Iterator

from engine import audit, hold, maintenance
from engine.compare import compare
from engine.doctor.finding import ATTENTION, BROKEN, OK, Finding
from engine.doctor.look import Look
from engine.resolve import is_intact


def drift(look: Look) -> Iterator[Finding]:
    """Compare the host with its own release; look at the audit log and at the lock."""
    if not is_intact(look.layout.release(look.release)):
        says = f"files of release {look.release} were changed or are missing"
        yield Finding("drift", BROKEN, says, "fab deploy writes them again")
    else:
        reasons = compare(look.layout, look.incoming, look.client).reasons
        for reason in reasons:
            yield Finding("drift", ATTENTION, reason, "fab deploy puts it right")
        if not reasons:
            yield Finding("drift", OK, f"release {look.release} runs as it was recorded")
    _, doubtful = audit.read(look.layout)
    if doubtful is not None:
        says = f"{look.layout.audit}: line {doubtful} was changed, or lines before it are missing"
        yield Finding("audit", ATTENTION, says, "find out who did that: fab audit --tail 0")
    closed = maintenance.state(look.layout)
    if closed:
        says = f"maintenance is {maintenance.describe(closed)}"
        yield Finding("maintenance", ATTENTION, says, "fab maintenance off")
    held = hold.holder(look.layout)
    if held:
        yield Finding("lock", ATTENTION, f"locked: {hold.describe(held)}", "fab unlock")
