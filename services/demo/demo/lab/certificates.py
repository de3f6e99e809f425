"""The lab's certificates: one for a name that is not its own, and an old one; none is trusted."""

import ssl
from datetime import timedelta

from demo.certificates import Authority

NAME, EXPIRED_NAME = "lab.test", "expired.test"


def lab_context(authority: Authority) -> ssl.SSLContext:
    """Answers as `lab.test`, and who asks for `expired.test` (SNI) with an expired certificate."""
    context = authority.context(NAME)
    expired = authority.context(EXPIRED_NAME, valid_for=-timedelta(hours=1))

    def choose(
        handshake: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext
    ) -> None:
        if name == EXPIRED_NAME:
            handshake.context = expired

    context.sni_callback = choose
    return context
